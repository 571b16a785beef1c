/* oci.c - containers' images: layers on layers, the image that is meant, and what is wrong with one */
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "gzip_build.h"
#include "image/container.h"
#include "image/oci_image.h"
#include "tar_build.h"

#define CONFIG_HEAD "{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{%s},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":["

static char dir[32];

/* A layout on its way: blobs in a tar, layers of one image. */
struct layout {
	struct buf tar, sums, layers;
	char last[SHA256_HEX]; /* of the blob added last */
};

static const char *sum_of(const void *data, size_t n)
{
	static char hex[SHA256_HEX];
	struct sha256 s;

	sha256_init(&s);
	sha256_add(&s, data, n);
	sha256_hex(&s, hex);
	return hex;
}

static void add_file(struct buf *tar, const char *name, const void *data, size_t n)
{
	tar_build_head(tar, name, '0', 0644, "", n);
	tar_build_data(tar, data, n);
}

static void add_blob(struct layout *l, const void *data, size_t n)
{
	char name[100];

	memcpy(l->last, sum_of(data, n), SHA256_HEX);
	snprintf(name, sizeof(name), "blobs/sha256/%s", l->last);
	add_file(&l->tar, name, data, n);
}

static void add_text(struct layout *l, const char *text)
{
	add_blob(l, text, strlen(text));
}

/* A layer of files "NAME", each with its name as its content; a name may be "NAME=content". */
static void make_layer(struct buf *out, const char *const *names)
{
	for (; *names; names++) {
		const char *equals = strchr(*names, '=');
		cleanup_free char *name = xstrndup(*names, equals ? (size_t)(equals - *names) : strlen(*names));

		tar_build_file(out, name, equals ? equals + 1 : name);
	}
	tar_build_end(out);
}

static void note_layer(struct layout *l, const struct buf *plain)
{
	buf_addf(&l->sums, "%s\"sha256:%s\"", l->sums.len ? "," : "", sum_of(plain->data, plain->len));
}

static void add_layer(struct layout *l, const char *const *names, bool gzip)
{
	cleanup_buf struct buf plain = {0}, packed = {0};

	make_layer(&plain, names);
	if (gzip)
		gzip_build(&packed, plain.data, plain.len);
	add_blob(l, gzip ? packed.data : plain.data, gzip ? packed.len : plain.len);
	buf_addf(&l->layers, "%s{\"digest\":\"sha256:%s\"}", l->layers.len ? "," : "", l->last);
	note_layer(l, &plain);
}

#define LAYER(l, ...)	    add_layer(l, (const char *const[]){__VA_ARGS__, NULL}, false)
#define GZIP_LAYER(l, ...) add_layer(l, (const char *const[]){__VA_ARGS__, NULL}, true)

/* The configuration and manifest of the layers so far. Return: the manifest's sum, in @l->last. */
static void add_manifest(struct layout *l, const char *config)
{
	cleanup_buf struct buf text = {0};

	buf_addf(&text, CONFIG_HEAD, config);
	buf_addf(&text, "%s]}}", buf_str(&l->sums));
	add_text(l, text.data);
	buf_clear(&text);
	buf_addf(&text, "{\"config\":{\"digest\":\"sha256:%s\"},\"layers\":[%s]}", l->last, buf_str(&l->layers));
	add_text(l, text.data);
}

