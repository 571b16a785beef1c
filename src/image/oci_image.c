/* oci_image.c - which image of a layout or a docker archive is meant, and what it consists of
 *
 * An OCI layout is a tree of JSON files: index.json, which may have further
 * indexes below it, one for each platform, then a manifest, then a configuration.
 * Each names the next by its sum. In a docker archive manifest.json is a list of
 * images, and names files. Newer Dockers write both; the layout is then taken,
 * because it tells of platforms.
 */
#include "image/oci_image.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define ARCHITECTURE "amd64" /* as Go calls the processor of qemu/arch_x86_64.c */
#define NAME_SHOWN	 120 /* bytes of an image's name that are told */

/**
 * struct search - The search for an image
 * @found:	The first that will do
 * @count:	How many different ones will do
 * @names:	Theirs, for a message
 * @others:	Platforms of those that will not do, for a message
 * @seen:	Descriptors looked at
 */
struct search {
	const struct oci_files *files;
	struct oci_image *found;
	size_t count, seen;
	struct buf names, others;
};

static int fail(const struct search *s, struct err *err)
{
	return err_wrap(err, "cannot use '%s'", s->files->name);
}

/* Digits of "sha256:...", a name that may stand in a path, or NULL. */
static const char *digest_hex(const char *digest)
{
	static const char prefix[] = "sha256:";

	if (!digest || strncmp(digest, prefix, sizeof(prefix) - 1) != 0)
		return NULL;
	digest += sizeof(prefix) - 1;
	return strlen(digest) == SHA256_HEX - 1 && strspn(digest, "0123456789abcdef") == SHA256_HEX - 1 ? digest : NULL;
}

/* Read a JSON file. @want: its sum, or NULL; @sum: set to it. Return: the value, to be freed, or NULL. */
static struct json *read_json(const struct search *s, const char *path, const char *want, char sum[SHA256_HEX],
			      struct err *err)
{
	cleanup_buf struct buf text = {0};
	struct sha256 all;
	struct json *j;

	if (oci_files_read(s->files, path, OCI_JSON_MAX, &text, err) < 0)
		return NULL;
	sha256_init(&all);
	sha256_add(&all, buf_str(&text), text.len);
	sha256_hex(&all, sum);
	if (want && strcmp(sum, want) != 0) {
		err_set(err, "'%s' is damaged: the SHA-256 of '%s' is %s", s->files->name, path, sum);
		err_hint(err, "save, copy or download it again");
		return NULL;
	}
	j = json_parse(buf_str(&text), text.len, err);
	if (!j) {
		err_wrap(err, "'%s'", path);
		fail(s, err);
	}
	return j;
}

static char *blob_path(const char *hex)
{
	return xasprintf("blobs/sha256/%s", hex);
}

/* ---- what will do ---- */

static void add_name(struct buf *list, const char *name)
{
	cleanup_buf struct buf clean = {0};

	text_clean(&clean, name, strnlen(name, NAME_SHOWN));
	if (list->len > 4 * NAME_SHOWN || (list->len && strstr(list->data, buf_str(&clean))))
		return;
	buf_addf(list, "%s%s", list->len ? ", " : "", buf_str(&clean));
}

/* @j has "os" and "architecture", or lacks what nobody has written down. Return: whether that is what runs here. */
static bool platform_fits(struct search *s, const struct json *j)
{
	const char *os = json_text(j, "os"), *architecture = json_text(j, "architecture");
	cleanup_free char *both = xasprintf("%s/%s", os ? os : "linux", architecture ? architecture : ARCHITECTURE);

	if (strcmp(both, "linux/" ARCHITECTURE) == 0)
		return true;
	if (strcmp(both, "unknown/unknown") != 0) /* attestations of how an image was built */
		add_name(&s->others, both);
	return false;
}

