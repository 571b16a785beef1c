/* diff.c - where two texts differ, for people */
#include "unit.h"

#include "script/diff.h"

static struct buf out;

#define DIFF(wanted, found) (buf_clear(&out), diff_texts(&out, wanted, found) ? buf_str(&out) : "none")

TEST(diff, lines_that_differ_have_what_is_around_them)
{
	CHECK_STR(DIFF("a\nb\nx\nc\nd\ne\nf\ng\nh\nI\nj\n", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"),
		  "- wanted, + found\n@@ line 1 @@\n  a\n  b\n- x\n  c\n  d\n@@ line 7 @@\n  g\n  h\n- I\n+ i\n  j\n");
	CHECK_STR(DIFF("1\n2\n3\n4\n", "1\n2\n3\n4\n5\n"), "- wanted, + found\n@@ line 3 @@\n  3\n  4\n+ 5\n");
	CHECK_STR(DIFF("a\nb", ""), "- wanted, + found\n@@ line 1 @@\n- a\n- b\n");
}

TEST(diff, what_cannot_be_seen_is_escaped_where_it_is_the_difference)
{
	CHECK_STR(DIFF("a\nb\n", "a\nb \n"), "- wanted, + found\n@@ line 1 @@\n  a\n- \"b\\n\"\n+ \"b \\n\"\n");
	CHECK_STR(DIFF("a\nb\n", "a\nb"), "- wanted, + found\n@@ line 1 @@\n  a\n- \"b\\n\"\n+ \"b\"\n");
	CHECK_STR(DIFF("a\tx\nb", "a  x\nb"), "- wanted, + found\n@@ line 1 @@\n- \"a\\tx\\n\"\n+ \"a  x\\n\"\n  b\n");
	CHECK_STR(DIFF("a\nb", "a\n\033[1m\xff"), "- wanted, + found\n@@ line 1 @@\n  a\n- \"b\"\n+ \"\\x1b[1m\\xff\"\n");
}

TEST(diff, one_long_line_points_at_the_first_byte)
{
	CHECK_STR(DIFF("one\nThe quick brown fox jumped", "one\nThe quick brown f\xc3\xb6x jumped"),
		  "- wanted, + found\n@@ line 1 @@\n  one\n- The quick brown fox jumped\n+ The quick brown f\xc3\xb6x jumped\n"
		  "                   ^ byte 18\n");
}

TEST(diff, a_difference_far_behind_is_in_sight)
{
	char a[400], b[400];

	memset(a, 'x', sizeof(a));
	a[399] = '\0';
	memcpy(b, a, sizeof(b));
	b[300] = 'y';
	CHECK_HAS(DIFF(a, b), "\n+ ...xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxyxxx");
	CHECK_HAS(DIFF(a, b), "\n                                             ^ byte 301\n");
}

TEST(diff, two_short_lines_tell_by_themselves)
{
	CHECK_STR(DIFF("a", "b"), "none");
	CHECK_STR(DIFF("a\n", "a"), "none");
	CHECK_STR(DIFF("a\nb\n", "a\nb\n"), "none");
}

TEST(diff, of_long_texts_a_page_is_shown_and_a_line_that_was_put_in_is_one_line)
{
	cleanup_buf struct buf a = {0}, b = {0}, c = {0};

	for (int i = 0; i < 3000; i++) {
		buf_addf(&a, "line %d\n", i);
		buf_addf(&b, "%sline %d\n", i == 1000 ? "new\n" : "", i);
		buf_addf(&c, "other %d\n", i);
	}
	CHECK_STR(DIFF(buf_str(&a), buf_str(&b)),
		  "- wanted, + found\n@@ line 999 @@\n  line 998\n  line 999\n+ new\n  line 1000\n  line 1001\n");
	CHECK_HAS(DIFF(buf_str(&a), buf_str(&c)), "\n- line 58\n(941 lines left out)\n");
}
