/* source.c - the bytes of an image file, or of a part of one, decompressed when they are compressed */
#include "image/source.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/gzip.h"
#include "image/decompress.h"

/*
 * Large enough that system calls do not count, small enough to stay in the
 * second-level cache between read(2) and write(2).
 */
#define SOURCE_WINDOW (256u * 1024)

/*
 * At the beginning there may be nothing that is wanted, and behind what was passed
 * over there is mostly a header, and then something else to pass over: the first
 * read there is small, and those that follow it grow.
 */
#define SOURCE_FIRST (4u * 1024)

static_assert(SOURCE_PEEK_MAX <= SOURCE_WINDOW, "what is peeked at must fit into the window");

static int source_check(struct source *s, struct err *err)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return err_errno(err, "cannot read '%s'", s->name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s' is %s", s->name,
			       S_ISDIR(st.st_mode) ? "a folder" : "neither a file nor a folder");
	s->left = (uint64_t)st.st_size;
	return st.st_size ? 0 : err_set(err, "'%s' is empty", s->name);
}

/* Get what comes next, behind what the window holds. Return: bytes, 0 at the end, or -1. */
static ssize_t source_fill(struct source *s, struct err *err)
{
	ssize_t n;

	memmove(s->data, s->data + s->at, s->len - s->at);
	s->len -= s->at;
	s->at = 0;
	if (s->gzip) {
		n = gzip_read(s->gzip, s->data + s->len, SOURCE_WINDOW - s->len, err);
	} else if (s->decompress) {
		n = decompress_read(s->decompress, s->data + s->len, SOURCE_WINDOW - s->len, err);
	} else {
		size_t room = SOURCE_WINDOW - s->len < s->step ? SOURCE_WINDOW - s->len : s->step;

		if (s->step < SOURCE_WINDOW)
			s->step *= 2;
		n = fd_read_full(s->fd, s->data + s->len, s->left < room ? (size_t)s->left : room);
		if (n < 0)
			err_errno(err, "cannot read '%s'", s->name);
		else
			s->left -= (uint64_t)n;
	}
	if (n > 0)
		s->len += (size_t)n;
	return n;
}

/* Decompression starts over from the first byte: a header is part of the stream. */
static int source_detect(struct source *s, struct err *err)
{
	const struct decompress_tool *tool;
	uint64_t size = s->left;
	bool gzip;

	s->data = xmalloc(SOURCE_WINDOW);
	s->limit = SOURCE_PACKED_MAX;
	s->step = SOURCE_FIRST;
	if (source_fill(s, err) < 0)
		return -1;
	gzip = gzip_is(s->data, s->len);
	tool = decompress_tool(s->data, s->len);
	if (!gzip && !tool)
		return 0;
	if (lseek(s->fd, -(off_t)s->len, SEEK_CUR) < 0)
		return err_errno(err, "cannot read '%s' again from its start", s->name);
	s->len = 0;
	if (gzip)
		s->gzip = gzip_open(s->fd, size, s->name);
	else
		s->decompress = decompress_open(tool, s->fd, size, s->name, err);
	return source_is_packed(s) ? 0 : -1;
}

int source_fd(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | flags);

	/* Only a file has leases, so this open() does not wait for a writer. */
	return fd < 0 && errno == EWOULDBLOCK ? open(path, O_RDONLY | O_CLOEXEC | flags) : fd;
}

static int source_begin(struct source *s, const char *path, struct err *err)
{
	*s = (struct source){.name = path, .fd = source_fd(path, 0)};
	return s->fd < 0 ? err_errno(err, "cannot open '%s'", path) : source_check(s, err);
}