/* The rest of a layout, whose index has these entries. Return: its path. */
static char *finish_with(struct layout *l, const char *entries)
{
	cleanup_free char *index = xasprintf("{\"schemaVersion\":2,\"manifests\":[%s]}", entries);
	char *path = path_join(dir, "layout.tar");

	tar_build_file(&l->tar, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	tar_build_file(&l->tar, "index.json", index);
	tar_build_end(&l->tar);
	CHECK_INT(file_write_atomic(path, l->tar.data, l->tar.len, 0600, NULL), 0);
	buf_free(&l->tar);
	buf_free(&l->sums);
	buf_free(&l->layers);
	return path;
}

static char *entry(const struct layout *l, const char *more)
{
	return xasprintf("{\"digest\":\"sha256:%s\"%s}", l->last, more);
}

/* A layout of the layers so far. */
static char *finish(struct layout *l, const char *config)
{
	cleanup_free char *only = NULL;

	add_manifest(l, config);
	only = entry(l, "");
	return finish_with(l, only);
}

/* What an image became. */
struct loaded {
	struct tree tree;
	struct buf run;
	struct err err;
	int result;
};

static void load(struct loaded *l, const char *path)
{
	cleanup_free char *out = path_join(dir, "out.erofs");
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};

	*l = (struct loaded){.result = -1};
	unlink(out);
	tree_init(&l->tree);
	CHECK_INT(erofs_begin(&w, out, NULL), 0);
	l->result = container_load(path, &l->tree, &w, &l->run, &l->err);
}

static void done(struct loaded *l)
{
	tree_free(&l->tree);
	buf_free(&l->run);
	file_remove_tree(dir);
}

static void begin(void)
{
	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
}

/* Takes @path. Load it, which must fail with these words. */
static void refuse(char *path, const char *said)
{
	struct loaded l;

	load(&l, path);
	CHECK_INT(l.result, -1);
	CHECK_HAS(l.err.text, said);
	done(&l);
	free(path);
}

static const struct inode *at(const struct loaded *l, const char *path)
{
	const struct node *n = tree_find(&l->tree, path, false);

	return n ? n->inode : NULL;
}

/* ---- layers ---- */

TEST(oci, layers_are_put_on_each_other)
{
	struct layout o = {0};
	struct loaded l;
	cleanup_free char *path = NULL;

	begin();
	LAYER(&o, "etc/a", "etc/b");
	GZIP_LAYER(&o, "etc/b=longer than before", "etc/c");
	path = finish(&o, "");
	CHECK(container_is(path, NULL, 0));
	load(&l, path);
	CHECK_STR(l.err.text, "");
	CHECK_INT(at(&l, "etc/a")->size, 5);
	CHECK_INT(at(&l, "etc/b")->size, 18);
	CHECK_INT(at(&l, "etc/c")->size, 5);
	done(&l);
}

TEST(oci, white_outs_hide_what_is_below_and_not_what_is_beside)
{
	struct layout o = {0};
	struct loaded l;
	cleanup_free char *path = NULL;

	begin();
	LAYER(&o, "f", "d/x", "d/y", "deep/a/b", "same", "other");
	LAYER(&o, ".wh.f", "d/.wh.x", ".wh.deep", "same=new", ".wh.same", ".wh.nothing", ".wh..wh.plnk", ".wh..wh.aufs");
	path = finish(&o, "");
	load(&l, path);
	CHECK_STR(l.err.text, "");
	CHECK(!at(&l, "f"));
	CHECK(!at(&l, "d/x"));
	CHECK(at(&l, "d/y") != NULL);
	CHECK(!at(&l, "deep"));
	CHECK_INT(at(&l, "same")->size, 3);
	CHECK_INT(l.tree.count, 4); /* d, d/y, same, other: no mark is left */
	done(&l);
}

TEST(oci, an_opaque_folder_has_only_its_own_layers_files_wherever_the_mark_is)
{
	struct layout o = {0};
	struct loaded l;
	cleanup_free char *path = NULL;

	begin();
	LAYER(&o, "d/low", "d/sub/low", "e/low", "e/sub/low");
	LAYER(&o, "d/.wh..wh..opq", "d/up", "e/sub/up", "e/up", "e/.wh..wh..opq", "e/.wh..wh..opq");
	LAYER(&o, "e/top");
	path = finish(&o, "");
	load(&l, path);
	CHECK_STR(l.err.text, "");
	CHECK(!at(&l, "d/low") && !at(&l, "d/sub") && !at(&l, "e/low") && !at(&l, "e/sub/low"));
	CHECK(at(&l, "d/up") && at(&l, "e/sub/up") && at(&l, "e/up") && at(&l, "e/top"));
	done(&l);
}

