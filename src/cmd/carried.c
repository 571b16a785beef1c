/* carried.c - .files: what was just built, packed for the machine that it is put into */
#include "cmd/carried.h"

#include <dirent.h>
#include <glob.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/store.h"
#include "wire/frame.h"
#include "wire/tree.h"

#define CARRIED_FORMAT "1" /* raise it when the bytes that are written for the same input change */
#define CARRIED_FILE   "files"
#define SMALL	       65536 /* bytes of a file that is read rather than remembered */

/* One thing and its place: paths, owned. */
struct item {
	char *from, *to;
};

struct carried {
	const char *store;
	struct item *items;
	size_t n;
};

/* ---- what there is ---- */

/* @to: a path, or one that ends with '/': the folder that it is put into */
static void add_item(struct carried *c, const char *from, const char *to)
{
	size_t n = strlen(from), begin;

	while (n > 1 && from[n - 1] == '/')
		n--;
	for (begin = n; begin > 0 && from[begin - 1] != '/'; begin--)
		;
	c->items = xrealloc(c->items, (c->n + 1) * sizeof(*c->items));
	c->items[c->n++] = (struct item){
		.from = xstrdup(from),
		.to = to[strlen(to) - 1] == '/' ? xasprintf("%s%.*s", to, (int)(n - begin), from + begin) : xstrdup(to),
	};
}

static bool is_pattern(const char *path)
{
	return path[strcspn(path, "*?[")];
}

/* A pattern goes into a folder: how many files it is today is nobody's promise. Return: how many it is, or -1. */
static int add_pattern(struct carried *c, const char *pattern, const char *to, struct err *err)
{
	glob_t g = {0};
	int r = glob(pattern, 0, NULL, &g), n = 0;

	if (r != 0 && r != GLOB_NOMATCH)
		return err_set(err, "'%s' (.files) cannot be looked for", pattern);
	for (size_t i = 0; r == 0 && i < g.gl_pathc; i++, n++)
		add_item(c, g.gl_pathv[i], to);
	globfree(&g);
	return n;
}

static int add_one(struct carried *c, const char *path, const char *to, struct err *err)
{
	if (is_pattern(path))
		return add_pattern(c, path, to, err);
	if (!file_exists(path))
		return 0;
	add_item(c, path, to);
	return 1;
}

/* Beside the script, else from the current folder. Return: 0, or -1. */
static int add(struct carried *c, const char *script, const char *text, struct err *err)
{
	const char *colon = text;
	cleanup_free char *name = NULL, *folder = path_dir(script), *beside = NULL;
	int got;

	for (const char *p = text; (p = strstr(p, ":/")); p++)
		colon = p;
	name = xstrndup(text, (size_t)(colon - text));
	beside = path_join(folder, name);
	got = add_one(c, beside, colon + 1, err);
	if (got == 0)
		got = add_one(c, name, colon + 1, err);
	if (got > 0)
		return 0;
	if (got == 0)
		err_set(err, is_pattern(name) ? "nothing is called '%s' (.files)" : "'%s' (.files) is not there", name);
	return got < 0 ? -1 : err_hint(err, "it is looked for beside the script, then from the current folder");
}

/* ---- the key ---- */

static int path_key(const char *store, struct sha256 *key, const char *path, int depth, struct err *err);

/* A small one is read; of a larger one the store remembers the sum. */
static int content_key(const char *store, struct sha256 *key, const char *path, off_t size, struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (size > SMALL)
		return store_key_content(store, key, path, err);
	if (file_read(path, 2 * SMALL, &text, err) < 0)
		return -1;
	sha256_add(key, &text.len, sizeof(text.len));
	sha256_add(key, buf_str(&text), text.len);
	return 0;
}

static int folder_key(const char *store, struct sha256 *key, const char *path, int depth, struct err *err)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort), r = n;

	if (n < 0)
		err_errno(err, "cannot read '%s'", path);
	if (depth == TREE_NESTING_MAX)
		r = err_set(err, "'%s': more than %d folders in each other", path, TREE_NESTING_MAX);
	for (int i = 0; i < n; i++) {
		cleanup_free char *below = path_join(path, names[i]->d_name);

		if (r >= 0 && strcmp(names[i]->d_name, ".") != 0 && strcmp(names[i]->d_name, "..") != 0) {
			sha256_add_str(key, names[i]->d_name);
			r = path_key(store, key, below, depth + 1, err);
		}
		free(names[i]);
	}
	free(names);
	sha256_add_str(key, ""); /* no name */
	return r < 0 ? -1 : 0;
}

