/* source.h - the bytes of an image file, inflated when they are gzip */
#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

struct gzip;

/**
 * struct source - A stream that is read once, front to back
 * @name:	The file's path, for messages; not owned
 * @offset:	Bytes handed out so far (inflated ones)
 *
 * Start with `= {.fd = -1}`, end with source_close().
 */
struct source {
	const char *name;
	uint64_t offset;
	int fd;
	struct gzip *gzip;
	uint8_t *data;
	size_t at, len;
};

/**
 * source_open() - Open a file and see whether it is gzip, by its first bytes
 * @err:	"cannot open '...'", "'...' is empty", not a file
 *
 * A pipe is refused: the store finds an image by its content, and a pipe has
 * none that could be read twice. Does not block on one.
 *
 * Return: 0, or -1
 */
int source_open(struct source *s, const char *path, struct err *err);
void source_close(struct source *s);
#define cleanup_source __attribute__((cleanup(source_close)))

/**
 * source_next() - The next bytes, without a copy
 * @data:	Set; valid until the next call
 * @max:	Most bytes to take
 * Return: how many, at least 1; 0 at the end; -1 on error
 */
ssize_t source_next(struct source *s, const uint8_t **data, size_t max, struct err *err);

/**
 * source_peek() - Look at the next bytes and leave them where they are
 * @data:	Set; valid until the next call
 * @want:	Bytes to have, at most SOURCE_PEEK_MAX
 *
 * A gzip stream comes in pieces of any size: this puts them together.
 *
 * Return: how many are there, fewer than @want at the end only; -1 on error
 */
ssize_t source_peek(struct source *s, const uint8_t **data, size_t want, struct err *err);
#define SOURCE_PEEK_MAX (64u * 1024)

/**
 * source_finish() - Read what is left, so that all of a gzip stream has been checked
 * @limit:	Most bytes that may be left
 * @err:	damaged, truncated, or more than that
 *
 * The sum of a gzip stream stands at its very end, behind the end mark of the
 * archive in it. What is left of a plain file is not read.
 *
 * Return: 0, or -1
 */
int source_finish(struct source *s, uint64_t limit, struct err *err);

/**
 * source_fd() - Open something to read that ought to be a file, without waiting if it is a pipe
 * @flags:	O_NOFOLLOW, or 0
 *
 * Waits for a lease that another process has on the file to be given up, which
 * the kernel sees to (fcntl(2), F_SETLEASE).
 *
 * Return: a descriptor, or -1 with errno
 */
int source_fd(const char *path, int flags);

/* The first @n bytes of a file as they are, gzip or not. Return: how many there are, or -1 as source_open() does. */
ssize_t source_head(const char *path, void *data, size_t n, struct err *err);

/* Copy @n bytes. Return: how many came (fewer at the end only), or -1. */
ssize_t source_read(struct source *s, void *data, size_t n, struct err *err);

/* Pass over @n bytes. Return: 0, 1 when the stream ended before, or -1. */
int source_skip(struct source *s, uint64_t n, struct err *err);

#endif
