/* modules.c - which kernel modules must be loaded, in which order
 *
 * This is what modprobe does, done on the host: the guest then needs no index,
 * no modprobe and no search, only a list to hand to finit_module(2).
 */
#include "image/modules.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/decompress.h"

/**
 * struct index - The index files of a version, as text; an absent one is ""
 * @out:	The closure so far
 */
struct index {
	struct buf dep, builtin, modinfo, alias, softdep;
	struct module_list *out;
	unsigned int depth;
};

#define READ_SIZE (64 * 1024) /* bytes that are decompressed at a time */
#define DEPTH_MAX 64 /* of soft dependencies: they may form a ring */

char *module_list_names(const struct module_list *l)
{
	struct buf names = {0};

	for (size_t k = 0; k < l->count; k++) {
		const char *name = path_base(l->paths[k]), *end = strstr(name, ".ko");

		buf_addf(&names, "%s%.*s", k ? ", " : "", (int)(end ? (size_t)(end - name) : strlen(name)), name);
	}
	return buf_steal(&names);
}

void module_list_free(struct module_list *l)
{
	for (size_t k = 0; k < l->count; k++)
		free(l->paths[k]);
	l->count = 0;
}

/* ---- names ---- */

/* "kernel/fs/erofs/erofs.ko.gz" is "erofs"; @n is the length of @path. */
static const char *name_of_path(const char *path, size_t n, size_t *len)
{
	const char *start = path + n, *dot;

	while (start > path && start[-1] != '/')
		start--;
	dot = memchr(start, '.', (size_t)(path + n - start));
	*len = (size_t)((dot ? dot : path + n) - start);
	return start;
}

static bool same_name(const char *a, size_t n, const char *b)
{
	size_t k;

	for (k = 0; k < n && b[k]; k++)
		if (a[k] != b[k] && !((a[k] == '-' || a[k] == '_') && (b[k] == '-' || b[k] == '_')))
			return false;
	return k == n && !b[k];
}

/* ---- the index files ---- */

/* Return: the line "PATH: DEPENDENCIES" of a module, or NULL; @n is its length. */
static const char *dep_find(const struct index *x, const char *name, size_t *n)
{
	const char *at = buf_str(&x->dep), *line;

	while (text_next_line(&at, &line, n)) {
		const char *colon = memchr(line, ':', *n);
		size_t len;
		const char *found = colon ? name_of_path(line, (size_t)(colon - line), &len) : NULL;

		if (found && same_name(found, len, name))
			return line;
	}
	return NULL;
}

static bool is_builtin(const struct index *x, const char *name)
{
	const char *at = buf_str(&x->builtin), *line;
	size_t n, len;

	while (text_next_line(&at, &line, &n)) {
		const char *found = name_of_path(line, n, &len);

		if (same_name(found, len, name))
			return true;
	}
	return false;
}

/* modules.builtin.modinfo: "MODULE.alias=NAME" and others, NUL-terminated. */
static bool is_builtin_alias(const struct index *x, const char *name)
{
	const char *at = buf_str(&x->modinfo), *end = at + x->modinfo.len;

	for (; at < end; at += strlen(at) + 1) {
		const char *alias = strstr(at, ".alias=");

		if (alias && fnmatch(alias + 7, name, 0) == 0)
			return true;
	}
	return false;
}

/* ---- the closure ---- */

static int load(struct index *x, const char *name, bool optional, struct err *err);

static bool is_listed(const struct index *x, const char *path, size_t n)
{
	for (size_t k = 0; k < x->out->count; k++)
		if (strlen(x->out->paths[k]) == n && memcmp(x->out->paths[k], path, n) == 0)
			return true;
	return false;
}

static int load_aliases(struct index *x, const char *name, struct err *err)
{
	const char *at = buf_str(&x->alias), *line;
	size_t n;

	if (is_builtin_alias(x, name))
		return 0;
	while (text_next_line(&at, &line, &n)) {
		char pattern[256], module[128];

		/* "alias PATTERN MODULE" */
		if (n < 512 && sscanf(line, "alias %255s %127s", pattern, module) == 2 &&
		    fnmatch(pattern, name, 0) == 0 && load(x, module, true, err) < 0)
			return -1;
	}
	return 0;
}

/* One word of a softdep line: a module's name or an alias. */
static int load_soft(struct index *x, const char *name, struct err *err)
{
	size_t n;

	if (is_builtin(x, name))
		return 0;
	return dep_find(x, name, &n) ? load(x, name, true, err) : load_aliases(x, name, err);
}

/* "softdep MODULE [pre:] NAME... [post: NAME...]", those before or those after. */
static int load_softdeps(struct index *x, const char *name, bool post, struct err *err)
{
	const char *at = buf_str(&x->softdep), *line;
	size_t n;

	while (text_next_line(&at, &line, &n)) {
		cleanup_free char *copy = xstrndup(line, n);
		char *save = NULL, *word = strtok_r(copy, " \t", &save);
		bool after = false;

		if (!word || strcmp(word, "softdep") != 0 || !(word = strtok_r(NULL, " \t", &save)) ||
		    !same_name(word, strlen(word), name))
			continue;
		while ((word = strtok_r(NULL, " \t", &save))) {
			if (strcmp(word, "pre:") == 0 || strcmp(word, "post:") == 0)
				after = word[1] == 'o';
			else if (after == post && load_soft(x, word, err) < 0)
				return -1;
		}
	}
	return 0;
}

