/* text.c - foreign bytes made printable, and the small string helpers */
#include "unit.h"

#include <stdlib.h>

#include "base/text.h"

#define BAD "\ufffd"

static struct buf shown;

static const char *clean_n(const char *bytes, size_t n)
{
	buf_clear(&shown);
	text_clean(&shown, bytes, n);
	return buf_str(&shown);
}

static const char *clean(const char *bytes)
{
	return clean_n(bytes, strlen(bytes));
}

TEST(text, clean_keeps_text)
{
	CHECK_STR(clean("a\tb\nGröße \u20ac \U0001f427"), "a\tb\nGröße \u20ac \U0001f427");
}

TEST(text, clean_drops_carriage_returns)
{
	CHECK_STR(clean("a\r\nb\r"), "a\nb");
}

TEST(text, clean_replaces_controls)
{
	CHECK_STR(clean("a\x01\x7f\b"), "a" BAD BAD BAD);
	CHECK_STR(clean("\xc2\x80\xc2\x9b\xc2\xa0"), BAD BAD "\u00a0");
	CHECK_STR(clean_n("a\0b", 3), "a" BAD "b");
}

TEST(text, clean_replaces_separators_and_non_characters)
{
	CHECK_STR(clean("\u2027\u2028\u2029\u202a"), "\u2027" BAD BAD "\u202a");
	CHECK_STR(clean("\uffee\xef\xbf\xbe\xef\xbf\xbf"), "\uffee" BAD BAD);
}

TEST(text, clean_drops_escape_sequences)
{
	CHECK_STR(clean("\033[1;31mred\033[0m"), "red");
	CHECK_STR(clean("\033[?2004h\033[6n$"), "$");
	CHECK_STR(clean("\033]0;title\007a"), "a");
	CHECK_STR(clean("\033]0;title\033\\a"), "a");
	CHECK_STR(clean("\033P+q544e\033\\a"), "a");
	CHECK_STR(clean("\033(B\033[ma\033Mb\033=c"), "abc");
}

TEST(text, clean_ends_a_broken_escape_sequence)
{
	CHECK_STR(clean("a\033"), "a");
	CHECK_STR(clean("a\033["), "a");
	CHECK_STR(clean("a\033[12"), "a");
	CHECK_STR(clean("a\033("), "a");
	CHECK_STR(clean("a\033[1\nb"), "a\nb");
	CHECK_STR(clean("a\033]0;title\nb"), "a\nb");
	CHECK_STR(clean("a\033\nb"), "a\nb");
	CHECK_STR(clean("a\033\033[0mb"), "ab");
}

TEST(text, clean_replaces_each_bad_byte)
{
	CHECK_STR(clean("\x80z"), BAD "z");
	CHECK_STR(clean("\xc0\xaf"), BAD BAD);		   /* overlong '/' */
	CHECK_STR(clean("\xe0\x80\xaf"), BAD BAD BAD);	   /* overlong */
	CHECK_STR(clean("\xed\xa0\x80"), BAD BAD BAD);	   /* surrogate */
	CHECK_STR(clean("\xf4\x90\x80\x80"), BAD BAD BAD BAD); /* beyond U+10FFFF */
	CHECK_STR(clean("\xf8\x88\x80\x80\x80"), BAD BAD BAD BAD BAD);
	CHECK_STR(clean("\xe2\x82"), BAD BAD); /* truncated */
	CHECK_STR(clean("\xe2\x82z"), BAD BAD "z");
	CHECK_STR(clean("\xff\xfe"), BAD BAD);
}

TEST(text, utf8_length_at_the_borders)
{
	CHECK_INT(text_utf8_length("\x7f", 1), 1);
	CHECK_INT(text_utf8_length("\xc2\x80", 2), 2);
	CHECK_INT(text_utf8_length("\xc2\x80", 1), 0);
	CHECK_INT(text_utf8_length("\xe0\xa0\x80", 3), 3);
	CHECK_INT(text_utf8_length("\xed\x9f\xbf", 3), 3);
	CHECK_INT(text_utf8_length("\xf0\x90\x80\x80", 4), 4);
	CHECK_INT(text_utf8_length("\xf4\x8f\xbf\xbf", 4), 4);
	CHECK_INT(text_utf8_length("", 0), 0);
}

static const char *const options[] = {"--jobs", "--filter", "--accel", "--timeout", "--junit", NULL};

TEST(text, nearest_finds_the_typing_error)
{
	CHECK_STR(text_nearest("--jbos", options), "--jobs");
	CHECK_STR(text_nearest("--time-out", options), "--timeout");
	CHECK_STR(text_nearest("--acel", options), "--accel");
	CHECK_STR(text_nearest("--jobs", options), "--jobs");
}

TEST(text, nearest_finds_letters_that_changed_places)
{
	const char *const names[] = {"two", "tcg", "kvm", NULL};

	CHECK_STR(text_nearest("tow", names), "two");
	CHECK_STR(text_nearest("tgc", names), "tcg");
	CHECK_STR(text_nearest("kvn", names), "kvm");
}

