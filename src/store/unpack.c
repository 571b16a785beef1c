/* unpack.c - `vmtap cache import`: the entries of a pack, all of them or none
 *
 * Everything is written below one temporary folder, entry by entry, and read to
 * the pack's very end. Only then the entries are sealed and renamed into their
 * places, which cannot fail for want of room. A pack may be hostile: every number
 * and name in it is checked before it is used.
 */
#include "store/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/gzip.h"
#include "store/store.h"
#include "store/entry.h"
#include "store/list.h"
#include "store/pack_format.h"
#include "store/room.h"

/* An entry that is staged in a folder of its own. */
struct staged {
	char kind[STORE_NAME_MAX + 1], key[STORE_KEY_LEN + 1];
	size_t files;
};

/**
 * struct reader - A pack being read
 * @name:	For messages
 * @stage:	The temporary folder; entry N is in @stage/N
 * @sum:	Of the entry so far
 * @limit:	Bytes of data that may still come
 * @fills:	Holes take room when they are read, here
 */
struct reader {
	struct gzip *gzip;
	const char *name, *root;
	char *stage;
	struct sha256 sum;
	struct staged *entries;
	size_t count;
	uint64_t limit;
	bool fills;
	uint8_t data[PACK_DATA_MAX];
};

/* ---- bytes ---- */

/* Return: -1 always. */
static int __attribute__((format(printf, 3, 4))) bad(const struct reader *r, struct err *err, const char *fmt, ...)
{
	char why[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	return err_set(err, "cannot import '%s': %s", r->name, why);
}

static int get(struct reader *r, void *to, size_t n, struct err *err)
{
	size_t got = 0;

	while (got < n) {
		ssize_t len = gzip_read(r->gzip, (uint8_t *)to + got, n - got, err);

		if (len < 0)
			return -1;
		if (len == 0)
			return bad(r, err, "it ends in the middle of an entry");
		got += (size_t)len;
	}
	sha256_add(&r->sum, to, n);
	return 0;
}

static int get_number(struct reader *r, uint64_t *number, size_t n, struct err *err)
{
	uint8_t bytes[8] = {0};

	if (get(r, bytes, n, err) < 0)
		return -1;
	*number = get_le64(bytes);
	return 0;
}

/* The letters that end an entry are not part of its sum. @tag: PACK_TAG_LEN + 1 bytes. */
static int get_tag(struct reader *r, char *tag, struct err *err)
{
	struct sha256 before = r->sum;

	if (get(r, tag, PACK_TAG_LEN, err) < 0)
		return -1;
	tag[PACK_TAG_LEN] = '\0';
	if (strcmp(tag, PACK_SUM) == 0)
		r->sum = before;
	return 0;
}

/* @name: STORE_NAME_MAX + 1 bytes. */
static int get_name(struct reader *r, char *name, struct err *err)
{
	uint64_t n;

	if (get_number(r, &n, 1, err) < 0)
		return -1;
	if (n > STORE_NAME_MAX)
		return bad(r, err, "a name in it is too long");
	if (get(r, name, (size_t)n, err) < 0)
		return -1;
	name[n] = '\0';
	if (strlen(name) != n || !store_is_name(name))
		return bad(r, err, "the name of a kind or a file in it has characters that no export writes");
	return 0;
}

/* ---- files ---- */

static int spend(struct reader *r, uint64_t n, struct err *err)
{
	if (n > r->limit) {
		bad(r, err, "its content is larger than the cache may be");
		return err_hint(err, "set VMTAP_CACHE_MAX to more MB");
	}
	r->limit -= n;
	return 0;
}

/* One DATA record, behind its tag; @at is where the last one ended. */
static int take_data(struct reader *r, int fd, const char *name, uint64_t size, uint64_t *at, struct err *err)
{
	uint64_t offset, n;

	if (get_number(r, &offset, 8, err) < 0 || get_number(r, &n, 4, err) < 0)
		return -1;
	if (n == 0 || n > PACK_DATA_MAX || offset < *at || offset > size || n > size - offset)
		return bad(r, err, "it has data of file '%s' beyond that file's size, or out of order", name);
	if (!r->fills && spend(r, n, err) < 0)
		return -1;
	if (get(r, r->data, (size_t)n, err) < 0)
		return -1;
	if (fd_pwrite_all(fd, r->data, (size_t)n, (off_t)offset) < 0)
		return store_write_error(err, r->root);
	*at = offset + n;
	return 0;
}

/* Return: a new file of @size zeros, or -1. */
static int file_begin(struct reader *r, const char *path, unsigned int mode, uint64_t size, struct err *err)
{
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 && errno == EEXIST)
		return bad(r, err, "it has two files '%s' in one entry", path_base(path));
	if (fd < 0 || fchmod(fd, mode) < 0 || ftruncate(fd, (off_t)size) < 0)
		return store_write_error(err, r->root);
	if (!r->fills)
		return fd_steal(&fd);
	return spend(r, size, err) < 0 || store_file_allocate(fd, r->root, size, err) < 0 ? -1
										      : fd_steal(&fd);
}

