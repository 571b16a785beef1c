/* bundle_unpack.c - one file with everything: getting files out of it
 *
 * A first run on a new machine waits for this: 18 MB take 0.1 s. What it needs is inflated into an entry of the store, the
 * CRC-32C of each stream compared on the way: to sum the files up by SHA-256 as well would take twice as long where the
 * processor has no instructions for it, and find no more damage. The seal of the entry is made of what was written, so
 * later damage is the store's to find. One process does it: with two there would be 40 ms to gain, once.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/crc32c.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/bundle.h"
#include "image/bundle_format.h"
#include "store/room.h"
#include "store/store.h"

#define INPUT  (128 * 1024) /* bytes a read(2) */
#define OUTPUT (256 * 1024) /* bytes a write(2) */

/**
 * struct sink - Where a file's bytes go: one of
 * @fd, @path:	A file being written
 * @out, @limit: Memory
 * neither:	nowhere, to see whether all is well
 * @sum:	Fed, unless NULL
 */
struct sink {
	int fd;
	const char *path;
	struct buf *out;
	size_t limit;
	struct sha256 *sum;
};

static int sink_put(struct sink *s, const void *data, size_t n, struct err *err)
{
	if (s->sum)
		sha256_add(s->sum, data, n);
	if (s->out) {
		if (n > s->limit)
			return err_set(err, "it is larger than expected");
		s->limit -= n;
		buf_add(s->out, data, n);
	}
	return s->fd >= 0 && fd_write_all(s->fd, data, n) < 0 ? store_write_error(err, s->path) : 0;
}

/* ---- streams ---- */

/* The plain vmtap: what the bundle's program knows of its file is taken away again. */
static int copy_program(const struct bundle *b, const struct bundle_file *f, struct sink *s, struct err *err)
{
	cleanup_free uint8_t *program = xmalloc(f->size + 1);
	struct bundle_mark *mark;

	if (bundle_read_at(b, f->offset, program, f->size, err) < 0)
		return -1;
	mark = bundle_mark_find(program, f->size);
	if (!mark || crc32c(CRC32C_INIT, program, f->size) != f->crc)
		return bundle_altered(b, err, "its program has another sum");
	memset(mark->size, 0, sizeof(mark->size));
	memset(mark->index, 0, sizeof(mark->index));
	return sink_put(s, program, f->size, err);
}

/**
 * struct stream - A stream being inflated
 * @left:	Packed bytes that were not read yet
 * @made:	Bytes inflated so far
 */
struct stream {
	const struct bundle *b;
	const struct bundle_file *f;
	z_stream z;
	uint64_t left, made;
	uint32_t crc;
	uint8_t input[INPUT], output[OUTPUT];
};

static int stream_fill(struct stream *t, struct err *err)
{
	size_t n = t->left < INPUT ? (size_t)t->left : INPUT;

	if (t->z.avail_in || n == 0)
		return 0;
	if (bundle_read_at(t->b, t->f->offset + t->f->packed - t->left, t->input, n, err) < 0)
		return -1;
	t->crc = crc32c(t->crc, t->input, n);
	t->z.next_in = t->input;
	t->z.avail_in = (unsigned int)n;
	t->left -= n;
	return 0;
}

/* Return: 0, also when the stream ended too early or is damaged, which its sums tell; or -1. */
static int stream_inflate(struct stream *t, struct sink *s, struct err *err)
{
	int r;

	do {
		size_t n;

		if (stream_fill(t, err) < 0)
			return -1;
		t->z.next_out = t->output;
		t->z.avail_out = OUTPUT;
		r = inflate(&t->z, Z_NO_FLUSH);
		n = OUTPUT - t->z.avail_out;
		t->made += n;
		if (t->made > t->f->size)
			return 0;
		if (sink_put(s, t->output, n, err) < 0)
			return -1;
	} while (r == Z_OK);
	t->left += t->z.avail_in + (r != Z_STREAM_END);
	return 0;
}

static int inflate_file(const struct bundle *b, const struct bundle_file *f, struct sink *s, struct err *err)
{
	cleanup_free struct stream *t = xmalloc(sizeof(*t));
	int r;

	t->b = b;
	t->f = f;
	t->z = (z_stream){0};
	t->left = f->packed;
	t->made = 0;
	t->crc = CRC32C_INIT;
	if (inflateInit2(&t->z, -15) != Z_OK) /* negative: a raw stream */
		return err_set(err, "cannot start zlib");
	r = stream_inflate(t, s, err);
	inflateEnd(&t->z);
	if (r == 0 && (t->left || t->made != f->size || t->crc != f->crc))
		return bundle_altered(b, err, "'%s' in it is damaged", f->path);
	return r;
}

