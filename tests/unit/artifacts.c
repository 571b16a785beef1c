/* artifacts.c - traces, events, the page and its files: what a guest writes into them stays text */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "report/artifacts.h"
#include "report/events.h"
#include "report/markup.h"
#include "report/timeline.h"

/* What breaks a report that trusts its guests. */
#define HOSTILE "\xFF\xC0\x80 ]]> </script></style></details><img src=x onerror=alert(1)> \"' onmouseover='x' &amp; &#0; \n" \
		"::error::x ##[group]y \033[31mred\033[0m \x01\x7F \xEF\xBF\xBE \xE2\x80\xA8 \xF0\x9F\x98\x80 <!-- --> {{x}}"

/* A test that boots a machine, makes two calls, and fails in the second. */
static struct trace *story(const char *said)
{
	struct trace *t = trace_new();
	struct trace_event *e;

	trace_add_machine(t, "web");
	trace_add_machine(t, "idle");
	trace_add(t, TRACE_MACHINE, 1000, 0, NULL)->how = LIFE_BOOT;
	trace_add(t, TRACE_CONSOLE, 2000, 0, said);
	trace_add(t, TRACE_MACHINE, 500000, 0, NULL)->how = LIFE_UP;
	e = trace_add(t, TRACE_PHASE, 1000, 0, NULL);
	e->how = PHASE_BOOT;
	e->length = 499000;
	e = trace_add(t, TRACE_CALL, 500100, 0, "web.succeed(\"true\")");
	e->length = 1000;
	e->ended = true;
	trace_set(t, &e->place, "t.c:3");
	e = trace_add(t, TRACE_CALL, 600000, 0, said);
	e->length = 2000;
	e->ended = true;
	e->status = 3;
	e->culprit = true;
	trace_set(t, &e->place, "t.c:4");
	trace_set(t, &e->reason, said);
	trace_add(t, TRACE_CONSOLE, 601000, 0, said);
	trace_set(t, &trace_add(t, TRACE_FAILURE, 602000, -1, said)->place, "t.c:4");
	trace_add(t, TRACE_NOTE, 602500, -1, said);
	trace_add(t, TRACE_SUBTEST, 602600, -1, said)->how = 1;
	trace_add(t, TRACE_MACHINE, 603000, 0, said)->how = LIFE_LOST;
	trace_add(t, TRACE_JOURNAL, 603000, 0, said);
	t->length = 700000;
	return t;
}

static struct point failed(const char *said)
{
	struct point p = {.name = xstrdup(said),
			  .verdict = VERDICT_FAILED,
			  .reason = xstrdup(said),
			  .at = xstrdup("t.c:4"),
			  .script = xstrdup("t.c"),
			  .test = xstrdup(said),
			  .line = 2,
			  .duration_ms = 700,
			  .trace = story(said)};

	point_add_field(&p, "source", said);
	point_add_field(&p, "called_from", said);
	point_add_field(&p, "diff", said);
	point_add_field(&p, "console", said);
	point_add_number(&p, "exit_status", 3);
	point_add_note(&p, said);
	(void)point_add_subpoint(&p, said, VERDICT_FAILED);
	return p;
}

/* ---- traces ---- */

TEST(trace, a_full_one_loses_its_oldest_console_lines_and_keeps_the_last_call)
{
	struct trace *t = trace_new();

	trace_add(t, TRACE_CALL, 1, 0, "the call");
	for (int i = 0; i < 3 * TRACE_EVENTS_MAX; i++)
		trace_add(t, TRACE_CONSOLE, 2, 0, "x");
	CHECK(t->nevents <= TRACE_EVENTS_MAX);
	CHECK_INT(t->nevents + t->lost, 3 * TRACE_EVENTS_MAX + 1);
	CHECK_STR(trace_last_call(t)->text, "the call");
	trace_free(t);
}

