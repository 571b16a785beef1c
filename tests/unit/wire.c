/* wire.c - frames, well made and hostile */
#include "unit.h"

#include <stdlib.h>

#include "wire/frame.h"

/* A frame with one field of each type. */
static void put_sample(struct buf *b, uint32_t id)
{
	size_t mark = wire_begin(b, 7, id);

	wire_put_u8(b, 0xfe);
	wire_put_u32(b, 0xfedcba98);
	wire_put_u64(b, 0xfedcba9876543210);
	wire_put_bytes(b, "a\0b", 3);
	wire_put_str(b, "text");
	wire_put_str(b, NULL);
	wire_end(b, mark);
}

static void check_sample(const struct frame *f, uint32_t id)
{
	struct wire_reader r = wire_read(f);
	char *text;
	size_t n;

	CHECK_INT(f->type, 7);
	CHECK_INT(f->id, id);
	CHECK_INT(wire_get_u8(&r), 0xfe);
	CHECK_INT(wire_get_u32(&r), 0xfedcba98);
	CHECK(wire_get_u64(&r) == 0xfedcba9876543210);
	CHECK(memcmp(wire_get_bytes(&r, &n), "a\0b", 3) == 0 && n == 3);
	text = wire_get_str(&r);
	CHECK_STR(text, "text");
	free(text);
	text = wire_get_str(&r);
	CHECK_STR(text, "");
	free(text);
	CHECK(!r.bad && r.left == 0);
}

TEST(wire, round_trip_of_each_type)
{
	cleanup_buf struct buf b = {0};
	struct frame f;

	put_sample(&b, 0x80000001);
	CHECK_INT(wire_next(&b, &f), 1);
	check_sample(&f, 0x80000001);
	CHECK_INT(wire_size(&f), b.len);
}

TEST(wire, header_is_little_endian)
{
	cleanup_buf struct buf b = {0};

	wire_end(&b, wire_begin(&b, 0x0102, 0x03040506));
	CHECK_INT(b.len, WIRE_HEADER_SIZE);
	CHECK(memcmp(b.data, "\0\0\0\0\x74\x76\x02\x01\x06\x05\x04\x03", 12) == 0);
}

TEST(wire, frames_follow_each_other)
{
	cleanup_buf struct buf b = {0};
	struct frame f;

	for (uint32_t id = 1; id <= 3; id++)
		put_sample(&b, id);
	for (uint32_t id = 1; id <= 3; id++) {
		CHECK_INT(wire_next(&b, &f), 1);
		check_sample(&f, id);
		buf_consume(&b, wire_size(&f));
	}
	CHECK_INT(b.len, 0);
	CHECK_INT(wire_next(&b, &f), 0);
}

TEST(wire, part_of_a_frame_waits)
{
	cleanup_buf struct buf whole = {0};
	struct buf part = {0};
	struct frame f;

	put_sample(&whole, 1);
	CHECK_INT(wire_next(&part, &f), 0);
	for (size_t n = 1; n < whole.len; n++) {
		buf_clear(&part);
		buf_add(&part, whole.data, n);
		CHECK_INT(wire_next(&part, &f), 0);
	}
	buf_free(&part);
}

TEST(wire, wrong_magic_breaks_the_stream)
{
	cleanup_buf struct buf b = {0};
	struct frame f;

	put_sample(&b, 1);
	b.data[4] ^= 1;
	CHECK_INT(wire_next(&b, &f), -1);
	buf_clear(&b);
	buf_adds(&b, "[    0.000000] Linux version");
	CHECK_INT(wire_next(&b, &f), -1);
}

TEST(wire, impossible_length_breaks_the_stream)
{
	cleanup_buf struct buf b = {0};
	struct frame f;

	put_sample(&b, 1);
	memcpy(b.data, "\xff\xff\xff\xff", 4);
	CHECK_INT(wire_next(&b, &f), -1);
	memcpy(b.data, "\x01\x00\x10\x00", 4); /* WIRE_PAYLOAD_MAX + 1 */
	CHECK_INT(wire_next(&b, &f), -1);
	memcpy(b.data, "\x00\x00\x10\x00", 4);
	CHECK_INT(wire_next(&b, &f), 0);
}

/* A frame whose payload is @n bytes. */
static struct wire_reader payload(const void *bytes, size_t n)
{
	struct frame f = {.payload = bytes, .len = n};

	return wire_read(&f);
}

TEST(wire, truncated_integers_are_bad)
{
	struct wire_reader r = payload("\1\2\3", 3);

	CHECK_INT(wire_get_u32(&r), 0);
	CHECK(r.bad);
	r = payload("\1\2\3\4\5\6\7", 7);
	CHECK(wire_get_u64(&r) == 0 && r.bad);
	r = payload("", 0);
	CHECK(wire_get_u8(&r) == 0 && r.bad);
}

TEST(wire, bad_stays_bad)
{
	struct wire_reader r = payload("\1\2\3", 3);
	size_t n = 9;

	wire_get_u32(&r);
	CHECK_INT(wire_get_u8(&r), 0);
	CHECK_STR(wire_get_bytes(&r, &n), "");
	CHECK_INT(n, 0);
	CHECK(r.bad);
}

TEST(wire, length_beyond_the_payload_is_bad)
{
	struct wire_reader r = payload("\4\0\0\0abc", 7);
	size_t n;
	char *s;

	wire_get_bytes(&r, &n);
	CHECK(n == 0 && r.bad);
	r = payload("\xff\xff\xff\xff" "abc", 7);
	s = wire_get_str(&r);
	CHECK_STR(s, "");
	CHECK(r.bad);
	free(s);
}

TEST(wire, inner_nul_is_bad_in_a_string)
{
	struct wire_reader r = payload("\3\0\0\0a\0b\2\0\0\0cd", 13);
	char *s = wire_get_str(&r);

	CHECK_STR(s, "");
	CHECK(r.bad);
	free(s);
}
