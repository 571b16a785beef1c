/* buf.c - growing bytes */
#include "unit.h"

#include <stdlib.h>

#include "base/buf.h"

TEST(buf, empty_is_a_string)
{
	cleanup_buf struct buf b = {0};

	CHECK_STR(buf_str(&b), "");
	buf_clear(&b);
	buf_consume(&b, 0);
	CHECK_STR(buf_str(&b), "");
}

TEST(buf, grows_and_stays_terminated)
{
	cleanup_buf struct buf b = {0};

	for (int i = 0; i < 1000; i++)
		buf_addc(&b, (char)('a' + i % 26));
	CHECK_INT(b.len, 1000);
	CHECK_INT(strlen(buf_str(&b)), 1000);
	CHECK_INT(b.data[999], 'a' + 999 % 26);
}

TEST(buf, keeps_nul_bytes)
{
	cleanup_buf struct buf b = {0};

	buf_add(&b, "a\0b", 3);
	CHECK_INT(b.len, 3);
	CHECK(memcmp(b.data, "a\0b", 4) == 0);
}

TEST(buf, adds_nothing)
{
	cleanup_buf struct buf b = {0};

	buf_add(&b, NULL, 0);
	buf_adds(&b, "");
	buf_addf(&b, "%s", "");
	CHECK_INT(b.len, 0);
	CHECK_STR(buf_str(&b), "");
}

TEST(buf, formats_longer_than_its_room)
{
	cleanup_buf struct buf b = {0};

	buf_adds(&b, "x");
	buf_addf(&b, "%0200d", 7);
	CHECK_INT(b.len, 201);
	CHECK_STR(buf_str(&b) + 198, "007");
}

TEST(buf, consumes_from_the_front)
{
	cleanup_buf struct buf b = {0};

	buf_adds(&b, "hello world");
	buf_consume(&b, 6);
	CHECK_STR(buf_str(&b), "world");
	buf_consume(&b, 5);
	CHECK_STR(buf_str(&b), "");
	buf_adds(&b, "again");
	CHECK_STR(buf_str(&b), "again");
}

TEST(buf, clear_keeps_the_memory)
{
	cleanup_buf struct buf b = {0};
	const char *before;

	buf_adds(&b, "abc");
	before = b.data;
	buf_clear(&b);
	CHECK_STR(buf_str(&b), "");
	buf_adds(&b, "d");
	CHECK(b.data == before);
}

TEST(buf, reserve_does_not_count)
{
	cleanup_buf struct buf b = {0};

	buf_adds(&b, "ab");
	memcpy(buf_reserve(&b, 100), "cd", 3);
	CHECK_INT(b.len, 2);
	CHECK(b.cap >= 103);
}

TEST(buf, steal_hands_over)
{
	struct buf b = {0};
	char *s;

	buf_adds(&b, "mine");
	s = buf_steal(&b);
	CHECK_STR(s, "mine");
	CHECK(!b.data && b.len == 0);
	free(s);
	s = buf_steal(&b);
	CHECK_STR(s, "");
	free(s);
}