/* @s->fd or @s->out is set, or neither. @whole: compare the SHA-256, too. */
static int get_file(const struct bundle *b, const struct bundle_file *f, struct sink *s, bool whole, struct err *err)
{
	struct sha256 sum;
	char hex[SHA256_HEX];

	sha256_init(&sum);
	s->sum = whole ? &sum : NULL;
	if ((f == b->files ? copy_program(b, f, s, err) : inflate_file(b, f, s, err)) < 0)
		return -1;
	sha256_hex(&sum, hex);
	if (whole && strcmp(hex, f->sum) != 0)
		return bundle_altered(b, err, "'%s' in it has another SHA-256 sum", f->path);
	return 0;
}

int bundle_read(const struct bundle *b, const char *path, size_t limit, struct buf *out, struct err *err)
{
	const struct bundle_file *f = bundle_find(b, path);
	struct sink s = {.fd = -1, .out = out, .limit = limit};

	if (!f)
		return err_set(err, "there is no '%s' in '%s'", path, b->path);
	if (f->size > limit)
		return err_set(err, "'%s' in '%s' is larger than %zu bytes", path, b->path, limit);
	return get_file(b, f, &s, true, err);
}

int bundle_check(const struct bundle *b, struct err *err)
{
	struct sink s = {.fd = -1};

	for (size_t i = 0; i < b->count; i++)
		if (get_file(b, &b->files[i], &s, true, err) < 0)
			return -1;
	return 0;
}

/* ---- files ---- */

static int write_file(const struct bundle *b, const struct bundle_file *f, const char *dir, bool whole, struct err *err)
{
	cleanup_free char *path = path_join(dir, f->path), *folder = path_dir(path);
	struct sink s = {.fd = -1, .path = path};
	cleanup_fd int fd = -1;

	if (file_make_dirs(folder, NULL) < 0)
		return store_write_error(err, folder);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, f->mode == 0755 ? 0777 : 0666);
	if (fd < 0)
		return store_write_error(err, path);
	s.fd = fd;
	if (get_file(b, f, &s, whole, err) < 0)
		return -1;
	/* Where there are quotas or a network between, this is the moment to hear of a full disk. */
	return close(fd_steal(&fd)) < 0 ? store_write_error(err, path) : 0;
}

static int write_all(const struct bundle *b, const char *dir, struct err *err)
{
	for (size_t i = 0; i < b->count; i++)
		if (write_file(b, &b->files[i], dir, true, err) < 0)
			return -1;
	return 0;
}

int bundle_unpack(const struct bundle *b, const char *dir, struct err *err)
{
	cleanup_free char *name = xstrdup(dir), *tmp = NULL;
	size_t n = strlen(name);
	struct stat st;
	int r;

	while (n > 1 && name[n - 1] == '/')
		name[--n] = '\0';
	if (lstat(name, &st) == 0) {
		err_set(err, "'%s' is there already", name);
		return err_hint(err, "name a folder that is not: it is made");
	}
	tmp = xasprintf("%s.tmp.%ld", name, (long)getpid());
	if (mkdir(tmp, 0777) < 0)
		return err_errno(err, "cannot create folder '%s'", name);
	r = write_all(b, tmp, err);
	if (r == 0 && rename(tmp, name) < 0)
		r = err_errno(err, "cannot rename to '%s'", name);
	if (r < 0)
		file_remove_tree(tmp);
	return r;
}

/* ---- the store ---- */

struct provide {
	const struct bundle *b;
	const char *store;
};

static bool is_needed(const struct bundle_file *f)
{
	return text_starts(f->path, "kit/") || text_starts(f->path, "qemu/");
}

static int provide_build(const char *dir, void *arg, struct err *err)
{
	const struct provide *p = arg;
	uint64_t total = 0;

	for (size_t i = 0; i < p->b->count; i++)
		total += is_needed(&p->b->files[i]) ? p->b->files[i].size : 0;
	if (store_reserve(p->store, total, err) < 0)
		return -1;
	for (size_t i = 0; i < p->b->count; i++)
		if (is_needed(&p->b->files[i]) && write_file(p->b, &p->b->files[i], dir, false, err) < 0)
			return -1;
	return 0;
}

int bundle_provide(const struct bundle *b, const char *store, char **path, struct err *err)
{
	struct provide p = {.b = b, .store = store};

	if (store_get(store, BUNDLE_KIND, b->key, provide_build, &p, path, err) == 0)
		return 0;
	return err_wrap(err, "cannot unpack '%s'", b->path);
}
