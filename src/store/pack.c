/* pack.c - `vmtap cache export`: entries of the store as one file
 *
 * zlib's level is 1, because a template is mostly code: of the 86 MB that a
 * booted Debian guest leaves, level 1 makes 24.9 MB in 1.4 s of processor time,
 * level 3 makes 23.7 MB in 1.7 s, and level 6 makes 22.6 MB in 3.9 s. Blocks that
 * are all zero are left out before zlib sees them, and holes are not even read:
 * a kit guest's RAM takes 122 MB on the disk, has 94 MB of data, and takes 38.1 MB
 * of the pack.
 */
#include "store/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "store/store.h"
#include "store/entry.h"
#include "store/list.h"
#include "store/pack_format.h"
#include "store/room.h"

#define PACK_LEVEL  1
#define PACK_OUTPUT (256 * 1024) /* bytes a write(2) */
#define GZIP_FORMAT (15 + 16)	 /* zlib: largest window, gzip header and sum */

/**
 * struct writer - A pack being written
 * @name:	For messages
 * @sum:	Of the entry so far
 * @entries:	Written so far
 */
struct writer {
	int fd;
	const char *name;
	z_stream z;
	struct sha256 sum;
	uint32_t entries;
	uint64_t bytes;
	uint8_t output[PACK_OUTPUT];
};

/* ---- bytes ---- */

static int flush(struct writer *w, struct err *err)
{
	size_t n = sizeof(w->output) - w->z.avail_out;

	if (fd_write_all(w->fd, w->output, n) < 0)
		return err_errno(err, "cannot write '%s'", w->name);
	w->bytes += n;
	w->z.next_out = w->output;
	w->z.avail_out = sizeof(w->output);
	return 0;
}

static int deflate_all(struct writer *w, const void *data, size_t n, int mode, struct err *err)
{
	int r;

	w->z.next_in = (uint8_t *)(uintptr_t)data;
	w->z.avail_in = (unsigned int)n;
	do {
		r = deflate(&w->z, mode);
		if (w->z.avail_out == 0 && flush(w, err) < 0)
			return -1;
	} while (w->z.avail_in || (mode == Z_FINISH && r != Z_STREAM_END));
	return 0;
}

static int put(struct writer *w, const void *data, size_t n, struct err *err)
{
	sha256_add(&w->sum, data, n);
	return deflate_all(w, data, n, Z_NO_FLUSH, err);
}

static int put_number(struct writer *w, uint64_t number, size_t n, struct err *err)
{
	uint8_t bytes[8];

	put_le64(bytes, number);
	return put(w, bytes, n, err);
}

static int put_tag(struct writer *w, const char *tag, struct err *err)
{
	return put(w, tag, PACK_TAG_LEN, err);
}

static int put_name(struct writer *w, const char *name, struct err *err)
{
	return put_number(w, strlen(name), 1, err) < 0 ? -1 : put(w, name, strlen(name), err);
}

/* ---- entries ---- */

static int put_runs(struct writer *w, int fd, const char *path, uint64_t size, struct err *err)
{
	cleanup_store_runs struct store_runs r = {.fd = -1};
	const uint8_t *data;
	uint64_t offset;
	int64_t n;

	store_runs_begin(&r, fd, size);
	while ((n = store_runs_next(&r, &offset, &data)) > 0)
		if (put_tag(w, PACK_DATA, err) < 0 || put_number(w, offset, 8, err) < 0 ||
		    put_number(w, (uint64_t)n, 4, err) < 0 || put(w, data, (size_t)n, err) < 0)
			return -1;
	return n < 0 ? err_errno(err, "cannot read '%s'", path) : 0;
}

static int put_file(struct writer *w, const char *entry, const struct store_file *f, struct err *err)
{
	cleanup_free char *path = path_join(entry, f->name);
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "cannot open '%s'", path);
	if (put_tag(w, PACK_FILE, err) < 0 || put_name(w, f->name, err) < 0 ||
	    put_number(w, st.st_mode & 0777, 4, err) < 0 || put_number(w, f->size, 8, err) < 0)
		return -1;
	return put_runs(w, fd, path, f->size, err);
}

