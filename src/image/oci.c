/* oci.c - a container's image as a root: OCI layouts and the archives of docker save, as a tar or a folder
 *
 * Theory of operation
 *
 * 1. oci_files.c finds files by name in the tar or the folder; oci_image.c the one
 *    image that is meant, and its configuration.
 * 2. Its layers are tars. Each is read into the same tree, the lowest first; the
 *    tree applies white-outs (tree_white_out()). The content goes to the image at
 *    once, also what a later layer hides: that takes room in the image and no time
 *    in a guest. Keeping it out would take a pass over all layers before.
 * 3. While a layer is read it is summed up, decompressed, and compared with the
 *    sum in the configuration, whose own sum is the key of the root. So the key
 *    costs no reading, a second run finds the root without reading a layer, and
 *    what is in the store is what the key says. The sums of compressed layers in a
 *    manifest are not looked at: they tell nothing more.
 *
 * A container's image has no kernel, and rarely an init. The guest gets the kit's
 * kernel, and the agent is its init; neither the entry point nor the command is
 * started: a test starts what it tests.
 */
#include "image/oci.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/oci_image.h"
#include "image/tar.h"

/* ---- what is one ---- */

/* What such archives have at their top: named so, or a folder or file that is called by a sum. */
static bool is_usual(const char *name)
{
	static const char *const names[] = {"blobs", "oci-layout", "index.json", "manifest.json", "repositories"};

	for (size_t k = 0; k < ARRAY_SIZE(names); k++)
		if (text_starts(name, names[k]) && strchr("/", name[strlen(names[k])]))
			return true;
	return strspn(name, "0123456789abcdef") == SHA256_HEX - 1;
}

bool oci_may_be(const void *head, size_t n)
{
	char name[TAR_FIRST_SIZE];

	return tar_first(head, n, name) && is_usual(name);
}

static bool has_folder(const struct oci_files *f, const char *name)
{
	cleanup_free char *path = NULL;

	if (!f->folder)
		return tree_find(&f->index, name, false) != NULL;
	path = path_join(f->folder, name);
	return file_exists(path);
}

bool oci_is(const struct oci_files *f)
{
	static const char *const usual[] = {"bin", "etc", "lib", "sbin", "usr"};

	for (size_t k = 0; k < ARRAY_SIZE(usual); k++)
		if (has_folder(f, usual[k]))
			return false;
	return oci_files_have(f, "manifest.json") || (oci_files_have(f, "oci-layout") && oci_files_have(f, "index.json"));
}

/* ---- what commands are run with ---- */

static void add_words(struct buf *out, const struct json *words)
{
	for (const struct json *w = words && words->kind == JSON_ARRAY ? words->child : NULL; w; w = w->next) {
		if (w->kind != JSON_STRING)
			continue;
		if (out->len)
			buf_addc(out, ' ');
		text_quote_shell(out, w->text);
	}
}

static void add_string(struct buf *run, const char *text)
{
	buf_add(run, text, strlen(text) + 1);
}

static void add_variable(struct buf *run, const char *name, const char *value)
{
	cleanup_free char *both = xasprintf("%s=%s", name, value);

	if (*value)
		add_string(run, both);
}

/* The image's variables, then ours of what is not started by itself. */
static int run_take(const struct json *config, struct buf *run, struct err *err)
{
	const char *folder = json_text(config, "config.WorkingDir"), *user = json_text(config, "config.User");
	const struct json *variables = json_get(config, "config.Env");
	cleanup_buf struct buf command = {0};

	add_string(run, folder && folder[0] == '/' ? folder : "/");
	for (const struct json *v = variables ? variables->child : NULL; v; v = v->next)
		if (v->kind == JSON_STRING && strchr(v->text, '=') > v->text)
			add_string(run, v->text);
	add_words(&command, json_get(config, "config.Entrypoint"));
	add_words(&command, json_get(config, "config.Cmd"));
	add_variable(run, "IMAGE_COMMAND", buf_str(&command));
	add_variable(run, "IMAGE_USER", user ? user : "");
	if (run->len > OCI_RUN_MAX)
		return err_set(err, "its environment and command have more than %u bytes", OCI_RUN_MAX);
	return 0;
}

/* Docker makes the working folder of a container that lacks it. */
static int folder_make(struct tree *t, const char *path, struct err *err)
{
	if (tree_find(t, path, true))
		return 0;
	if (!tree_put(t, path, tree_inode(t, S_IFDIR | 0755), err))
		return err_wrap(err, "its working folder");
	return 0;
}

/* ---- layers ---- */

/* @budget: bytes that layers may still become when they are decompressed. */
static int layer_load(const struct oci_files *f, const struct oci_image *i, size_t k, struct tree *t, struct erofs_writer *w,
		      uint64_t *budget, struct err *err)
{
	cleanup_free char *name = xasprintf("%s: layer %zu of %zu", f->name, k + 1, i->nlayers);
	cleanup_source struct source s = {.fd = -1};
	char sum[SHA256_HEX];
	struct sha256 all;

	if (oci_files_source(f, i->layers[k], &s, name, err) < 0)
		return -1;
	sha256_init(&all);
	s.sum = &all;
	s.limit = *budget;
	t->layer = (uint16_t)(k + 1);
	if (tar_load(&s, t, w, err) < 0)
		return -1;
	*budget -= source_is_packed(&s) ? s.offset : 0;
	sha256_hex(&all, sum);
	if (strcmp(sum, i->sums[k]) == 0)
		return 0;
	err_set(err, "'%s' is damaged: its SHA-256 is %s, not %s", name, sum, i->sums[k]);
	return err_hint(err, "save, copy or download the image again");
}

int oci_load(const struct oci_files *f, struct tree *t, struct erofs_writer *w, struct buf *run, struct err *err)
{
	cleanup_oci_image struct oci_image i = {.nlayers = 0};
	uint64_t budget = SOURCE_PACKED_MAX;

	if (oci_image_choose(f, &i, err) < 0)
		return -1;
	for (size_t k = 0; k < i.nlayers; k++)
		if (layer_load(f, &i, k, t, w, &budget, err) < 0)
			return -1;
	if (t->count == 0)
		return err_set(err, "'%s' has no files in it", f->name);
	if (run_take(i.config, run, err) < 0 || folder_make(t, run->data, err) < 0)
		return err_wrap(err, "cannot use '%s'", f->name);
	return 0;
}

int oci_key(struct sha256 *key, const struct oci_files *f, struct err *err)
{
	cleanup_oci_image struct oci_image i = {.nlayers = 0};

	if (oci_image_choose(f, &i, err) < 0)
		return -1;
	sha256_add_str(key, "a container's image");
	sha256_add_str(key, i.sum);
	return 0;
}
