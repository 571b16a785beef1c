/* gzip_build.h - gzip members made in memory */
#ifndef GZIP_BUILD_H
#define GZIP_BUILD_H

#include <zlib.h>

#include "base/buf.h"

/* Append a gzip member. */
static inline void gzip_build(struct buf *out, const void *data, size_t n)
{
	z_stream z = {0};

	deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (unsigned char *)data;
	z.avail_in = (unsigned int)n;
	z.next_out = (unsigned char *)buf_reserve(out, deflateBound(&z, n));
	z.avail_out = (unsigned int)deflateBound(&z, n);
	deflate(&z, Z_FINISH);
	out->len += z.total_out;
	deflateEnd(&z);
}

#endif
