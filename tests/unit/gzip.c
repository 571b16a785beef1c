/* gzip.c - inflating, whole and broken */
#include "unit.h"

#include "base/gzip.h"
#include "gzip_build.h"

TEST(gzip, members_and_padding_are_one_stream)
{
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};

	gzip_build(&in, "one ", 4);
	gzip_build(&in, "two", 3);
	buf_add(&in, "\0\0\0\0", 4);
	CHECK_INT(gzip_inflate("x", &in, 100, &out, &err), 0);
	CHECK_STR(buf_str(&out), "one two");
	CHECK_STR(err.text, "");
}

TEST(gzip, truncated)
{
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};

	gzip_build(&in, "some text that is cut", 21);
	in.len -= 10;
	CHECK_INT(gzip_inflate("x.gz", &in, 100, &out, &err), -1);
	CHECK_HAS(err.text, "'x.gz' is truncated: the gzip stream stops at byte");
}

TEST(gzip, damaged)
{
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};

	gzip_build(&in, "some text whose sum is wrong", 28);
	in.data[in.len - 6] ^= 1;
	CHECK_INT(gzip_inflate("x.gz", &in, 100, &out, &err), -1);
	CHECK_HAS(err.text, "'x.gz' is damaged: incorrect data check");
}

TEST(gzip, a_bomb_hits_the_limit)
{
	static char zeros[1 << 20];
	cleanup_buf struct buf in = {0}, out = {0};
	struct err err = {0};

	gzip_build(&in, zeros, sizeof(zeros));
	CHECK_INT(gzip_inflate("x.gz", &in, 1000, &out, &err), -1);
	CHECK_HAS(err.text, "inflates to more than 1000 bytes");
}
