/* agent_dbus.c - the D-Bus wire format: a call as the specification wants it, replies of any quality */
#include "unit.h"

#include <stdlib.h>

#include "agent/dbus.h"

TEST(agent_dbus, a_call_byte_for_byte)
{
	static const char want[] = "l\1\0\1" "\6\0\0\0" "\1\0\0\0" "\67\0\0\0"
				   "\1\1o\0" "\2\0\0\0" "/x\0" "\0\0\0\0\0"
				   "\2\1s\0" "\1\0\0\0" "i\0" "\0\0\0\0\0\0"
				   "\3\1s\0" "\1\0\0\0" "m\0" "\0\0\0\0\0\0"
				   "\10\1g\0" "\1s\0" "\0"
				   "\1\0\0\0" "a";
	cleanup_buf struct buf body = {0}, out = {0};

	dbus_put_string(&body, "a");
	dbus_put_call(&out, 1, "/x", "i", "m", "s", &body);
	CHECK_INT(out.len, sizeof(want));
	CHECK(!memcmp(out.data, want, sizeof(want)));
}

TEST(agent_dbus, strings_are_aligned_and_counted)
{
	static const char *const names[] = {"a", "bcd"};
	cleanup_buf struct buf body = {0};

	dbus_put_strings(&body, names, 2);
	CHECK_INT(body.len, 20);
	CHECK(!memcmp(body.data, "\20\0\0\0" "\1\0\0\0a\0\0\0" "\3\0\0\0bcd", 20));
}

/* A message of ours, read back as if it were a reply. */
static void make_reply(struct buf *out, const char *signature, const struct buf *body)
{
	buf_add(out, "l\2\0\1", 4);
	dbus_put_u32(out, (uint32_t)body->len);
	dbus_put_u32(out, 9);
	dbus_put_u32(out, 14 + (uint32_t)strlen(signature));
	buf_add(out, "\5\1u\0\7\0\0\0", 8);
	buf_add(out, "\10\1g\0", 4);
	buf_addc(out, (char)strlen(signature));
	buf_add(out, signature, strlen(signature) + 1);
	while (out->len % 8)
		buf_addc(out, '\0');
	buf_add(out, buf_str(body), body->len);
}

static void add_pair(struct buf *body, const char *s, uint32_t v)
{
	while (body->len % 8)
		buf_addc(body, '\0');
	dbus_put_string(body, s);
	dbus_put_u32(body, v);
}

static void make_pairs(struct buf *out)
{
	cleanup_buf struct buf body = {0};

	dbus_put_u32(&body, 28);
	buf_add(&body, "\0\0\0\0", 4);
	add_pair(&body, "one", 1);
	add_pair(&body, "three", 3);
	body.data[0] = (char)(body.len - 8);
	make_reply(out, "a(su)", &body);
}

TEST(agent_dbus, a_reply_with_an_array_of_structures)
{
	cleanup_buf struct buf in = {0};
	struct dbus_message m;
	size_t end;

	make_pairs(&in);
	CHECK_INT(dbus_next(&in, &m), 1);
	CHECK_INT(m.type, DBUS_RETURN);
	CHECK_INT(m.reply_to, 7);
	CHECK_INT(m.size, in.len);
	CHECK_STR(m.signature, "a(su)");
	end = dbus_get_array(&m.body);
	CHECK(dbus_get_struct(&m.body, end));
	CHECK_STR(dbus_get_string(&m.body), "one");
	CHECK_INT(dbus_get_u32(&m.body), 1);
	CHECK(dbus_get_struct(&m.body, end));
	CHECK_STR(dbus_get_string(&m.body), "three");
	CHECK_INT(dbus_get_u32(&m.body), 3);
	CHECK(!dbus_get_struct(&m.body, end));
	CHECK(!m.body.bad);
}

TEST(agent_dbus, reading_past_the_end_is_noticed)
{
	cleanup_buf struct buf in = {0};
	struct dbus_message m;

	make_pairs(&in);
	CHECK_INT(dbus_next(&in, &m), 1);
	for (int i = 0; i < 20; i++)
		dbus_get_u32(&m.body);
	CHECK(m.body.bad);
	CHECK_INT(dbus_get_u32(&m.body), 0);
	CHECK_STR(dbus_get_string(&m.body), "");
}

TEST(agent_dbus, a_part_of_a_message_waits_for_more)
{
	cleanup_buf struct buf whole = {0};
	struct dbus_message m;

	make_pairs(&whole);
	for (size_t n = 0; n < whole.len; n++) {
		cleanup_buf struct buf part = {0};

		buf_add(&part, whole.data, n);
		CHECK_INT(dbus_next(&part, &m), 0);
	}
}

TEST(agent_dbus, not_a_message)
{
	struct dbus_message m;
	struct buf big_endian = {.data = (char[24]){"B\2\0\1"}, .len = 16};
	struct buf huge = {.data = (char[24]){"l\2\0\1\377\377\377\177"}, .len = 16};
	struct buf version = {.data = (char[24]){"l\2\0\2"}, .len = 16};

	CHECK_INT(dbus_next(&big_endian, &m), -1);
	CHECK_INT(dbus_next(&huge, &m), -1);
	CHECK_INT(dbus_next(&version, &m), -1);
}

/* Every byte changed to every value: nothing is read outside (the sanitizers watch). */
TEST(agent_dbus, damaged_messages_are_survived)
{
	cleanup_buf struct buf whole = {0};

	make_pairs(&whole);
	for (size_t i = 0; i < whole.len; i++) {
		for (int v = 0; v < 256; v++) {
			struct buf in = {.data = malloc(whole.len), .len = whole.len};
			struct dbus_message m;

			memcpy(in.data, whole.data, whole.len);
			in.data[i] = (char)v;
			if (dbus_next(&in, &m) == 1) {
				size_t end = dbus_get_array(&m.body);

				CHECK(m.size <= in.len);
				while (dbus_get_struct(&m.body, end)) {
					CHECK(dbus_get_string(&m.body) != NULL);
					dbus_get_u32(&m.body);
				}
			}
			free(in.data);
		}
	}
}