TEST(oci, a_folder_may_become_a_file_and_a_file_a_folder)
{
	struct layout o = {0};
	struct loaded l;
	cleanup_free char *path = NULL;

	begin();
	LAYER(&o, "a/b", "c");
	LAYER(&o, "a", "c/d");
	path = finish(&o, "");
	load(&l, path);
	CHECK(S_ISREG(at(&l, "a")->mode) && S_ISDIR(at(&l, "c")->mode));
	CHECK_INT(l.tree.count, 3);
	done(&l);
}

TEST(oci, an_empty_layer_is_one)
{
	struct layout o = {0};
	struct loaded l;
	cleanup_free char *path = NULL;

	begin();
	LAYER(&o, "a");
	add_layer(&o, (const char *const[]){NULL}, false);
	path = finish(&o, "");
	load(&l, path);
	CHECK_STR(l.err.text, "");
	done(&l);
}

/* ---- sums ---- */

TEST(oci, a_layer_with_another_sum_is_named)
{
	struct layout o = {0};
	const char *mark;
	char *path;

	begin();
	LAYER(&o, "first");
	LAYER(&o, "second=here");
	path = finish(&o, "");
	{
		cleanup_buf struct buf all = {0};

		CHECK_INT(file_read(path, 1 << 20, &all, NULL), 0);
		mark = memmem(all.data, all.len, "here", 4);
		all.data[mark - all.data] = 'H';
		CHECK_INT(file_write_atomic(path, all.data, all.len, 0600, NULL), 0);
	}
	refuse(path, "layer 2 of 2' is damaged: its SHA-256 is ");
}

TEST(oci, a_manifest_with_another_sum_is_named)
{
	struct layout o = {0};
	cleanup_free char *only = NULL;

	begin();
	LAYER(&o, "a");
	add_manifest(&o, "");
	only = entry(&o, "");
	for (char *c = strstr(only, "sha256:") + 7; *c != '"'; c++) /* a blob of that name, with other content */
		*c = '0';
	tar_build_file(&o.tar, "blobs/sha256/0000000000000000000000000000000000000000000000000000000000000000", "{}");
	refuse(finish_with(&o, only), "is damaged: the SHA-256 of 'blobs/sha256/0000");
}

TEST(oci, the_key_is_the_configurations_and_the_layers_are_not_read)
{
	struct sha256 one, two;
	struct layout o = {0};
	struct err err = {0};
	cleanup_free char *path = NULL;
	cleanup_buf struct buf all = {0};
	char hex[2][SHA256_HEX];

	begin();
	LAYER(&o, "a=content");
	path = finish(&o, "");
	sha256_init(&one);
	CHECK_INT(container_key(&one, path, &err), 0);
	sha256_hex(&one, hex[0]);
	CHECK_INT(file_read(path, 1 << 20, &all, NULL), 0);
	*(char *)memmem(all.data, all.len, "content", 7) = 'C';
	CHECK_INT(file_write_atomic(path, all.data, all.len, 0600, NULL), 0);
	sha256_init(&two);
	CHECK_INT(container_key(&two, path, &err), 0);
	sha256_hex(&two, hex[1]);
	CHECK_STR(hex[0], hex[1]);
	file_remove_tree(dir);
}

/* Return: bytes that this process has read so far, or -1: this kernel does not count them. */
static long long bytes_read(void)
{
	cleanup_buf struct buf text = {0};
	long long n = -1;

	if (file_read("/proc/self/io", 4096, &text, NULL) < 0 || sscanf(buf_str(&text), "rchar: %lld", &n) != 1)
		return -1;
	return n;
}

/* A second run finds an image of gigabytes by this. */
TEST(oci, of_an_archive_little_more_is_read_for_its_key_than_headers)
{
	static char content[600000] = "a=";
	struct sha256 key;
	struct layout o = {0};
	struct err err = {0};
	cleanup_free char *path = NULL;
	long long before, after;

	begin();
	memset(content + 2, 'x', sizeof(content) - 3);
	for (int k = 0; k < 16; k++) {
		content[0] = (char)('a' + k);
		LAYER(&o, content);
	}
	path = finish(&o, "");
	sha256_init(&key);
	before = bytes_read();
	CHECK_INT(container_key(&key, path, &err), 0);
	after = bytes_read();
	if (before < 0)
		printf("# not run: this kernel does not count what is read\n");
	else
		CHECK(after - before < 400000); /* of 10 million */
	file_remove_tree(dir);
}

