/* gzip.c - inflating, whole and broken */
#include "unit.h"

#include <zlib.h>

#include "base/mem.h"
#include "base/gzip.h"

/* Append a gzip member. */
static void deflate_to(struct buf *out, const void *data, size_t n)
{
	z_stream z = {0};

	deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (unsigned char *)data;
	z.avail_in = (unsigned int)n;
	z.next_out = (unsigned char *)buf_reserve(out, deflateBound(&z, n));
	z.avail_out = (unsigned int)deflateBound(&z, n);
	deflate(&z, Z_FINISH);
	buf_commit(out, z.total_out);
	deflateEnd(&z);
}

TEST(gzip, members_and_padding_are_one_stream)
{
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};

	deflate_to(&in, "one ", 4);
	deflate_to(&in, "two", 3);
	buf_add(&in, "\0\0\0\0", 4);
	CHECK_INT(gzip_inflate("x", &in, 100, &out, &err), 0);
	CHECK_STR(buf_str(&out), "one two");
	CHECK_STR(err.text, "");
}

TEST(gzip, truncated)
{
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};

	deflate_to(&in, "some text that is cut", 21);
	in.len -= 10;
	CHECK_INT(gzip_inflate("x.gz", &in, 100, &out, &err), -1);
	CHECK_HAS(err.text, "'x.gz' is truncated: the gzip stream stops at byte");
}

TEST(gzip, damaged)
{
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};

	deflate_to(&in, "some text whose sum is wrong", 28);
	in.data[in.len - 6] ^= 1;
	CHECK_INT(gzip_inflate("x.gz", &in, 100, &out, &err), -1);
	CHECK_HAS(err.text, "'x.gz' is damaged: incorrect data check");
}

TEST(gzip, a_bomb_hits_the_limit)
{
	static char zeros[1 << 20];
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};

	deflate_to(&in, zeros, sizeof(zeros));
	CHECK_INT(gzip_inflate("x.gz", &in, 1000, &out, &err), -1);
	CHECK_HAS(err.text, "inflates to more than 1000 bytes");
}
