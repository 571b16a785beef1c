/* report.c - points in points, several reporters, and a reader that takes nothing */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "report/report.h"
#include "report/sink.h"
#include "report/tap.h"

/* ---- subtests ---- */

static const char *shown(struct point *r)
{
	static struct buf text;

	buf_clear(&text);
	tap_format_point(&text, 1, r, false);
	point_free(r);
	return buf_str(&text);
}

TEST(subpoints, are_lines_of_the_flat_report_where_they_were_put)
{
	struct point r = {.name = xstrdup("t")};

	point_add_field(&r, "command", "false");
	r.subpoints_at = r.nfields;
	point_add_subpoint(&r, "one", VERDICT_FAILED);
	point_add_subpoint(&r, "two", VERDICT_PASSED);
	point_add_field(&r, "accel", "tcg");
	CHECK_STR(shown(&r), "ok 1 - t\n  ---\n  command: \"false\"\n  subtests: |\n    > failed: one\n    > passed: two\n"
			     "  accel: \"tcg\"\n  ...\n");
}

TEST(subpoints, one_is_a_line_and_an_inner_one_ends_before_the_outer)
{
	struct point r = {.name = xstrdup("t")}, nested = {.name = xstrdup("t")};
	struct point *outer;

	point_add_subpoint(&r, "only", VERDICT_PASSED);
	CHECK_STR(shown(&r), "ok 1 - t\n  ---\n  subtests: \"passed: only\"\n  ...\n");
	outer = point_add_subpoint(&nested, "outer", VERDICT_PASSED);
	point_add_subpoint(outer, "inner", VERDICT_SKIPPED);
	CHECK_STR(shown(&nested), "ok 1 - t\n  ---\n  subtests: |\n    > skipped: inner\n    > passed: outer\n  ...\n");
}

TEST(subpoints, a_field_cannot_pose_as_them)
{
	struct point r = {.name = xstrdup("t")};

	point_add_field(&r, "subtests", "passed: forged");
	CHECK_STR(shown(&r), "ok 1 - t\n");
}

TEST(subpoints, are_bounded_and_counted)
{
	struct point r = {.name = xstrdup("t")};

	for (int i = 0; i < POINT_SUBPOINTS_MAX + 3; i++)
		point_add_subpoint(&r, "again", VERDICT_PASSED);
	CHECK_INT(r.nsubpoints, POINT_SUBPOINTS_MAX);
	CHECK_INT(r.subpoints_lost, 3);
	CHECK_HAS(shown(&r), "    > (and 3 more)\n");
}

/* Return: a text of @n bytes, which stays until the next call. */
static const char *long_text(size_t n)
{
	static char *text;

	free(text);
	text = xmalloc(n + 1);
	memset(text, 'x', n);
	text[n] = '\0';
	return text;
}

TEST(point, texts_are_cut_at_their_limits)
{
	cleanup_point struct point r = {0};

	point_add_field(&r, long_text(POINT_KEY_MAX + 1), "v");
	point_add_field(&r, "value", long_text(POINT_VALUE_MAX + 1));
	point_add_note(&r, long_text(POINT_NOTE_MAX + 1));
	point_add_subpoint(&r, long_text(POINT_NAME_MAX + 1), VERDICT_PASSED);
	CHECK_INT(strlen(r.fields[0].key), POINT_KEY_MAX);
	CHECK_INT(strlen(r.fields[1].value), POINT_VALUE_MAX);
	CHECK_INT(strlen(r.notes[0]), POINT_NOTE_MAX);
	CHECK_INT(strlen(r.subpoints[0].name), POINT_NAME_MAX);
}

TEST(subpoints, are_copied_with_a_result)
{
	struct point r = {.name = xstrdup("setup"), .verdict = VERDICT_FAILED, .reason = xstrdup("no")}, copy;

	point_add_number(&r, "exit_status", 3);
	point_add_note(&r, "said once");
	point_add_subpoint(point_add_subpoint(&r, "outer", VERDICT_FAILED), "inner", VERDICT_FAILED);
	point_copy_result(&copy, &r);
	point_free(&r);
	CHECK(copy.name == NULL && copy.nnotes == 0);
	CHECK_STR(copy.reason, "no");
	CHECK(copy.fields[0].number);
	CHECK_STR(copy.subpoints[0].subpoints[0].name, "inner");
	point_free(&copy);
}