/* ---- which image ---- */

TEST(oci, the_image_for_this_processor_is_found_below_an_index)
{
	struct layout o = {0};
	struct loaded l;
	cleanup_free char *path = NULL, *inner = NULL, *outer = NULL;

	begin();
	LAYER(&o, "a");
	add_manifest(&o, "");
	inner = entry(&o, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"amd64\"}");
	outer = xasprintf("{\"manifests\":[{\"digest\":\"sha256:00\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}},"
			  "%s,{\"digest\":\"sha256:00\",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}}]}", inner);
	add_text(&o, outer);
	free(steal(inner));
	inner = entry(&o, "");
	path = finish_with(&o, inner);
	load(&l, path);
	CHECK_STR(l.err.text, "");
	CHECK(at(&l, "a") != NULL);
	done(&l);
}

TEST(oci, what_there_is_for_other_processors_is_told)
{
	struct layout o = {0};

	begin();
	refuse(finish_with(&o, "{\"digest\":\"sha256:00\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\"}}"),
	       "there is no image for linux/amd64 in it, but for linux/arm64\npull it");
}

TEST(oci, of_two_images_none_is_guessed)
{
	struct layout o = {0};
	cleanup_free char *one = NULL, *both = NULL, *two = NULL;

	begin();
	LAYER(&o, "a");
	add_manifest(&o, "");
	one = entry(&o, ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"old\"}");
	add_manifest(&o, "\"User\":\"x\"");
	two = entry(&o, ",\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/new\"}");
	both = xasprintf("%s,%s", one, two);
	refuse(finish_with(&o, both), "there is more than one image in it: old, docker.io/library/new");
}

TEST(oci, one_image_of_two_names_is_one)
{
	struct layout o = {0};
	struct loaded l;
	cleanup_free char *one = NULL, *both = NULL, *path = NULL;

	begin();
	LAYER(&o, "a");
	add_manifest(&o, "");
	one = entry(&o, "");
	both = xasprintf("%s,%s", one, one);
	path = finish_with(&o, both);
	load(&l, path);
	CHECK_STR(l.err.text, "");
	done(&l);
}

/* ---- docker archives ---- */

/* An archive of docker save, whose second layer is a link to a file elsewhere. @layers: as its manifest has them. */
static char *docker(const char *layers)
{
	struct layout o = {0};
	cleanup_buf struct buf first = {0}, second = {0};
	cleanup_free char *config = NULL, *manifest = NULL;
	char *path = path_join(dir, "docker.tar");
	char name[100];

	make_layer(&first, (const char *const[]){"etc/a", "etc/b", NULL});
	make_layer(&second, (const char *const[]){"etc/.wh.b", NULL});
	note_layer(&o, &first);
	note_layer(&o, &second);
	config = xasprintf("{\"architecture\":\"amd64\",\"os\":\"linux\",\"rootfs\":{\"diff_ids\":[%s]}}", o.sums.data);
	manifest = xasprintf("[{\"Config\":\"%s.json\",\"RepoTags\":[\"app:1\"],\"Layers\":[%s]}]",
			     sum_of(config, strlen(config)), layers);
	tar_build_head(&o.tar, "0123456789012345678901234567890123456789012345678901234567890123/", '5', 0755, "", 0);
	add_file(&o.tar, "one/layer.tar", first.data, first.len);
	add_file(&o.tar, "two.tar", second.data, second.len);
	tar_build_head(&o.tar, "two/layer.tar", '2', 0777, "../two.tar", 0);
	snprintf(name, sizeof(name), "%s.json", sum_of(config, strlen(config)));
	tar_build_file(&o.tar, name, config);
	tar_build_file(&o.tar, "manifest.json", manifest);
	tar_build_end(&o.tar);
	CHECK_INT(file_write_atomic(path, o.tar.data, o.tar.len, 0600, NULL), 0);
	buf_free(&o.tar);
	buf_free(&o.sums);
	return path;
}