/* Take the sums of the layers from the configuration. */
static int sums_take(struct oci_image *i, struct err *err)
{
	const struct json *sums = json_get(i->config, "rootfs.diff_ids");
	size_t n = 0;

	i->sums = xcalloc(i->nlayers + 1, sizeof(*i->sums));
	for (const struct json *j = sums ? sums->child : NULL; j; j = j->next, n++) {
		const char *hex = j->kind == JSON_STRING ? digest_hex(j->text) : NULL;

		if (!hex)
			return err_set(err, "the sum of layer %zu is not a SHA-256", n + 1);
		if (n < i->nlayers)
			i->sums[n] = hex;
	}
	if (n != i->nlayers)
		return err_set(err, "it has %zu layers, and %zu sums of them", i->nlayers, n);
	return 0;
}

/* An image with a configuration that was read. @i is handed over. */
static int image_take(struct search *s, struct oci_image *i, const char *name, struct err *err)
{
	cleanup_oci_image struct oci_image mine = *i;

	*i = (struct oci_image){.nlayers = 0};
	if (!platform_fits(s, mine.config))
		return 0;
	if (s->count && strcmp(s->found->sum, mine.sum) == 0)
		return 0;
	add_name(&s->names, name ? name : mine.sum);
	if (s->count++)
		return 0;
	if (sums_take(&mine, err) < 0)
		return fail(s, err);
	*s->found = mine;
	mine = (struct oci_image){.nlayers = 0};
	return 0;
}

static int layer_add(const struct search *s, struct oci_image *i, char *path, struct err *err)
{
	if (i->nlayers == OCI_LAYERS_MAX) {
		free(path);
		err_set(err, "it has more than %d layers", OCI_LAYERS_MAX);
		return fail(s, err);
	}
	i->layers[i->nlayers++] = path;
	return 0;
}

/* ---- OCI layouts ---- */

static int digest_missing(const struct search *s, const char *what, struct err *err)
{
	err_set(err, "%s has no SHA-256 as its digest", what);
	return fail(s, err);
}

static int manifest_read(struct search *s, const struct json *manifest, const char *name, struct err *err)
{
	const char *hex = digest_hex(json_text(manifest, "config.digest"));
	cleanup_free char *path = hex ? blob_path(hex) : NULL;
	cleanup_oci_image struct oci_image i = {.layers = xcalloc(OCI_LAYERS_MAX, sizeof(char *))};
	const struct json *layers = json_get(manifest, "layers");

	if (!hex)
		return digest_missing(s, "a configuration", err);
	i.config = read_json(s, path, hex, i.sum, err);
	if (!i.config)
		return -1;
	if (!json_get(i.config, "rootfs"))
		return 0; /* an artifact: a signature, a chart */
	for (const struct json *l = layers->child; l; l = l->next) {
		const char *layer = digest_hex(json_text(l, "digest"));

		if (!layer)
			return digest_missing(s, "a layer", err);
		if (layer_add(s, &i, blob_path(layer), err) < 0)
			return -1;
	}
	return image_take(s, &i, name, err);
}

static const char *annotation(const struct json *descriptor, const char *key)
{
	const struct json *all = json_get(descriptor, "annotations");

	for (const struct json *a = all && all->kind == JSON_OBJECT ? all->child : NULL; a; a = a->next)
		if (strcmp(a->key, key) == 0 && a->kind == JSON_STRING)
			return a->text;
	return NULL;
}

static const char *name_of(const struct json *descriptor, const char *above)
{
	const char *name = annotation(descriptor, "io.containerd.image.name");

	name = name ? name : annotation(descriptor, "org.opencontainers.image.ref.name");
	return name ? name : above;
}

static int index_read(struct search *s, const struct json *index, const char *name, int depth, struct err *err);

static int descriptor_read(struct search *s, const struct json *d, const char *name, int depth, struct err *err)
{
	const struct json *platform = json_get(d, "platform");
	const char *hex = digest_hex(json_text(d, "digest"));
	cleanup_free char *path = hex ? blob_path(hex) : NULL;
	char sum[SHA256_HEX];
	struct json *j;
	int r = 0;

	if (platform && !platform_fits(s, platform))
		return 0;
	if (!hex)
		return digest_missing(s, "an entry of its index", err);
	j = read_json(s, path, hex, sum, err);
	if (!j)
		return -1;
	if (json_get(j, "manifests"))
		r = index_read(s, j, name_of(d, name), depth + 1, err);
	else if (json_get(j, "layers"))
		r = manifest_read(s, j, name_of(d, name), err);
	json_free(j);
	return r;
}