/* A line lists dependencies in the reverse order of loading: the module that needs no other stands at its end. */
static int load_deps(struct index *x, const char *deps, const char *end, struct err *err)
{
	while (end > deps) {
		cleanup_free char *name = NULL;
		const char *word, *start;
		size_t len;

		while (end > deps && end[-1] == ' ')
			end--;
		for (word = end; word > deps && word[-1] != ' '; word--)
			;
		if (word == end)
			break;
		start = name_of_path(word, (size_t)(end - word), &len);
		name = xstrndup(start, len);
		if (load(x, name, false, err) < 0)
			return -1;
		end = word;
	}
	return 0;
}

static int load_found(struct index *x, const char *name, const char *line, size_t n, struct err *err)
{
	const char *colon = memchr(line, ':', n);
	size_t len = (size_t)(colon - line);

	if (is_listed(x, line, len))
		return 0;
	if (load_softdeps(x, name, false, err) < 0 || load_deps(x, colon + 1, line + n, err) < 0)
		return -1;
	if (is_listed(x, line, len))
		return 0;
	if (x->out->count == MODULES_MAX)
		return err_set(err, "more than %d modules are needed", MODULES_MAX);
	x->out->paths[x->out->count++] = xstrndup(line, len);
	return load_softdeps(x, name, true, err);
}

static int load(struct index *x, const char *name, bool optional, struct err *err)
{
	const char *line;
	size_t n;
	int r;

	if (is_builtin(x, name))
		return 0;
	line = dep_find(x, name, &n);
	if (!line)
		return optional ? 0 : err_set(err, "module '%s' is neither built in nor there", name);
	if (x->depth == DEPTH_MAX)
		return err_set(err, "module '%s' depends on itself", name);
	x->depth++;
	r = load_found(x, name, line, n, err);
	x->depth--;
	return r;
}

static int index_read(const struct folder *f, const char *dir, const char *name, bool optional, struct buf *out,
		      struct err *err)
{
	cleanup_free char *path = path_join(dir, name);

	if (optional && !folder_has(f, path))
		return 0;
	return folder_read(f, path, MODULES_INDEX_MAX, out, err);
}

static int closure(struct index *x, const struct folder *f, const char *dir, const struct module_want *want, size_t n,
		   struct err *err)
{
	if (index_read(f, dir, "modules.dep", false, &x->dep, err) < 0)
		return err_hint(err, "depmod -b %s %s makes that file", folder_name(f), path_base(dir));
	if (index_read(f, dir, MODULES_BUILTIN, true, &x->builtin, err) < 0 ||
	    index_read(f, dir, "modules.builtin.modinfo", true, &x->modinfo, err) < 0 ||
	    index_read(f, dir, "modules.alias", true, &x->alias, err) < 0 ||
	    index_read(f, dir, "modules.softdep", true, &x->softdep, err) < 0)
		return -1;
	for (size_t k = 0; k < n; k++)
		if (load(x, want[k].name, want[k].optional, err) < 0) {
			err_wrap(err, "cannot use the modules of '%s' in '%s': a guest needs %s %s", path_base(dir), folder_name(f),
				 want[k].name, want[k].purpose);
			return err_hint(err, "a guest needs a kernel with virtio, EROFS and overlay; run depmod if it has");
		}
	return 0;
}

int modules_closure(const struct folder *f, const char *dir, const struct module_want *want, size_t n,
		    struct module_list *out, struct err *err)
{
	struct index x = {.out = out};
	int r = closure(&x, f, dir, want, n, err);

	buf_free(&x.dep);
	buf_free(&x.builtin);
	buf_free(&x.modinfo);
	buf_free(&x.alias);
	buf_free(&x.softdep);
	return r;
}

static const char *const compressions[] = {".gz", ".xz", ".zst"};

size_t module_name_length(const char *path)
{
	for (size_t k = 0; k < ARRAY_SIZE(compressions); k++)
		if (text_ends(path, compressions[k]))
			return strlen(path) - strlen(compressions[k]);
	return strlen(path);
}

/* Read all that the host's program makes of it. */
static int read_all(struct decompress *d, struct buf *out, const char *name, struct err *err)
{
	ssize_t n;

	do {
		n = decompress_read(d, buf_reserve(out, READ_SIZE), READ_SIZE, err);
		if (n > 0)
			buf_commit(out, (size_t)n);
		if (out->len > MODULE_BYTES_MAX)
			return err_set(err, "the module '%s' has more than %u bytes", name, MODULE_BYTES_MAX);
	} while (n > 0);
	return (int)n;
}

static int unpack(const char *name, const struct buf *packed, struct buf *out, struct err *err)
{
	const struct decompress_tool *tool = decompress_tool(packed->data, packed->len);
	cleanup_fd int fd = fd_memory("module");
	struct decompress *d;
	int r;

	if (!tool)
		return err_set(err, "the module '%s' is not compressed as its name says", name);
	if (fd < 0 || fd_write_all(fd, packed->data, packed->len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		return err_errno(err, "cannot decompress '%s'", name);
	d = decompress_open(tool, fd, packed->len, name, err);
	r = d ? read_all(d, out, name, err) : -1;
	decompress_close(d);
	return r;
}

int module_read(const struct folder *f, const char *dir, const char *path, struct buf *out, struct err *err)
{
	cleanup_free char *full = path_join(dir, path);
	cleanup_buf struct buf packed = {0};

	if (!path[module_name_length(path)])
		return folder_read(f, full, MODULE_BYTES_MAX, out, err);
	if (folder_read(f, full, MODULE_BYTES_MAX, &packed, err) < 0)
		return -1;
	if (text_ends(path, ".gz"))
		return gzip_inflate(full, &packed, MODULE_BYTES_MAX, out, err);
	if (unpack(full, &packed, out, err) == 0)
		return 0;
	err_wrap(err, "cannot use a module in '%s'", folder_name(f));
	return -1;
}
