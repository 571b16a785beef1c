/* gzip.h - inflating gzip streams (RFC 1952) with zlib */
#ifndef BASE_GZIP_H
#define BASE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct gzip;

/* Return: whether these first bytes of a file are gzip's. */
static inline bool gzip_is(const void *data, size_t n)
{
	const uint8_t *p = data;

	return n >= 3 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

/**
 * gzip_open() - Inflate from a descriptor
 * @fd:		Read from its position; not owned
 * @max:	Bytes to read of it at most, behind which there is something else; or UINT64_MAX
 * @name:	For messages; not owned
 */
struct gzip *gzip_open(int fd, uint64_t max, const char *name);
void gzip_close(struct gzip *g);

/**
 * gzip_read() - The next inflated bytes
 * @err:	damaged or truncated, with the byte where
 *
 * Members that follow each other are one stream, as gzip(1) has it; zeros
 * behind the last are padding.
 *
 * Return: how many, 0 at the end, or -1
 */
ssize_t gzip_read(struct gzip *g, void *out, size_t n, struct err *err);

/* Inflate a whole file that is in memory, appended to @out. @limit: most bytes. Return: 0 or -1. */
int gzip_inflate(const char *name, const struct buf *in, size_t limit, struct buf *out, struct err *err);

#endif
