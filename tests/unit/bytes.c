/* bytes.c - little-endian numbers in bytes */
#include "unit.h"

#include "base/bytes.h"

TEST(bytes, lowest_first)
{
	uint8_t p[9] = {0};

	put_le16(p + 1, 0x2211);
	CHECK(memcmp(p, "\0\x11\x22\0", 4) == 0);
	put_le32(p + 1, 0x44332211);
	CHECK(memcmp(p, "\0\x11\x22\x33\x44\0", 6) == 0);
	put_le64(p + 1, 0x8877665544332211);
	CHECK(memcmp(p, "\0\x11\x22\x33\x44\x55\x66\x77\x88", 9) == 0);
}

TEST(bytes, there_and_back)
{
	uint8_t p[9];

	put_le16(p + 1, 0xfffe);
	CHECK_INT(get_le16(p + 1), 0xfffe);
	put_le32(p + 1, 0xfffefdfc);
	CHECK_INT(get_le32(p + 1), 0xfffefdfc);
	put_le64(p + 1, 0xfffefdfcfbfaf9f8);
	CHECK(get_le64(p + 1) == 0xfffefdfcfbfaf9f8);
}

TEST(bytes, what_does_not_fit_is_cut)
{
	uint8_t p[2];

	put_le16(p, 0x12345678);
	CHECK_INT(get_le16(p), 0x5678);
}