static int put_entry(struct writer *w, const char *entry, const struct store_item *item,
		     const struct store_files *files, struct err *err)
{
	char hex[SHA256_HEX];

	if (put_tag(w, PACK_ENTRY, err) < 0)
		return -1;
	sha256_init(&w->sum);
	if (put_name(w, item->kind, err) < 0 || put(w, item->key, STORE_KEY_LEN, err) < 0)
		return -1;
	for (size_t i = 0; i < files->count; i++)
		if (put_file(w, entry, &files->file[i], err) < 0)
			return -1;
	sha256_hex(&w->sum, hex);
	w->entries++;
	return put_tag(w, PACK_SUM, err) < 0 ? -1 : put(w, hex, STORE_KEY_LEN, err);
}

static bool has_folders(const struct store_files *files)
{
	for (size_t i = 0; i < files->count; i++)
		if (strchr(files->file[i].name, '/'))
			return true;
	return false;
}

/* An entry is held while it is read: it cannot go half-way. */
static int put_item(struct writer *w, const char *root, const struct store_item *item, struct pack_report *out,
		    struct err *err)
{
	cleanup_free char *entry = xasprintf("%s/%s/%s", root, item->kind, item->key);
	cleanup_free struct store_files *files = xmalloc(sizeof(*files));
	cleanup_fd int held = store_entry_hold(entry, STORE_CHECK_ALL, files);

	if (held >= 0 && has_folders(files))
		return 0;
	if (held < 0) {
		out->skipped++;
		return 0;
	}
	if (w->entries == PACK_ENTRIES_MAX) {
		err_set(err, "there are more than %d entries in '%s'", PACK_ENTRIES_MAX, root);
		return err_hint(err, "name the kinds to export, or prune the cache first");
	}
	return put_entry(w, entry, item, files, err);
}

static bool wanted(const char *kind, char *const *kinds)
{
	if (!kinds[0])
		return true;
	for (; *kinds; kinds++)
		if (strcmp(kind, *kinds) == 0)
			return true;
	return false;
}

static int put_all(struct writer *w, const char *root, char *const *kinds, struct pack_report *out, struct err *err)
{
	cleanup_store_list struct store_list l = {0};

	if (store_list(root, STORE_CHECK_FACTS, &l, err) < 0 || put(w, PACK_MAGIC, PACK_MAGIC_LEN, err) < 0 ||
	    put_number(w, PACK_VERSION, 4, err) < 0)
		return -1;
	for (size_t i = 0; i < l.count; i++)
		if (wanted(l.items[i].kind, kinds) && put_item(w, root, &l.items[i], out, err) < 0)
			return -1;
	if (put_tag(w, PACK_DONE, err) < 0 || put_number(w, w->entries, 4, err) < 0 ||
	    deflate_all(w, NULL, 0, Z_FINISH, err) < 0)
		return -1;
	return flush(w, err);
}

static int export_to(int fd, const char *name, const char *root, char *const *kinds, struct pack_report *out,
		     struct err *err)
{
	cleanup_free struct writer *w = xcalloc(1, sizeof(*w));
	int r;

	*out = (struct pack_report){0};
	w->fd = fd;
	w->name = name;
	w->z.next_out = w->output;
	w->z.avail_out = sizeof(w->output);
	if (deflateInit2(&w->z, PACK_LEVEL, Z_DEFLATED, GZIP_FORMAT, 9, Z_DEFAULT_STRATEGY) != Z_OK)
		return err_set(err, "cannot start zlib");
	sha256_init(&w->sum);
	r = put_all(w, root, kinds, out, err);
	deflateEnd(&w->z);
	out->entries = w->entries;
	out->bytes = w->bytes;
	return r;
}

/* A pipe or a device cannot be replaced by a rename. */
static bool is_special(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

int store_export(const char *root, const char *path, char *const *kinds, struct pack_report *out, struct err *err)
{
	bool standard = strcmp(path, "-") == 0, direct = standard || is_special(path);
	cleanup_free char *tmp = direct ? xstrdup(path) : xasprintf("%s.tmp.%ld", path, (long)getpid());
	cleanup_fd int fd = standard ? fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)
				     : open(tmp, O_WRONLY | O_CREAT | (direct ? 0 : O_TRUNC | O_NOFOLLOW) | O_CLOEXEC, 0666);
	int r;

	if (fd < 0)
		return err_errno(err, "cannot create '%s'", path);
	r = export_to(fd, standard ? "standard output" : path, root, kinds, out, err);
	if (direct)
		return r;
	if (r == 0 && rename(tmp, path) < 0)
		r = err_errno(err, "cannot rename to '%s'", path);
	if (r < 0)
		unlink(tmp);
	return r;
}
