/* source.c - the bytes of an image file, inflated when they are gzip */
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

/*
 * Large enough that system calls do not count, small enough to stay in the
 * second-level cache between read(2) and write(2).
 */
#define SOURCE_WINDOW (256u * 1024)

static_assert(SOURCE_PEEK_MAX <= SOURCE_WINDOW, "what is peeked at must fit into the window");

static int source_check(struct source *s, struct err *err)
{
	struct stat st;

	if (fstat(s->fd, &st) < 0)
		return err_errno(err, "cannot read '%s'", s->name);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s' is %s", s->name,
			       S_ISDIR(st.st_mode) ? "a folder" : "neither a file nor a folder");
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
	} else {
		n = fd_read_full(s->fd, s->data + s->len, SOURCE_WINDOW - s->len);
		if (n < 0)
			err_errno(err, "cannot read '%s'", s->name);
	}
	if (n > 0)
		s->len += (size_t)n;
	return n;
}

/* gzip starts over from the first byte: its header is part of the stream. */
static int source_detect(struct source *s, struct err *err)
{
	if (source_fill(s, err) < 0)
		return -1;
	if (!gzip_is(s->data, s->len))
		return 0;
	if (lseek(s->fd, 0, SEEK_SET) < 0)
		return err_errno(err, "cannot read '%s' again from its start", s->name);
	s->gzip = gzip_open(s->fd, s->name);
	s->len = 0;
	return 0;
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
	s->data = xmalloc(SOURCE_WINDOW);
	return source_detect(s, err);
}

void source_close(struct source *s)
{
	gzip_close(s->gzip);
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

	while (s->gzip) {
		const uint8_t *piece;
		ssize_t n = source_next(s, &piece, SOURCE_WINDOW, err);

		if (n <= 0)
			return (int)n;
		if (s->offset > end)
			return err_set(err, "'%s' inflates to more than %llu bytes behind its end mark", s->name,
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

int source_skip(struct source *s, uint64_t n, struct err *err)
{
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