int source_open(struct source *s, const char *path, struct err *err)
{
	if (source_begin(s, path, err) < 0)
		return -1;
	posix_fadvise(s->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return source_detect(s, err);
}

int source_open_part(struct source *s, const char *name, int fd, uint64_t offset, uint64_t size, struct err *err)
{
	*s = (struct source){.name = name, .fd = fcntl(fd, F_DUPFD_CLOEXEC, 0), .left = size};
	if (s->fd < 0 || lseek(s->fd, (off_t)offset, SEEK_SET) < 0)
		return err_errno(err, "cannot read '%s'", name);
	return source_detect(s, err);
}

void source_close(struct source *s)
{
	gzip_close(s->gzip);
	decompress_close(s->decompress);
	free(s->data);
	fd_close(&s->fd);
	*s = (struct source){.fd = -1};
}

ssize_t source_head(const char *path, void *data, size_t n, struct err *err)
{
	cleanup_source struct source s = {.fd = -1};
	ssize_t got;

	if (source_begin(&s, path, err) < 0)
		return -1;
	got = fd_read_full(s.fd, data, n);
	return got < 0 ? err_errno(err, "cannot read '%s'", path) : got;
}

ssize_t source_next(struct source *s, const uint8_t **data, size_t max, struct err *err)
{
	size_t n;

	if (s->at == s->len && source_fill(s, err) < 0)
		return -1;
	n = s->len - s->at < max ? s->len - s->at : max;
	*data = s->data + s->at;
	s->at += n;
	s->offset += n;
	if (s->sum)
		sha256_add(s->sum, *data, n);
	if (source_is_packed(s) && s->offset > s->limit)
		return err_set(err, "'%s' becomes more than %llu GiB when it is decompressed", s->name, SOURCE_PACKED_MAX >> 30);
	return (ssize_t)n;
}

ssize_t source_peek(struct source *s, const uint8_t **data, size_t want, struct err *err)
{
	ssize_t n = 1;

	assert(want <= SOURCE_PEEK_MAX);
	while (s->len - s->at < want && n > 0)
		n = source_fill(s, err);
	*data = s->data + s->at;
	return n < 0 ? -1 : (ssize_t)(s->len - s->at);
}

int source_finish(struct source *s, uint64_t limit, struct err *err)
{
	uint64_t end = s->offset + limit;

	while (source_is_packed(s) || s->sum) {
		const uint8_t *piece;
		ssize_t n = source_next(s, &piece, SOURCE_WINDOW, err);

		if (n <= 0)
			return (int)n;
		if (s->offset > end)
			return err_set(err, "'%s' has more than %llu bytes behind its end mark", s->name,
				       (unsigned long long)limit);
	}
	return 0;
}

ssize_t source_read(struct source *s, void *data, size_t n, struct err *err)
{
	size_t got = 0;

	while (got < n) {
		const uint8_t *piece;
		ssize_t len = source_next(s, &piece, n - got, err);

		if (len < 0)
			return -1;
		if (len == 0)
			break;
		memcpy((uint8_t *)data + got, piece, (size_t)len);
		got += (size_t)len;
	}
	return (ssize_t)got;
}

/* Pass over what is not in the window. Return: 0, 1 when the file ends before, or -1. */
static int source_seek(struct source *s, uint64_t n, struct err *err)
{
	uint64_t window = s->len - s->at, beyond = n - window, there = beyond < s->left ? beyond : s->left;

	if (lseek(s->fd, (off_t)there, SEEK_CUR) < 0)
		return err_errno(err, "cannot read '%s'", s->name);
	s->at = s->len;
	s->left -= there;
	s->step = SOURCE_FIRST;
	s->offset += window + there;
	return there < beyond;
}

int source_skip(struct source *s, uint64_t n, struct err *err)
{
	if (n > s->len - s->at + SOURCE_FIRST && !source_is_packed(s) && !s->sum)
		return source_seek(s, n, err);
	while (n) {
		const uint8_t *piece;
		ssize_t len = source_next(s, &piece, n < SOURCE_WINDOW ? (size_t)n : SOURCE_WINDOW, err);

		if (len < 0)
			return -1;
		if (len == 0)
			return 1;
		n -= (uint64_t)len;
	}
	return 0;
}

int source_copy(struct source *s, struct erofs_writer *w, struct inode *i, uint64_t offset, uint64_t n, struct err *err)
{
	while (n) {
		const uint8_t *data;
		ssize_t got = source_next(s, &data, n < SOURCE_WINDOW ? (size_t)n : SOURCE_WINDOW, err);

		if (got <= 0)
			return got < 0 ? -1 : 1;
		if (erofs_file_write(w, i, offset, data, (size_t)got, err) < 0)
			return -1;
		offset += (uint64_t)got;
		n -= (uint64_t)got;
	}
	return 0;
}
