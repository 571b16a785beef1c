/* edit.c - a line that is being typed: keys in, a line out */
#include "unit.h"

#include "cmd/edit.h"

/* Type into a fresh line with this history; ends are as edit_key() says of the last byte. */
static struct edit e;
static enum edit_event last;

static const char *typed_on(const char *keys)
{
	for (; *keys; keys++)
		last = edit_key(&e, *keys);
	return buf_str(&e.line);
}

static const char *typed(const char *keys)
{
	edit_begin(&e, "> ");
	return typed_on(keys);
}

static const char *row(unsigned columns)
{
	static struct buf out;

	buf_clear(&out);
	edit_show(&e, columns, &out);
	return buf_str(&out);
}

static size_t find(void *arg, const char *line, size_t at, struct buf *choices)
{
	static const char *const words[] = {"server", "set", "one"};
	size_t start = at;

	(void)arg;
	while (start > 0 && line[start - 1] != ' ')
		start--;
	for (size_t i = 0; i < 3; i++)
		if (strncmp(words[i], line + start, at - start) == 0)
			buf_addf(choices, "%s\n", words[i]);
	return start;
}

TEST(edit, moves_and_inserts)
{
	CHECK_STR(typed("bc\x01" "a\x05" "d"), "abcd");
	CHECK_STR(typed("ad\033[Dbc"), "abcd");
	CHECK_STR(typed("bd\033[D\033[D\033[Da\033[Cc"), "abcd");
	CHECK_STR(typed("b\033OHa\033OFc"), "abc");
	CHECK_STR(typed("b\033[1~a\033[4~c\033[C\033[Cd"), "abcd");
	edit_free(&e);
}

TEST(edit, cuts)
{
	CHECK_STR(typed("abc\x7f"), "ab");
	CHECK_STR(typed("\x7f\x08"), "");
	CHECK_STR(typed("abc\x01\033[3~"), "bc");
	CHECK_STR(typed("abc\x01\x04"), "bc");
	CHECK_STR(typed("abc\033[D\x0b"), "ab");
	CHECK_STR(typed("abc\033[D\x15"), "c");
	CHECK_STR(typed("one two  \x17"), "one ");
	CHECK_STR(typed("one\x17\x17"), "");
	edit_free(&e);
}

TEST(edit, keeps_characters_whole)
{
	CHECK_STR(typed("aä€\x7f"), "aä");
	CHECK_STR(typed("ä€\033[D\033[Dx\033[3~"), "x€");
	CHECK_STR(typed("\x80\xbf\x7f"), "");
	edit_free(&e);
}

TEST(edit, tells_ends)
{
	typed("a\r");
	CHECK(last == EDIT_LINE);
	typed("a\x03");
	CHECK(last == EDIT_CANCELLED);
	typed("\x04");
	CHECK(last == EDIT_END);
	typed("a\x04");
	CHECK(last == EDIT_MORE);
	typed("a\x0c");
	CHECK(last == EDIT_CLEAR);
	edit_free(&e);
}

TEST(edit, ignores_unknown_sequences)
{
	CHECK_STR(typed("a\033[15~b\033[1;5Cc\033xd\033[999999999999999999Ae\033OPf"), "abcdef");
	CHECK_STR(typed("a\x02\x1a\x00"), "a");
	edit_free(&e);
}

TEST(edit, steps_through_history)
{
	edit_remember(&e, "one");
	edit_remember(&e, "two");
	edit_remember(&e, "two");
	edit_remember(&e, "  ");
	CHECK_STR(typed("new\033[A"), "two");
	CHECK_STR(typed_on("\033[A"), "one");
	CHECK_STR(typed_on("\033[A"), "one");
	CHECK_STR(typed_on("\033[B\033[B"), "new");
	CHECK_STR(typed_on("\033[B"), "new");
	CHECK_STR(typed("\x10\x10\x0e"), "two");
	edit_free(&e);
}

TEST(edit, forgets_the_oldest_lines)
{
	for (int i = 0; i < EDIT_HISTORY_MAX + 2; i++) {
		char line[16];

		snprintf(line, sizeof(line), "%d", i);
		edit_remember(&e, line);
	}
	edit_begin(&e, "> ");
	for (int i = 0; i < EDIT_HISTORY_MAX + 5; i++)
		typed_on("\033[A");
	CHECK_STR(buf_str(&e.line), "2");
	edit_free(&e);
}

TEST(edit, completes)
{
	e.complete = find;
	CHECK_STR(typed("o\t"), "one");
	CHECK_STR(typed("1 s\t"), "1 se");
	typed_on("\t");
	CHECK(last == EDIT_MORE);
	typed_on("\t");
	CHECK(last == EDIT_LIST);
	CHECK_STR(buf_str(&e.choices), "server\nset\n");
	CHECK_STR(typed_on("r\t"), "1 server");
	CHECK_STR(typed("x\t\t"), "x");
	CHECK(last == EDIT_MORE);
	CHECK_STR(typed("o x\x01\033[C\t"), "one x");
	e.complete = NULL;
	CHECK_STR(typed("o\t"), "o");
	edit_free(&e);
}

TEST(edit, ignores_what_is_too_long)
{
	edit_begin(&e, "> ");
	for (int i = 0; i < EDIT_LINE_MAX + 10; i++)
		edit_key(&e, 'x');
	CHECK(e.line.len == EDIT_LINE_MAX);
	edit_free(&e);
}

TEST(edit, shows_the_part_around_the_cursor)
{
	typed("abc");
	CHECK_STR(row(80), "\r> abc\033[K\r\033[5C");
	typed("ab\033[D");
	CHECK_STR(row(80), "\r> ab\033[K\r\033[3C");
	typed("0123456789");
	CHECK_STR(row(8), "\r> 56789\033[K\r\033[7C");
	typed_on("\x01");
	CHECK_STR(row(8), "\r> 01234\033[K\r\033[2C");
	typed("äöü");
	CHECK_STR(row(80), "\r> äöü\033[K\r\033[5C");
	CHECK_STR(row(1), "\r> ü\033[K\r\033[3C");
	edit_free(&e);
}