static int index_read(struct search *s, const struct json *index, const char *name, int depth, struct err *err)
{
	const struct json *list = json_get(index, "manifests");

	if (depth > OCI_DEPTH_MAX) {
		err_set(err, "its indexes are more than %d deep", OCI_DEPTH_MAX);
		return fail(s, err);
	}
	for (const struct json *d = list ? list->child : NULL; d; d = d->next) {
		if (++s->seen > OCI_DESCRIPTORS_MAX) {
			err_set(err, "there are more than %d entries in its indexes", OCI_DESCRIPTORS_MAX);
			return fail(s, err);
		}
		if (descriptor_read(s, d, name, depth, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- docker archives ---- */

static int docker_read(struct search *s, const struct json *entry, struct err *err)
{
	const char *path = json_text(entry, "Config");
	const struct json *layers = json_get(entry, "Layers"), *tags = json_get(entry, "RepoTags");
	cleanup_oci_image struct oci_image i = {.layers = xcalloc(OCI_LAYERS_MAX, sizeof(char *))};
	cleanup_free char *stem = NULL;

	if (!path || !layers) {
		err_set(err, "an image in its manifest.json has no configuration, or no layers");
		return fail(s, err);
	}
	/* It is called by its sum: "SUM.json", or "blobs/sha256/SUM". */
	stem = xasprintf("sha256:%.64s", strrchr(path, '/') ? strrchr(path, '/') + 1 : path);
	i.config = read_json(s, path, digest_hex(stem), i.sum, err);
	if (!i.config)
		return -1;
	for (const struct json *l = layers->child; l; l = l->next)
		if (layer_add(s, &i, xstrdup(l->kind == JSON_STRING ? l->text : ""), err) < 0)
			return -1;
	return image_take(s, &i, tags && tags->child ? tags->child->text : NULL, err);
}

static int docker_list(struct search *s, const struct json *list, struct err *err)
{
	for (const struct json *e = list->kind == JSON_ARRAY ? list->child : NULL; e; e = e->next) {
		if (++s->seen > OCI_DESCRIPTORS_MAX) {
			err_set(err, "there are more than %d images in it", OCI_DESCRIPTORS_MAX);
			return fail(s, err);
		}
		if (docker_read(s, e, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the choice ---- */

static int search(struct search *s, struct err *err)
{
	bool layout = oci_files_have(s->files, "oci-layout") && oci_files_have(s->files, "index.json");
	char sum[SHA256_HEX];
	struct json *j = read_json(s, layout ? "index.json" : "manifest.json", NULL, sum, err);
	int r;

	if (!j)
		return -1;
	r = layout ? index_read(s, j, NULL, 1, err) : docker_list(s, j, err);
	json_free(j);
	return r;
}

static int verdict(struct search *s, struct err *err)
{
	if (s->count == 1)
		return 0;
	if (s->count) {
		err_set(err, "there is more than one image in it: %s", buf_str(&s->names));
		return err_hint(err, "save one of them: docker save NAME >image.tar; skopeo copy oci:FOLDER:NAME docker-archive:image.tar");
	}
	err_set(err, "there is no image for linux/" ARCHITECTURE " in it%s%s", s->others.len ? ", but for " : "", buf_str(&s->others));
	return err_hint(err, "pull it for this processor: docker pull --platform=linux/" ARCHITECTURE " NAME");
}

int oci_image_choose(const struct oci_files *f, struct oci_image *out, struct err *err)
{
	struct search s = {.files = f, .found = out};
	struct err why = {0};
	int r;

	*out = (struct oci_image){.nlayers = 0};
	r = search(&s, err);
	if (r == 0 && verdict(&s, &why) < 0) {
		err_set(err, "cannot use '%s': %s", f->name, why.text);
		r = -1;
	}
	if (r < 0)
		oci_image_free(out);
	buf_free(&s.names);
	buf_free(&s.others);
	return r;
}

void oci_image_free(struct oci_image *i)
{
	for (size_t k = 0; k < i->nlayers; k++)
		free(i->layers[k]);
	free(i->layers);
	free(i->sums);
	json_free(i->config);
	*i = (struct oci_image){.nlayers = 0};
}