TEST(text, nearest_does_not_guess)
{
	const char *const none[] = {NULL}, *const short_ones[] = {"is", "ok", "tan", NULL};

	CHECK(!text_nearest("i", short_ones));
	CHECK(!text_nearest("foo", short_ones));
	CHECK(!text_nearest("debian", short_ones));

	CHECK(!text_nearest("--verbose", options));
	CHECK(!text_nearest("", options));
	CHECK(!text_nearest("x", none));
}

TEST(text, nearest_survives_long_words)
{
	char word[1000];

	memset(word, 'x', sizeof(word) - 1);
	word[sizeof(word) - 1] = '\0';
	(void)text_nearest(word, options); /* the sanitizers judge */
}

TEST(text, starts_and_ends)
{
	CHECK(text_starts("abc", "ab") && text_starts("abc", "") && !text_starts("a", "ab"));
	CHECK(text_ends("abc", "bc") && text_ends("abc", "") && !text_ends("c", "bc"));
}

static const char *tail(const char *text, size_t lines, size_t bytes)
{
	return text_tail(text, strlen(text), lines, bytes);
}

TEST(text, tail_counts_lines)
{
	CHECK_STR(tail("a\nb\nc\n", 2, 100), "b\nc\n");
	CHECK_STR(tail("a\nb\nc", 2, 100), "b\nc");
	CHECK_STR(tail("a\nb\nc\n", 9, 100), "a\nb\nc\n");
	CHECK_STR(tail("a\n\n\n", 2, 100), "\n\n");
	CHECK_STR(tail("a\n", 0, 100), "");
	CHECK_STR(tail("", 3, 100), "");
}

TEST(text, tail_counts_bytes)
{
	CHECK_STR(tail("aaaa\nbbbb\n", 9, 7), "a\nbbbb\n");
	CHECK_STR(tail("aaaa\nbbbb\n", 1, 3), "bb\n");
	CHECK_STR(tail("aaaa\n", 1, 0), "");
}

static const char *quoted(const char *arg)
{
	buf_clear(&shown);
	text_quote_shell(&shown, arg);
	return buf_str(&shown);
}

TEST(text, shell_quotes)
{
	CHECK_STR(quoted("plain"), "'plain'");
	CHECK_STR(quoted(""), "''");
	CHECK_STR(quoted("it's"), "'it'\\''s'");
	CHECK_STR(quoted("a b\n$(c) `d` \\ \"e\""), "'a b\n$(c) `d` \\ \"e\"'");
}

static const char *word(const char *text)
{
	buf_clear(&shown);
	text_add_word(&shown, text);
	return buf_str(&shown);
}

TEST(text, words_are_quoted_where_they_must_be)
{
	CHECK_STR(word("tests/a-b.c:12"), "tests/a-b.c:12");
	CHECK_STR(word(""), "''");
	CHECK_STR(word("a b"), "'a b'");
	CHECK_STR(word("it's"), "'it'\\''s'");
	CHECK_STR(word("$x"), "'$x'");
	CHECK_STR(word("*.c"), "'*.c'");
}

static const char *lines_of(const char *text)
{
	const char *line;
	size_t n;

	buf_clear(&shown);
	while (text_next_line(&text, &line, &n))
		buf_addf(&shown, "[%.*s]", (int)n, line);
	return buf_str(&shown);
}

TEST(text, line_by_line)
{
	CHECK_STR(lines_of("a\nbc\n"), "[a][bc]");
	CHECK_STR(lines_of("a\nbc"), "[a][bc]");
	CHECK_STR(lines_of("\n\na"), "[][][a]");
	CHECK_STR(lines_of(""), "");
}

static const char *disarmed(const char *line)
{
	buf_clear(&shown);
	text_add_disarmed(&shown, line, strlen(line));
	return buf_str(&shown);
}

TEST(text, commands_of_ci_services_are_broken)
{
	CHECK_STR(disarmed("x ##[error]y"), "x ## [error]y");
	CHECK_STR(disarmed("##[a]##[b]"), "## [a]## [b]");
	CHECK_STR(disarmed("x ##vso[task.setvariable]y"), "x ##vso [task.setvariable]y");
	CHECK_STR(disarmed("##VSO[x]"), "##VSO [x]");
	CHECK_STR(disarmed("::error::x"), ": :error::x");
	CHECK_STR(disarmed(" \t::error::x"), " \t: :error::x");
}

TEST(text, what_is_no_command_stays)
{
	CHECK_STR(disarmed("a::b fe80::1 [::1] #[x] vso[x] ##vsox[ # #["), "a::b fe80::1 [::1] #[x] vso[x] ##vsox[ # #[");
	CHECK_STR(disarmed(""), "");
	CHECK_STR(disarmed(": :x"), ": :x");
}

TEST(text, commands_count_under_a_service)
{
	unsetenv("GITHUB_ACTIONS");
	unsetenv("TF_BUILD");
	CHECK(!text_commands_count());
	setenv("GITHUB_ACTIONS", "", 1);
	CHECK(!text_commands_count());
	setenv("GITHUB_ACTIONS", "true", 1);
	CHECK(text_commands_count());
	unsetenv("GITHUB_ACTIONS");
	setenv("TF_BUILD", "True", 1);
	CHECK(text_commands_count());
}