TEST(oci, docker_archives_name_files_and_links)
{
	struct loaded l;
	cleanup_free char *path = NULL;

	begin();
	path = docker("\"one/layer.tar\",\"two/layer.tar\"");
	load(&l, path);
	CHECK_STR(l.err.text, "");
	CHECK(at(&l, "etc/a") && !at(&l, "etc/b"));
	done(&l);
}

TEST(oci, a_layer_that_is_not_there_or_elsewhere_is_missing)
{
	begin();
	refuse(docker("\"one/layer.tar\",\"three.tar\""), "is not whole: it has no 'three.tar'");
	begin();
	refuse(docker("\"one/layer.tar\",\"../../etc/passwd\""), "is not whole: it has no '../../etc/passwd'");
	begin();
	refuse(docker("\"one/layer.tar\""), "it has 1 layers, and 2 sums of them");
}

/* ---- limits ---- */

TEST(oci, deep_and_long_indexes_and_huge_json_are_refused)
{
	struct layout o = {0};
	cleanup_buf struct buf many = {0}, huge = {0};
	cleanup_free char *top = NULL;

	begin();
	add_text(&o, "{\"manifests\":[]}");
	for (int k = 0; k < OCI_DEPTH_MAX; k++) {
		cleanup_free char *below = entry(&o, ""), *text = xasprintf("{\"manifests\":[%s]}", below);

		add_text(&o, text);
	}
	top = entry(&o, "");
	refuse(finish_with(&o, top), "its indexes are more than 4 deep");

	begin();
	for (int k = 0; k <= OCI_DESCRIPTORS_MAX; k++)
		buf_addf(&many, "%s{\"digest\":\"sha256:0\",\"platform\":{\"os\":\"plan9\"}}", k ? "," : "");
	refuse(finish_with(&o, many.data), "more than 256 entries in its indexes");

	begin();
	memset(buf_reserve(&huge, OCI_JSON_MAX), ' ', OCI_JSON_MAX);
	buf_commit(&huge, OCI_JSON_MAX);
	refuse(finish_with(&o, huge.data), "'index.json' is larger than 1048576 bytes");
}

/* ---- what commands are run with ---- */

TEST(oci, the_configuration_is_kept_for_commands)
{
	static const char want[] = "/srv/app\0PATH=/opt/bin\0GREETING=hello world\0"
				   "IMAGE_COMMAND='/bin/serve' 'it'\\''s' '80'\0IMAGE_USER=app";
	struct layout o = {0};
	struct loaded l;
	cleanup_free char *path = NULL;

	begin();
	LAYER(&o, "a");
	path = finish(&o, "\"WorkingDir\":\"/srv/app\",\"Env\":[\"PATH=/opt/bin\",\"GREETING=hello world\",\"bad\",\"=x\",7],"
			  "\"User\":\"app\",\"Entrypoint\":[\"/bin/serve\",\"it's\"],\"Cmd\":[\"80\"]");
	load(&l, path);
	CHECK_STR(l.err.text, "");
	CHECK_INT(l.run.len, sizeof(want));
	CHECK(l.run.len == sizeof(want) && memcmp(l.run.data, want, sizeof(want)) == 0);
	CHECK(S_ISDIR(at(&l, "srv/app")->mode));
	done(&l);
}

TEST(oci, an_environment_that_no_command_could_have_is_refused)
{
	struct layout o = {0};
	cleanup_buf struct buf config = {0};

	begin();
	LAYER(&o, "a");
	buf_addf(&config, "\"Env\":[\"A=%070000d\"]", 0);
	refuse(finish(&o, config.data), "its environment and command have more than 65536 bytes");
	begin();
	LAYER(&o, "a");
	refuse(finish(&o, "\"WorkingDir\":\"/../x\""), "its working folder");
}
