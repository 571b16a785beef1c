/* source.h - the bytes of an image file, or of a part of one, decompressed when they are compressed */
#ifndef IMAGE_SOURCE_H
#define IMAGE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/sha256.h"
#include "image/erofs.h"

#define SOURCE_PACKED_MAX (EROFS_BYTES_MAX + (2ull << 30)) /* bytes that a compressed file may become: a full image, and its headers */

struct gzip;
struct decompress;

/**
 * struct source - A stream that is read once, front to back
 * @name:	The file's path, for messages; not owned
 * @offset:	Bytes handed out so far (decompressed ones), and passed over
 * @limit:	What @offset may become, of a compressed file: SOURCE_PACKED_MAX, or less
 * @sum:	When not NULL, fed all that is handed out or passed over
 *
 * Start with `= {.fd = -1}`, end with source_close().
 */
struct source {
	const char *name;
	uint64_t offset, limit;
	struct sha256 *sum;
	int fd;
	uint64_t left; /* bytes of the file that were not read */
	size_t step;   /* most to read at a time */
	struct gzip *gzip;
	struct decompress *decompress;
	uint8_t *data;
	size_t at, len;
};

/**
 * source_open() - Open a file and see whether it is compressed, by its first bytes
 * @err:	"cannot open '...'", "'...' is empty", not a file; compressed so that a
 *		program is needed that is not there (decompress.h)
 *
 * A pipe is refused: the store finds an image by its content, and a pipe has
 * none that could be read twice. Does not block on one.
 *
 * Return: 0, or -1
 */
int source_open(struct source *s, const char *path, struct err *err);

/**
 * source_open_part() - The same for a part of a file that is open
 * @fd:		Stays the caller's, who must not move it while the part is read
 */
int source_open_part(struct source *s, const char *name, int fd, uint64_t offset, uint64_t size, struct err *err);
void source_close(struct source *s);
#define cleanup_source __attribute__((cleanup(source_close)))

/* Return: whether what is handed out is not what the file has. */
static inline bool source_is_packed(const struct source *s)
{
	return s->gzip || s->decompress;
}

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
 * A compressed stream comes in pieces of any size: this puts them together.
 *
 * Return: how many are there, fewer than @want at the end only; -1 on error
 */
ssize_t source_peek(struct source *s, const uint8_t **data, size_t want, struct err *err);
#define SOURCE_PEEK_MAX (65u * 1024) /* the magic of Btrfs is at 65600 */

/**
 * source_finish() - Read what is left, so that all of a compressed stream has been checked, and all was summed
 * @limit:	Most bytes that may be left
 * @err:	damaged, truncated, or more than that
 *
 * The sum of a compressed stream stands at its very end, behind the end mark of
 * the archive in it. What is left of a plain file without @s->sum is not read.
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

/* Pass over @n bytes, of a plain file without reading them. Return: 0, 1 when the stream ended before, or -1. */
int source_skip(struct source *s, uint64_t n, struct err *err);

/* Copy @n bytes to a file of an image. Return: 0, 1 when the stream ended before, or -1. */
int source_copy(struct source *s, struct erofs_writer *w, struct inode *i, uint64_t offset, uint64_t n, struct err *err);

#endif
