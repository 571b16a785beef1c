/* show.c - the value of an expression, as a person at a prompt sees it */
#include "unit.h"

#include "script/show.h"
#include "script/types.h"

static struct buf out;

#define SHOWN(name, value) (buf_clear(&out), show_##name(&out, &(value)), buf_str(&out))

TEST(show, numbers)
{
	CHECK_STR(SHOWN(int, (int){-5}), "-5\n");
	CHECK_STR(SHOWN(uint, (unsigned){0xffffffffu}), "4294967295\n");
	CHECK_STR(SHOWN(char, (char){'a'}), "97\n");
	CHECK_STR(SHOWN(ulong, (unsigned long){1ul << 63}), "9223372036854775808\n");
	CHECK_STR(SHOWN(double, (double){0.1}), "0.1\n");
	CHECK_STR(SHOWN(bool, (bool){true}), "true\n");
	CHECK_STR(SHOWN(pointer, (void *){NULL}), "NULL\n");
}

TEST(show, text_disarms_what_commands_a_terminal)
{
	CHECK_STR(SHOWN(text, (const char *){"a\tb\nä"}), "a\tb\nä\n");
	CHECK_STR(SHOWN(text, (const char *){"\033[2J\r\x7f\xff\xc2\x9b"}), "\\x1b[2J\\x0d\\x7f\\xff\\xc2\\x9b\n");
	CHECK_STR(SHOWN(text, (const char *){""}), "");
	CHECK_STR(SHOWN(text, (const char *){NULL}), "NULL\n");
}

TEST(show, results)
{
	struct result r = {.status = 3, .out = (char[]){"a\nb\n"}, .out_len = 4, .err = (char[]){""}, .seconds = 0.25};

	CHECK_STR(SHOWN(result, r), "exit status 3, 0.250 s\nout: a\nb\n");
	r.timed_out = true;
	r.out_len = 0;
	CHECK_STR(SHOWN(result, r), "timed out, 0.250 s\n");
	buf_free(&out);
}