TEST(trace, a_loop_of_calls_is_bounded_in_events_and_in_bytes)
{
	struct trace *t = trace_new();
	cleanup_free char *text = xmalloc(10001);

	memset(text, 'x', 10000);
	text[10000] = '\0';
	for (int i = 0; i < 2000; i++)
		trace_add(t, TRACE_CALL, (uint64_t)i, 0, text);
	CHECK(t->bytes <= TRACE_BYTES_MAX + TRACE_TEXT_MAX);
	CHECK(t->lost > 0);
	CHECK_INT(trace_last_call(t)->at, 1999);
	CHECK_INT(strlen(trace_last_call(t)->text), TRACE_TEXT_MAX);
	trace_free(t);
}

TEST(trace, of_a_journal_the_end_is_kept_and_of_machines_some)
{
	struct trace *t = trace_new();
	cleanup_free char *text = xmalloc(TRACE_JOURNAL_MAX + 3);

	memset(text, 'a', TRACE_JOURNAL_MAX + 2);
	memcpy(text + TRACE_JOURNAL_MAX, "zz", 3);
	CHECK(text[0] == 'a');
	for (int i = 0; i < TRACE_JOURNALS; i++)
		CHECK(trace_add(t, TRACE_JOURNAL, 0, i, text));
	CHECK(!trace_add(t, TRACE_JOURNAL, 0, 0, text));
	CHECK_STR(t->events[0].text + TRACE_JOURNAL_MAX - 2, "zz");
	CHECK_INT(t->bytes, 0);
	trace_free(t);
}

TEST(trace, numbers_of_another_process_have_no_word)
{
	const struct trace_event e = {.kind = TRACE_CALL, .how = 250, .machine = 99};
	struct trace *t = trace_new();

	CHECK_STR(trace_how_name(&e), "");
	CHECK_STR(trace_machine(t, &e), "");
	trace_free(t);
}

/* ---- markup ---- */

TEST(markup, nothing_is_left_that_means_something)
{
	cleanup_buf struct buf text = {0}, attribute = {0};

	markup_add(&text, "a<b>&\"'\n\x01", "");
	CHECK_STR(buf_str(&text), "a&lt;b&gt;&amp;\"'\n\xEF\xBF\xBD");
	markup_add(&attribute, "\"'\n\t", MARKUP_ATTRIBUTE);
	CHECK_STR(buf_str(&attribute), "&#34;&#39;&#10;&#9;");
}

/* ---- events ---- */

static const char *json_of(const char *text)
{
	static struct buf out;

	buf_clear(&out);
	events_add_string(&out, text);
	return buf_str(&out);
}