/* A FILE record behind its tag, with its data. @tag: the first that is not DATA. */
static int take_file(struct reader *r, const char *dir, char *tag, struct err *err)
{
	char name[STORE_NAME_MAX + 1];
	uint64_t mode, size, at = 0;
	cleanup_free char *path = NULL;
	cleanup_fd int fd = -1;

	if (get_name(r, name, err) < 0 || get_number(r, &mode, 4, err) < 0 || get_number(r, &size, 8, err) < 0)
		return -1;
	if (strcmp(name, STORE_SEAL) == 0 || mode > 0777 || size > PACK_FILE_MAX)
		return bad(r, err, "file '%s' in it has a name, a mode or a size that no export writes", name);
	path = path_join(dir, name);
	/* The owner can read it again and nobody else can write it, whatever the mode was where it comes from. */
	fd = file_begin(r, path, ((unsigned int)mode & 0755) | 0400, size, err);
	if (fd < 0)
		return -1;
	for (;;) {
		if (get_tag(r, tag, err) < 0)
			return -1;
		if (strcmp(tag, PACK_DATA) != 0)
			return 0;
		if (take_data(r, fd, name, size, &at, err) < 0)
			return -1;
	}
}

/* ---- entries ---- */

/* Behind the letters "ESUM". */
static int check_sum(struct reader *r, struct err *err)
{
	char hex[SHA256_HEX], want[STORE_KEY_LEN + 1] = "";
	const struct staged *e = &r->entries[r->count - 1];

	sha256_hex(&r->sum, hex);
	if (get(r, want, STORE_KEY_LEN, err) < 0)
		return -1;
	if (strcmp(hex, want) != 0)
		return bad(r, err, "the sum of %s/%.12s is wrong: the file is damaged", e->kind, e->key);
	return 0;
}

static int entry_begin(struct reader *r, struct err *err)
{
	struct staged *e;

	if (r->count == PACK_ENTRIES_MAX)
		return bad(r, err, "it has more than %d entries", PACK_ENTRIES_MAX);
	r->entries = xrealloc(r->entries, (r->count + 1) * sizeof(*r->entries));
	e = &r->entries[r->count++];
	*e = (struct staged){.files = 0};
	sha256_init(&r->sum);
	if (get_name(r, e->kind, err) < 0 || get(r, e->key, STORE_KEY_LEN, err) < 0)
		return -1;
	if (!store_is_key(e->key) || strcmp(e->kind, STORE_TMP) == 0 || strcmp(e->kind, STORE_SUMS) == 0)
		return bad(r, err, "an entry in it has a name that no export writes");
	return 0;
}

/* An ENTR record behind its tag, to its sum. */
static int take_entry(struct reader *r, struct err *err)
{
	char tag[PACK_TAG_LEN + 1];
	cleanup_free char *dir = xasprintf("%s/%zu", r->stage, r->count);
	struct staged *e;

	if (entry_begin(r, err) < 0)
		return -1;
	e = &r->entries[r->count - 1];
	if (mkdir(dir, 0777) < 0)
		return store_write_error(err, r->root);
	if (get_tag(r, tag, err) < 0)
		return -1;
	while (strcmp(tag, PACK_FILE) == 0) {
		if (++e->files > STORE_FILES_MAX)
			return bad(r, err, "an entry in it has more than %d files", STORE_FILES_MAX);
		if (take_file(r, dir, tag, err) < 0)
			return -1;
	}
	if (strcmp(tag, PACK_SUM) != 0)
		return bad(r, err, "it is damaged");
	return check_sum(r, err);
}

static int take_header(struct reader *r, struct err *err)
{
	char magic[PACK_MAGIC_LEN];
	uint64_t version;

	if (get(r, magic, sizeof(magic), err) < 0)
		return -1;
	if (memcmp(magic, PACK_MAGIC, sizeof(magic)) != 0)
		return bad(r, err, "it is gzip-compressed, but not an export of a vmtap cache");
	if (get_number(r, &version, 4, err) < 0)
		return -1;
	if (version != PACK_VERSION)
		return bad(r, err, "its format is version %llu; this vmtap reads version %d",
			   (unsigned long long)version, PACK_VERSION);
	return 0;
}