/* ---- reporters ---- */

static struct buf told;

struct witness {
	struct reporter reporter;
	const char *name;
	int fails; /* errno of its points, or 0 */
};

static int take_point(struct reporter *r, const struct point *p)
{
	const struct witness *w = (const struct witness *)r;

	buf_addf(&told, "%s:%s ", w->name, p->name);
	errno = w->fails;
	return w->fails ? -1 : 0;
}

static void take_notice(struct reporter *r, const char *text)
{
	buf_addf(&told, "%s!%s ", ((const struct witness *)r)->name, text);
}

TEST(report, every_reporter_is_told_in_order_whatever_others_do)
{
	static const struct reporter_ops points = {.point = take_point}, both = {.point = take_point, .notice = take_notice};
	struct witness a = {.reporter.ops = &points, .name = "a", .fails = EPIPE}, b = {.reporter.ops = &both, .name = "b"};
	struct point p = {.name = (char[]){"p"}};
	struct report report = {0};

	report_add(&report, &a.reporter);
	report_add(&report, &b.reporter);
	CHECK_INT(report_point(&report, &p), -1);
	CHECK_INT(errno, EPIPE);
	report_notice(&report, "%d", 7);
	CHECK_INT(report_plan(&report, 1, NULL), 0); /* nobody listens */
	CHECK_STR(buf_str(&told), "a:p b:p b!7 ");
	buf_free(&told);
}

/* ---- a reader that stalls ---- */

#define MUCH 300000 /* more than a pipe takes */

struct stall {
	struct sink sink;
	int ends[2], signal;
	char *text;
};

static void begin(struct stall *s)
{
	CHECK_INT(pipe(s->ends), 0);
	s->signal = eventfd(0, EFD_CLOEXEC);
	sink_init(&s->sink, s->ends[1]);
	s->sink.interrupt = s->signal;
	s->text = xmalloc(MUCH);
	for (int i = 0; i < MUCH; i++)
		s->text[i] = (char)('a' + i % 26);
}

static void end(struct stall *s)
{
	sink_end(&s->sink);
	close(s->ends[0]);
	close(s->ends[1]);
	close(s->signal);
	free(s->text);
}

TEST(sink, a_stalled_reader_is_waited_for_until_a_signal)
{
	struct stall s;

	begin(&s);
	CHECK(sink_is_ready(&s.sink));
	eventfd_write(s.signal, 1);
	CHECK_INT(sink_write(&s.sink, s.text, MUCH), -1);
	CHECK_INT(errno, EINTR);
	CHECK(!s.sink.broken && s.sink.rest.len > 0 && !sink_is_ready(&s.sink));
	CHECK_INT(sink_await(&s.sink), -1);
	sink_hurry(&s.sink, clock_now());
	CHECK_INT(sink_write(&s.sink, "x", 1), -1);
	CHECK_INT(errno, ETIMEDOUT);
	end(&s);
}

/* Return: in a child, whether all that is read is the text and a full stop. */
static pid_t check_reader(const struct stall *s)
{
	pid_t pid = fork();
	char got[1000];
	size_t at = 0;
	ssize_t n;

	if (pid)
		return pid;
	close(s->ends[1]);
	while ((n = read(s->ends[0], got, sizeof(got))) > 0) {
		for (ssize_t i = 0; i < n && at < MUCH; i++, at++)
			if (got[i] != s->text[at])
				_exit(1);
		if (at == MUCH && got[n - 1] == '.')
			_exit(0);
	}
	_exit(2);
}

TEST(sink, what_an_interrupted_write_has_left_goes_first)
{
	struct stall s;
	int status;
	pid_t pid;

	begin(&s);
	eventfd_write(s.signal, 1);
	CHECK_INT(sink_write(&s.sink, s.text, MUCH), -1);
	sink_hurry(&s.sink, clock_now() + 60 * NS_PER_S);
	pid = check_reader(&s);
	CHECK_INT(sink_write(&s.sink, ".", 1), 0);
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	end(&s);
}

TEST(sink, a_slow_reader_gets_all)
{
	struct stall s;
	int status;
	pid_t pid;

	begin(&s);
	pid = check_reader(&s);
	CHECK_INT(sink_write(&s.sink, s.text, MUCH), 0);
	CHECK_INT(sink_write(&s.sink, ".", 1), 0);
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	end(&s);
}