TEST(events, a_string_is_valid_whatever_a_guest_wrote)
{
	CHECK_STR(json_of("a\"\\\n\t\r\x01\x7F"), "\"a\\\"\\\\\\n\\u0009\\u000d\\u0001\\u007f\"");
	CHECK_STR(json_of("\xFF\xC0\x80\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
	CHECK_STR(json_of("\xC3\xA4\xF0\x9F\x98\x80"), "\"\xC3\xA4\xF0\x9F\x98\x80\"");
	CHECK_STR(json_of("\xE2\x80\xA8\xEF\xBF\xBF\xC2\x85"), "\"\\u2028\\uffff\\u0085\"");
}

TEST(events, each_is_one_line_and_a_call_has_its_place_and_result)
{
	struct point p = failed("x\ny");
	cleanup_buf struct buf out = {0};

	events_format_point(&out, 7, &p);
	CHECK_HAS(buf_str(&out), "{\"event\":\"call\",\"test\":7,\"ms\":500.100,\"machine\":\"web\",\"duration_ms\":1.000,"
				 "\"call\":\"web.succeed(\\\"true\\\")\",\"file\":\"t.c\",\"line\":3,\"answer\":\"ok\",\"exit_status\":0}\n");
	CHECK_HAS(buf_str(&out), "\"exit_status\":3,\"reason\":\"x\\ny\",\"failed\":true}\n");
	CHECK_HAS(buf_str(&out), "{\"event\":\"machine\",\"test\":7,\"ms\":500.000,\"machine\":\"web\",\"state\":\"up\"}\n");
	CHECK_HAS(buf_str(&out), "\"phase\":\"boot\"}\n");
	CHECK_HAS(buf_str(&out), "\"subtests\":[{\"name\":\"x\\ny\",\"verdict\":\"failed\"}]}\n");
	for (const char *at = buf_str(&out), *end; (end = strchr(at, '\n')); at = end + 1)
		CHECK(strncmp(at, "{\"event\":", 9) == 0 && end[-1] == '}');
	point_free(&p);
}

TEST(events, a_full_disk_is_told_by_the_end_and_not_before)
{
	struct events e;
	struct phases phases;
	struct err err = {0};
	struct point p = {.name = xstrdup("t")};

	phases_init(&phases);
	CHECK_INT(events_open(&e, "/dev/full", "1", &phases, &err), -1);
	CHECK_HAS(err.text, "cannot write the events to '/dev/full'");
	CHECK_INT(events_open(&e, "-", "1", &phases, &err), -1);
	CHECK_INT(events_open(&e, "/dev/null", "1", &phases, &err), 0);
	e.sink.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	CHECK_INT(e.reporter.ops->point(&e.reporter, &p), 0);
	CHECK_INT(e.reporter.ops->end(&e.reporter), -1);
	close(e.sink.fd);
	events_close(&e);
	point_free(&p);
}

/* ---- phases ---- */

TEST(phases, are_counted_summed_and_the_slowest_is_named)
{
	struct phases phases;
	struct point p = failed("t");
	cleanup_buf struct buf out = {0};

	phases_init(&phases);
	CHECK(!phases_are_worth_it(&phases));
	phases_format(&out, &phases);
	CHECK_STR(buf_str(&out), "");
	CHECK_INT(phases.reporter.ops->point(&phases.reporter, &p), 0);
	CHECK_INT(phases.reporter.ops->point(&phases.reporter, &p), 0);
	phases_format(&out, &phases);
	CHECK_STR(buf_str(&out), "  phase  times       sum   slowest\n  boot       2    1.00 s    0.50 s  web in \"t\"\n");
	phases_free(&phases);
	point_free(&p);
}

TEST(phases, a_long_name_is_cut)
{
	cleanup_buf struct buf out = {0};

	phases_add_name(&out, "0123456789", 10);
	phases_add_name(&out, "0123456\xc3\xa4xy", 10);
	CHECK_STR(buf_str(&out), "0123456789\n0123456...\n");
}

/* ---- the page ---- */

/* What python3's XML parser says of a page: "" when it is well-formed, and has no attribute that does anything. */
static const char *parse(const struct buf *text)
{
	static char said[300];
	char path[] = "/tmp/vmtap-page-XXXXXX";
	cleanup_free char *command = NULL;
	int fd = mkstemp(path);
	FILE *f;
	size_t n;

	CHECK(fd >= 0 && write(fd, text->data, text->len) == (ssize_t)text->len);
	close(fd);
	command = xasprintf("python3 -c 'import sys, xml.etree.ElementTree as E\n"
			    "for e in E.parse(sys.argv[1]).iter(): print(*(set(e.keys()) - set(sys.argv[2:])), end=\"\")' %s class id "
			    "style title href open lang charset content http-equiv name colspan 2>&1 | tail -n 1", path);
	f = popen(command, "r"); /* NOLINT(cert-env33-c) */
	n = fread(said, 1, sizeof(said) - 1, f);
	said[n] = '\0';
	pclose(f);
	unlink(path);
	return said;
}

static void format(struct buf *out, struct point *points, size_t n, const char *ended)
{
	struct page page = {0};
	struct phases phases;
	char name[] = "a b\"<.txt", *files[] = {name, NULL};

	phases_init(&phases);
	for (size_t i = 0; i < n; i++) {
		page_add(&page, i, &points[i], "001-x", files);
		phases.reporter.ops->point(&phases.reporter, &points[i]);
		point_free(&points[i]);
	}
	page_add_remark(&page, HOSTILE);
	page_format(out, &page, &phases, 1.5, HOSTILE, ended);
	page_free(&page);
	phases_free(&phases);
}

TEST(page, what_a_guest_wrote_is_text_and_the_page_is_well_formed)
{
	struct point points[] = {failed("setup"), failed(HOSTILE), {.name = xstrdup(HOSTILE), .trace = story(HOSTILE)},
				 {.name = xstrdup("s"), .verdict = VERDICT_SKIPPED, .reason = xstrdup(HOSTILE)}};
	cleanup_buf struct buf out = {0};

	format(&out, points, 4, HOSTILE);
	CHECK_STR(parse(&out), "");
	CHECK(!strstr(buf_str(&out), "<script"));
	CHECK(!strstr(buf_str(&out), "<img"));
	CHECK(!strchr(buf_str(&out), '\033'));
	CHECK_HAS(buf_str(&out), "default-src 'none'");
	CHECK_HAS(buf_str(&out), "<title>vmtap: 1 failed, 1 passed</title>");
}

TEST(page, a_diff_has_colours_and_a_setups_failure_is_referred_to)
{
	struct point points[] = {{.name = xstrdup("setup")}, failed("x"), {.name = xstrdup("y"), .verdict = VERDICT_FAILED, .told_by = 1}};
	cleanup_buf struct buf out = {0};

	free(points[1].fields[2].value);
	points[1].fields[2].value = xstrdup("- wanted, + found\n- <a>\n+ b\n  c");
	format(&out, points, 3, NULL);
	CHECK_HAS(buf_str(&out), "<pre>- wanted, + found\n<span class=\"gone\">- &lt;a&gt;</span>\n<span class=\"new\">+ b</span>\n  c</pre>");
	CHECK_HAS(buf_str(&out), "<small>called from</small> <code>x</code>");
	CHECK_HAS(buf_str(&out), "<details class=\"t bad\" id=\"t2\"><summary>");
	CHECK_HAS(buf_str(&out), "told in full by <a href=\"#t1\">test 1</a>");
}

TEST(page, refers_to_nothing_elsewhere)
{
	struct point points[] = {failed("setup"), failed("plain")};
	cleanup_buf struct buf out = {0};

	format(&out, points, 2, NULL);
	for (const char *p = buf_str(&out); (p = strstr(p, "href=\"")); p++)
		CHECK(p[6] == '#' || strncmp(p + 6, "001-x/", 6) == 0);
	CHECK(!strstr(buf_str(&out), "url(") && !strstr(buf_str(&out), "@import"));
}

/* The same numbers every time: a failure can be looked into. */
static unsigned next_number(void)
{
	static unsigned state = 7;

	state = state * 1664525 + 1013904223;
	return state >> 8;
}

/* Random bytes of the kinds that matter: the page parses, whatever comes. */
TEST(page, parses_with_random_bytes_everywhere)
{
	static const char pieces[] = "<>&\"'/=-![]{}#;:x \n\t\r\001\033\177\xC3\xA4\xFF\xE2\x80\xA8\xEF\xBF\xBE\xF0\x9F";
	struct point points[40];
	cleanup_buf struct buf out = {0};

	for (size_t i = 0; i < ARRAY_SIZE(points); i++) {
		char text[60];

		for (size_t k = 0; k + 1 < sizeof(text); k++)
			text[k] = next_number() % 4 ? pieces[next_number() % (sizeof(pieces) - 1)] : (char)(1 + next_number() % 255);
		text[sizeof(text) - 1] = '\0';
		points[i] = failed(text);
		points[i].verdict = (enum verdict)(i % 3);
	}
	format(&out, points, ARRAY_SIZE(points), NULL);
	CHECK_STR(parse(&out), "");
}

TEST(page, the_failing_call_stands_between_what_was_said_before_and_after)
{
	struct trace *t = story("said");
	cleanup_buf struct buf out = {0};
	const char *call, *after;

	for (int i = 0; i < 50; i++)
		trace_add(t, TRACE_CONSOLE, 610000, 0, "later");
	CHECK(timeline_format_moment(&out, t));
	call = strstr(buf_str(&out), "<div class=\"call bad\"><time>0.600</time>");
	after = strstr(buf_str(&out), "<div class=\"failure bad\"><time>0.602</time>");
	CHECK(call && after && call < after);
	CHECK(strstr(buf_str(&out), "<div class=\"console\"><time>0.002</time>") < call);
	CHECK(strstr(call, "<div class=\"console\"><time>0.601</time>") < after);
	CHECK_HAS(buf_str(&out), "<div class=\"gap\">40 more</div>");
	trace_free(t);
}

TEST(page, a_trace_without_a_failure_has_no_such_moment)
{
	struct trace *t = trace_new();
	cleanup_buf struct buf out = {0};

	CHECK(!timeline_format_moment(&out, t));
	timeline_format(&out, t);
	CHECK_INT(out.len, 0);
	trace_free(t);
}

/* ---- files ---- */

static const char *folder(size_t number, const char *name)
{
	static struct buf out;

	buf_clear(&out);
	artifacts_format_folder(&out, number, name);
	return buf_str(&out);
}

TEST(artifacts, a_folders_name_is_plain)
{
	CHECK_STR(folder(7, "../../etc/x y"), "007-etc-x-y");
	CHECK_STR(folder(1234, "\xC3\xA4<>"), "1234-");
	CHECK_STR(folder(0, "t/web.c"), "setup-t-web.c");
	CHECK(strlen(folder(1, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")) < 80);
}

TEST(artifacts, files_have_times_and_calls_their_results)
{
	struct trace *t = story("said");
	cleanup_buf struct buf console = {0}, calls = {0};

	artifacts_format_console(&console, t, 0);
	CHECK_STR(buf_str(&console), "[0.002] said\n[0.601] said\n");
	artifacts_format_calls(&calls, t);
	CHECK_STR(buf_str(&calls), "[0.500] t.c:3: web.succeed(\"true\"): ok, exit status 0, 0.001 s\n"
				   "[0.600] t.c:4: said: ok, exit status 3, 0.002 s  <-- failed\n");
	trace_free(t);
}

TEST(artifacts, an_older_runs_folders_go_and_nothing_else)
{
	char dir[] = "/tmp/vmtap-artifacts-XXXXXX";
	struct artifacts a;
	struct phases phases;
	struct err err = {0};
	struct point p = failed("t");
	cleanup_free char *mine = NULL, *theirs = NULL, *index = NULL;

	CHECK(mkdtemp(dir) != NULL);
	mine = path_join(dir, "001-t/result.txt");
	theirs = path_join(dir, "002-theirs");
	index = path_join(dir, "index.html");
	phases_init(&phases);
	CHECK_INT(file_make_dirs(theirs, &err), 0);
	CHECK_INT(artifacts_open(&a, dir, &phases, NULL, &err), 0);
	CHECK_INT(a.reporter.ops->point(&a.reporter, &p), 0);
	artifacts_close(&a);
	CHECK(file_exists(mine));
	CHECK_INT(artifacts_open(&a, dir, &phases, NULL, &err), 0);
	artifacts_close(&a);
	CHECK(!file_exists(mine));
	CHECK(file_exists(theirs));
	CHECK(file_exists(index));
	CHECK_INT(artifacts_open(&a, "/proc/no/such", &phases, NULL, &err), -1);
	CHECK_HAS(err.text, "cannot write the artifacts");
	file_remove_tree(dir);
	point_free(&p);
}