/* What there is below @path, and how it is to be used: its times are of no consequence, as everything is built anew. */
static int path_key(const char *store, struct sha256 *key, const char *path, int depth, struct err *err)
{
	char target[PATH_MAX] = "";
	struct stat st;

	if ((depth ? lstat(path, &st) : stat(path, &st)) < 0)
		return err_errno(err, "cannot read '%s'", path);
	sha256_add(key, &st.st_mode, sizeof(st.st_mode));
	if (S_ISDIR(st.st_mode))
		return folder_key(store, key, path, depth, err);
	if (S_ISREG(st.st_mode))
		return content_key(store, key, path, st.st_size, err);
	if (S_ISLNK(st.st_mode) && readlink(path, target, sizeof(target) - 1) < 0)
		return err_errno(err, "cannot read '%s'", path);
	sha256_add_str(key, target);
	return depth || S_ISLNK(st.st_mode) ? 0 : err_set(err, "'%s' (.files) is neither a file nor a folder", path);
}

static int carried_key(void *arg, char hex[SHA256_HEX], struct err *err)
{
	const struct carried *c = arg;
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, "files " CARRIED_FORMAT);
	for (size_t i = 0; i < c->n; i++) {
		sha256_add_str(&key, c->items[i].to);
		if (path_key(c->store, &key, c->items[i].from, 0, err) < 0)
			return -1;
	}
	sha256_hex(&key, hex);
	return 0;
}

/* ---- the build ---- */

/* Its path, its records, and an empty one. */
static int put_item(const struct item *i, struct buf *out, struct err *err)
{
	struct tree_pack *p = tree_pack_open(i->from, err);
	int got = p ? 1 : -1;

	if (p)
		tree_pack_as_root(p);
	wire_put_str(out, i->to);
	while (got > 0) {
		size_t at = out->len;

		wire_put_u32(out, 0);
		got = tree_pack_next(p, out, err);
		if (got > 0)
			put_le32((uint8_t *)out->data + at, (uint32_t)(out->len - at - 4));
		if (got > 0 && out->len > CARRIED_MAX) {
			err_set(err, "'%s' (.files) makes it more than %u MiB", i->from, CARRIED_MAX >> 20);
			got = err_hint(err, "put large things into the image");
		}
	}
	tree_pack_free(p);
	return got;
}

static int carried_build(const char *dir, void *arg, struct err *err)
{
	const struct carried *c = arg;
	cleanup_buf struct buf out = {0};

	for (size_t i = 0; i < c->n; i++)
		if (put_item(&c->items[i], &out, err) < 0)
			return -1;
	return store_write_file(dir, CARRIED_FILE, buf_str(&out), out.len, err);
}

/* ---- all of it ---- */

static int pack(struct carried *c, char **path, uint64_t *size, struct err *err)
{
	const struct store_recipe recipe = {
		.kind = "files", .what = c->n ? c->items[0].from : ".files", .key = carried_key, .build = carried_build, .arg = c};
	cleanup_free char *entry = NULL;
	char key[SHA256_HEX];
	struct stat st;

	if (store_make(c->store, &recipe, key, &entry, err) < 0)
		return -1;
	*path = path_join(entry, CARRIED_FILE);
	if (stat(*path, &st) < 0)
		return err_errno(err, "cannot read '%s'", *path);
	*size = (uint64_t)st.st_size;
	return 0;
}

static int add_all(struct carried *c, const char *script, const char *const *files, struct err *err)
{
	for (; *files; files++)
		if (add(c, script, *files, err) < 0)
			return -1;
	return 0;
}

static void free_all(struct carried *c)
{
	for (size_t i = 0; i < c->n; i++) {
		free(c->items[i].from);
		free(c->items[i].to);
	}
	free(c->items);
}

int carried_look(const char *script, const char *const *files, struct err *err)
{
	struct carried c = {0};
	int r = add_all(&c, script, files, err);

	free_all(&c);
	return r;
}

int carried_pack(const char *store, const char *script, const char *const *files, char **path, uint64_t *size,
		 struct err *err)
{
	struct carried c = {.store = store};
	int r = add_all(&c, script, files, err);

	if (r == 0)
		r = pack(&c, path, size, err);
	free_all(&c);
	return r;
}
