/* tap_read.c - the TAP of another program, as points */
#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "report/tap_read.h"

static struct buf shown;

/* Return: a line for each point: "ok NAME", "skip NAME: why", "todo NAME: why", "FAIL NAME [notes]". */
static const char *read_text(const char *text)
{
	struct tap_read t;

	buf_clear(&shown);
	tap_read(&t, text, strlen(text));
	for (size_t i = 0; i < t.npoints; i++) {
		const struct tap_read_point *p = &t.points[i];

		buf_addf(&shown, "%s %s", p->directive == TAP_SKIP ? "skip" : p->directive == TAP_TODO ? "todo" : p->ok ? "ok" : "FAIL",
			 p->name);
		if (p->directive != TAP_NONE)
			buf_addf(&shown, ": %s", p->why);
		if (p->notes.len)
			buf_addf(&shown, " [%.*s]", (int)p->notes.len, p->notes.data);
		buf_addc(&shown, '\n');
	}
	tap_read_free(&t);
	return buf_str(&shown);
}

TEST(tap_read, plain_points)
{
	CHECK_STR(read_text("TAP version 13\n1..4\nok 1 - a\r\nnot ok 2 b\nok\nnot ok 4 - c # todo later\n"),
		  "ok a\nFAIL b\nok (no name)\ntodo c: later\n");
	CHECK_STR(read_text("ok 1 - a \\# b # SKIP no disk\n"), "skip a \\# b: no disk\n");
	CHECK_STR(read_text("okay\nnot okay\n# ok so far\n  ok then\n"), "");
}

TEST(tap_read, three_levels_by_blanks_and_by_hashes)
{
	CHECK_STR(read_text("KTAP version 1\n1..1\n  KTAP version 1\n  1..2\n    1..1\n    ok 1 deep\n  ok 1 mid\n  not ok 2 bad\nnot ok 1 top\n"),
		  "ok top / mid / deep\nok top / mid\nFAIL top / bad\nFAIL top\n");
	CHECK_STR(read_text("TAP version 13\n1..2\n# selftests: net: a.sh\n# # ok 1 deep\n# ok 1 inner\nok 1 selftests: net: a.sh\nok 2 b # SKIP\n"),
		  "ok selftests: net: a.sh / inner / deep\nok selftests: net: a.sh / inner\nok selftests: net: a.sh\nskip b: \n");
}

TEST(tap_read, plans_are_kept)
{
	CHECK_STR(read_text("1..3\nok 1 a\n"), "ok a\nFAIL plan of 3 points, but 1 came\n");
	CHECK_STR(read_text("ok 1 a\nok 2 b\n1..1\n"), "ok a\nok b\nFAIL plan of 1 points, but 2 came\n");
	CHECK_STR(read_text("    1..2\n    ok 1 in\nok 1 out\n1..1\n"), "ok out / in\nFAIL out / plan of 2 points, but 1 came\nok out\n");
	CHECK_STR(read_text("1..0 # SKIP no kvm\n"), "skip all: no kvm\n");
	CHECK_STR(read_text("1..2\nBail out! no disk\n"), "FAIL Bail out! no disk\nFAIL plan of 2 points, but 0 came\n");
}

TEST(tap_read, blocks_are_notes)
{
	CHECK_STR(read_text("not ok 1 a\n  ---\n  got: 1\n  ok 2 x\n  ...\nok 2 b\n"), "FAIL a [got: 1\nok 2 x]\nok b\n");
}

TEST(tap_read, names_are_unique)
{
	CHECK_STR(read_text("ok 1 a\nok 2 a\nok 3 a\n"), "ok a\nok a (2)\nok a (3)\n");
}

TEST(tap_read, more_points_than_are_kept_are_counted)
{
	cleanup_buf struct buf many = {0};
	struct tap_read t;

	for (int i = 0; i < TAP_READ_POINTS_MAX + 5; i++)
		buf_addf(&many, "not ok %d p%d\n", i, i);
	tap_read(&t, many.data, many.len);
	CHECK_INT(t.npoints, TAP_READ_POINTS_MAX);
	CHECK_INT(t.lost, 5);
	CHECK_INT(t.failed, TAP_READ_POINTS_MAX + 5);
	tap_read_free(&t);
}