static int take_all(struct reader *r, struct err *err)
{
	char tag[PACK_TAG_LEN + 1], more;
	uint64_t count;
	ssize_t n;

	if (take_header(r, err) < 0)
		return -1;
	for (;;) {
		if (get_tag(r, tag, err) < 0)
			return -1;
		if (strcmp(tag, PACK_ENTRY) != 0)
			break;
		if (take_entry(r, err) < 0)
			return -1;
	}
	if (strcmp(tag, PACK_DONE) != 0 || get_number(r, &count, 4, err) < 0)
		return bad(r, err, "it is damaged");
	n = gzip_read(r->gzip, &more, 1, err);
	if (n < 0)
		return -1;
	return count != r->count || n > 0 ? bad(r, err, "it is damaged: there is something behind its end") : 0;
}

/* ---- publishing ---- */

/* Return: 0, 1 when a sound entry is there already, or -1. */
static int publish(struct reader *r, size_t i, struct err *err)
{
	const struct staged *e = &r->entries[i];
	cleanup_free char *dir = xasprintf("%s/%zu", r->stage, i);
	cleanup_free char *entry = xasprintf("%s/%s/%s", r->root, e->kind, e->key), *lock = NULL;
	cleanup_fd int held = store_entry_lock(r->root, e->kind, e->key, &lock, err), seal = -1;
	int status;

	if (held < 0)
		return -1;
	seal = store_entry_hold(entry, STORE_CHECK_ALL, NULL);
	status = seal >= 0;
	if (!status) {
		if (file_exists(entry))
			store_entry_remove(r->root, entry);
		seal = store_entry_seal(dir, err);
		if (seal < 0 || store_entry_publish(dir, entry, err) < 0)
			status = -1;
	}
	if (status >= 0)
		store_entry_touch(r->root, seal);
	unlink(lock);
	return status;
}

static int publish_all(struct reader *r, struct pack_report *out, struct err *err)
{
	for (size_t i = 0; i < r->count; i++) {
		int status = publish(r, i, err);

		if (status < 0)
			return -1;
		out->entries += status == 0;
		out->skipped += status == 1;
	}
	return 0;
}

/* Return: 0 when it begins as gzip does, or -1. */
static int check_start(int fd, const char *name, struct err *err)
{
	uint8_t start[3];
	ssize_t n = pread(fd, start, sizeof(start), 0);
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, "cannot import '%s': it is a folder", name);
	if (n < 0 && errno == ESPIPE)
		return 0; /* a pipe: zlib will check it */
	if (n < 0)
		return err_errno(err, "cannot read '%s'", name);
	if (!gzip_is(start, (size_t)n))
		return err_set(err, "cannot import '%s': it is not an export of a vmtap cache", name);
	return 0;
}

static int import_from(int fd, struct reader *r, struct pack_report *out, struct err *err)
{
	cleanup_fd int held = -1;
	int status;

	if (check_start(fd, r->name, err) < 0)
		return -1;
	held = store_temp_make(r->root, &r->stage, err);
	if (held < 0)
		return -1;
	r->fills = store_holes_fill(r->stage);
	r->gzip = gzip_open(fd, UINT64_MAX, r->name);
	sha256_init(&r->sum);
	status = take_all(r, err);
	if (status == 0)
		status = publish_all(r, out, err);
	gzip_close(r->gzip);
	file_remove_tree(r->stage);
	free(r->stage);
	free(r->entries);
	return status;
}

int store_import(const char *root, const char *path, uint64_t limit, struct pack_report *out, struct err *err)
{
	bool standard = strcmp(path, "-") == 0;
	cleanup_fd int fd = standard ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3) : open(path, O_RDONLY | O_CLOEXEC);
	cleanup_free struct reader *r = xcalloc(1, sizeof(*r));
	struct stat st;

	*out = (struct pack_report){0};
	if (fd < 0)
		return err_errno(err, "cannot open '%s'", path);
	r->name = standard ? "standard input" : path;
	r->root = root;
	r->limit = limit;
	if (import_from(fd, r, out, err) < 0)
		return -1;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		out->bytes = (uint64_t)st.st_size;
	return store_prune(root, limit, STORE_CHECK_FACTS, NULL, err);
}
