/* tap.c - what leaves on stdout, rule by rule */
#include "unit.h"

#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "report/tap.h"

/* The text of the last formatted thing; freed by the next one. */
static struct buf shown;

static const char *name(const char *text)
{
	buf_clear(&shown);
	tap_format_name(&shown, text);
	return buf_str(&shown);
}

static const char *comment(const char *text, bool github)
{
	buf_clear(&shown);
	tap_format_comment(&shown, text, github);
	return buf_str(&shown);
}

static const char *point(struct point *r, bool github)
{
	buf_clear(&shown);
	tap_format_point(&shown, 7, r, github);
	point_free(r);
	return buf_str(&shown);
}

/* A passed point with one field. */
static const char *field(const char *key, const char *value, bool github)
{
	struct point r = {.name = xstrdup("n")};

	point_add_field(&r, key, value);
	return point(&r, github);
}

TEST(tap, point_without_details_has_no_block)
{
	struct point r = {.name = xstrdup("boots")};

	CHECK_STR(point(&r, false), "ok 7 - boots\n");
}

TEST(tap, passed_point_with_details)
{
	struct point r = {.name = xstrdup("boots"), .reason = xstrdup("unused"), .duration_ms = 812.44};

	point_add_field(&r, "accel", "tcg");
	CHECK_STR(point(&r, false),
		  "ok 7 - boots\n  ---\n  accel: \"tcg\"\n  duration_ms: 812.4\n  ...\n");
}

TEST(tap, failed_point)
{
	struct point r = {
		.name = xstrdup("net: ping"),
		.verdict = VERDICT_FAILED,
		.reason = xstrdup("no reply"),
		.at = xstrdup("t/net.c:42"),
		.duration_ms = 1520,
	};

	point_add_note(&r, "seed 4\nof 9");
	point_add_number(&r, "exit_status", 3);
	point_add_field(&r, "console", "a\r\n\n   b\nok 3 - fake\n...\n");
	CHECK_STR(point(&r, false), "# seed 4\n"
				    "# of 9\n"
				    "not ok 7 - net: ping\n"
				    "  ---\n"
				    "  message: \"no reply\"\n"
				    "  severity: \"fail\"\n"
				    "  at: \"t/net.c:42\"\n"
				    "  exit_status: 3\n"
				    "  console: |\n"
				    "    > a\n"
				    "    >\n"
				    "    >    b\n"
				    "    > ok 3 - fake\n"
				    "    > ...\n"
				    "  duration_ms: 1520.0\n"
				    "  ...\n");
}

TEST(tap, failed_point_without_a_message_has_a_block)
{
	struct point r = {.name = xstrdup("x"), .verdict = VERDICT_FAILED};

	CHECK_STR(point(&r, false), "not ok 7 - x\n  ---\n  severity: \"fail\"\n  ...\n");
}

TEST(tap, unknown_verdict_is_a_failure)
{
	struct point r = {.name = xstrdup("x"), .verdict = (enum verdict)9};

	CHECK_HAS(point(&r, false), "not ok 7 - x\n");
}

TEST(tap, infrastructure_failure_is_marked)
{
	struct point r = {.name = xstrdup("x"), .verdict = VERDICT_FAILED, .infra = true};

	CHECK_STR(point(&r, false),
		  "not ok 7 - x\n  ---\n  severity: \"error\"\n  infra: true\n  ...\n");
}

TEST(tap, skipped_point_is_ok)
{
	struct point r = {.name = xstrdup("x"),
			   .verdict = VERDICT_SKIPPED,
			   .reason = xstrdup("no /dev/net/tun"),
			   .at = xstrdup("a.c:1"),
			   .duration_ms = 3};

	CHECK_STR(point(&r, false), "ok 7 - x # SKIP no /dev/net/tun\n");
}

TEST(tap, expected_failure_is_todo)
{
	struct point r = {.name = xstrdup("x"), .verdict = VERDICT_FAILED, .reason = xstrdup("no"), .todo = xstrdup("later #1")};

	CHECK_STR(point(&r, false), "not ok 7 - x # TODO later \uff031\n  ---\n  message: \"no\"\n  severity: \"todo\"\n  ...\n");
}

TEST(tap, todo_is_not_said_of_what_the_infrastructure_or_a_skip_does)
{
	struct point bad = {.name = xstrdup("x"), .verdict = VERDICT_FAILED, .todo = xstrdup("later"), .infra = true};
	struct point skip = {.name = xstrdup("x"), .verdict = VERDICT_SKIPPED, .todo = xstrdup("later")};

	CHECK_HAS(point(&bad, false), "not ok 7 - x\n");
	CHECK_STR(point(&skip, false), "ok 7 - x # SKIP no reason given\n");
}

TEST(tap, skip_reason_is_one_plain_line)
{
	struct point r = {.name = xstrdup("x"),
			   .verdict = VERDICT_SKIPPED,
			   .reason = xstrdup("issue #4\n\ttry # TODO\n")};

	CHECK_STR(point(&r, false), "ok 7 - x # SKIP issue \uff034; try \uff03 TODO\n");
}

TEST(tap, skip_without_a_reason)
{
	struct point r = {.name = xstrdup("x"), .verdict = VERDICT_SKIPPED};

	CHECK_STR(point(&r, false), "ok 7 - x # SKIP no reason given\n");
}

TEST(tap, name_is_kept)
{
	CHECK_STR(name("the client reads the server's page: 100 % \"Größe\" \U0001f427"),
		  "the client reads the server's page: 100 % \"Größe\" \U0001f427");
}

TEST(tap, name_is_never_empty)
{
	CHECK_STR(name(""), "(no name)");
	CHECK_STR(name(" \t\r\n"), "(no name)");
	CHECK_STR(name("\033[0m"), "(no name)");
}

TEST(tap, name_has_no_hash_backslash_or_last_brace)
{
	CHECK_STR(name("a \\# SKIP b"), "a \uff3c\uff03 SKIP b");
	CHECK_STR(name("#1"), "\uff031");
	CHECK_STR(name("parses if (x) {"), "parses if (x) \uff5b");
	CHECK_STR(name("parses if (x) { "), "parses if (x) \uff5b");
	CHECK_STR(name("parses { }"), "parses { }");
}

TEST(tap, name_is_one_line_of_valid_utf8)
{
	CHECK_STR(name("a\nok 8 - b\r\n"), "a; ok 8 - b");
	CHECK_STR(name("  a \t b  "), "a b");
	CHECK_STR(name("a\x01z\xff"), "a\ufffdz\ufffd");
	CHECK_STR(name("\033[31mred\033[0m"), "red");
	CHECK_STR(name("a\u2028ok 3"), "a\ufffdok 3");
}

TEST(tap, name_is_bounded_between_characters)
{
	char long_name[1000] = "x";
	const char *s;

	for (size_t i = 1; i + 2 < sizeof(long_name); i += 2)
		memcpy(long_name + i, "\u00e9", 2);
	s = name(long_name);
	CHECK_INT(strlen(s), TAP_NAME_MAX - 1 + 3);
	CHECK_STR(s + strlen(s) - 5, "\u00e9...");
}

TEST(tap, cut_name_does_not_end_in_a_brace)
{
	char long_name[TAP_NAME_MAX + 1];

	memset(long_name, '{', TAP_NAME_MAX);
	long_name[TAP_NAME_MAX] = '\0';
	CHECK_HAS(name(long_name), "{\uff5b");
}

TEST(tap, comment_of_several_lines)
{
	CHECK_STR(comment("a\n\nok 1 - b\n", false), "# a\n#\n# ok 1 - b\n");
	CHECK_STR(comment("", false), "");
	CHECK_STR(comment("\n", false), "");
}

TEST(tap, comment_is_bounded)
{
	char text[1000];
	const char *s;

	memset(text, '\n', sizeof(text));
	text[0] = 'a';
	text[sizeof(text) - 2] = 'z';
	text[sizeof(text) - 1] = '\0';
	s = comment(text, false);
	CHECK_HAS(s, "#\n# (898 lines left out)\n# z\n");
}

TEST(tap, notes_are_bounded)
{
	struct point r = {.name = xstrdup("x")};

	for (int i = 0; i < POINT_NOTES_MAX + 5; i++)
		point_add_note(&r, "n");
	CHECK_HAS(point(&r, false), "# n\n# (5 notes left out)\nok 7 - x\n");
}

TEST(tap, keys_are_lower_case_letters)
{
	CHECK_HAS(field("Guest CPU-2", "x", false), "\n  guest_cpu__: \"x\"\n");
	CHECK_HAS(field("", "x", false), "\n  _: \"x\"\n");
	CHECK_HAS(field("é", "x", false), "\n  __: \"x\"\n");
}

TEST(tap, key_appears_once)
{
	struct point r = {.name = xstrdup("x"), .verdict = VERDICT_FAILED, .reason = xstrdup("m")};

	point_add_field(&r, "found", "1");
	point_add_field(&r, "found", "2");
	point_add_field(&r, "message", "3");
	CHECK_STR(point(&r, false), "not ok 7 - x\n  ---\n  message: \"m\"\n  severity: \"fail\"\n"
				    "  found: \"1\"\n  ...\n");
}

TEST(tap, fields_are_bounded)
{
	struct point r = {.name = xstrdup("x")};
	char key[] = "aaa";

	for (int i = 0; i < POINT_FIELDS_MAX + 5; i++) {
		key[1] = (char)('a' + i % 26);
		key[2] = (char)('a' + i / 26);
		point_add_field(&r, key, "v");
	}
	CHECK_INT(r.nfields, POINT_FIELDS_MAX);
	point_free(&r);
}

TEST(tap, string_escapes)
{
	CHECK_HAS(field("found", "a\tb\n", false), "  found: \"a\\tb\\n\"\n");
	CHECK_HAS(field("found", "say \"\\\"", false), "  found: \"say \\\"\\\\\\\"\"\n");
	CHECK_HAS(field("found", "\r\033[0m\x7f\xc3\xff", false),
		  "  found: \"\\x0d\\x1b[0m\\x7f\\xc3\\xff\"\n");
	CHECK_HAS(field("found", "connect: refused # é", false), "  found: \"connect: refused # é\"\n");
	CHECK_HAS(field("found", "", false), "  found: \"\"\n");
	CHECK_HAS(field("found", "\n\n", false), "  found: \"\\n\\n\"\n");
	CHECK_HAS(field("found", "\u2028\xc2\x85", false), "  found: \"\\xe2\\x80\\xa8\\xc2\\x85\"\n");
}

TEST(tap, long_string_loses_its_middle)
{
	cleanup_free char *s = xmalloc(TAP_STRING_MAX + 101);
	const char *text;

	memset(s, 'x', TAP_STRING_MAX + 100);
	s[0] = 'a';
	s[TAP_STRING_MAX + 99] = 'z';
	s[TAP_STRING_MAX + 100] = '\0';
	text = field("found", s, false);
	CHECK_HAS(text, "x (100 bytes left out) x");
	CHECK_HAS(text, "\"ax");
	CHECK_HAS(text, "xz\"\n");
}

TEST(tap, long_string_is_cut_between_characters)
{
	struct buf b = {0};

	while (b.len < TAP_STRING_MAX + 100)
		buf_adds(&b, "\u20ac"); /* three bytes */
	CHECK(!strstr(field("found", buf_str(&b), false), "\\x"));
	buf_free(&b);
}

TEST(tap, long_block_loses_its_middle)
{
	struct buf b = {0};
	const char *text;

	for (int i = 1; i <= 500; i++)
		buf_addf(&b, "line %d\n", i);
	text = field("console", buf_str(&b), false);
	CHECK_HAS(text, "  console: |\n    > line 1\n");
	CHECK_HAS(text, "    > line 20\n    (380 lines left out)\n    > line 401\n");
	CHECK_HAS(text, "    > line 500\n  ...\n");
	buf_free(&b);
}

TEST(tap, block_at_its_limit_is_whole)
{
	struct buf b = {0};

	for (int i = 1; i <= TAP_BLOCK_HEAD + TAP_BLOCK_TAIL; i++)
		buf_addf(&b, "%d\n", i);
	CHECK(!strstr(field("console", buf_str(&b), false), "left out"));
	buf_free(&b);
}

TEST(tap, long_line_in_a_block_is_cut)
{
	cleanup_free char *s = xmalloc(TAP_LINE_MAX + 12);

	memset(s, 'x', TAP_LINE_MAX + 10);
	memcpy(s + TAP_LINE_MAX + 9, "\nb", 3);
	CHECK_HAS(field("console", s, false), "x (9 bytes left out)\n    > b\n");
}

TEST(tap, block_never_has_a_blank_line)
{
	CHECK_HAS(field("console", "\r\n \n\t\n\033[0m\nx", false),
		  "  console: |\n    >\n    >  \n    > \t\n    >\n    > x\n");
}

TEST(tap, numbers_ignore_the_locale)
{
	struct point r = {.name = xstrdup("x"), .duration_ms = 1234567.06};

	setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed: a decimal comma */
	CHECK_HAS(point(&r, false), "  duration_ms: 1234567.1\n");
	setlocale(LC_ALL, "C");
}

TEST(tap, durations_that_are_none)
{
	const double none[] = {0, -1, 1e300, __builtin_nan(""), __builtin_inf()};

	for (size_t i = 0; i < ARRAY_SIZE(none); i++) {
		struct point r = {.name = xstrdup("x"), .duration_ms = none[i]};

		CHECK_STR(point(&r, false), "ok 7 - x\n");
	}
}

TEST(tap, github_commands_are_broken)
{
	const char *guest = "##[add-mask]x\n  ::stop-commands::y\n###[error]\na::b";

	CHECK_HAS(field("console", guest, true),
		  "    > ## [add-mask]x\n    >   : :stop-commands::y\n    > ### [error]\n    > a::b\n");
	CHECK_STR(comment(guest, true), "# ## [add-mask]x\n#   : :stop-commands::y\n# ### [error]\n# a::b\n");
	CHECK_HAS(field("found", "##[group]", true), "\"##\\x5bgroup]\"");
	CHECK_HAS(field("found", "#\033[0m#[group]", true), "\"#\\x1b[0m#[group]\"");
	CHECK_HAS(field("console", "#\033[0m#[group]\nx", true), "> ## [group]\n");
	CHECK_HAS(field("console", guest, false), "    > ##[add-mask]x\n    >   ::stop-commands::y\n");
	CHECK(!strstr(name("##[error]"), "##["));
}

TEST(tap, version_is_negotiated)
{
	CHECK_INT(tap_choose_version(NULL), 13);
	CHECK_INT(tap_choose_version(""), 13);
	CHECK_INT(tap_choose_version("12"), 13);
	CHECK_INT(tap_choose_version("13"), 13);
	CHECK_INT(tap_choose_version("14"), 14);
	CHECK_INT(tap_choose_version("15"), 14);
	CHECK_INT(tap_choose_version("99999999999999999999"), 14);
	CHECK_INT(tap_choose_version("-1"), 13);
	CHECK_INT(tap_choose_version("x"), 13);
}

/* ---- the stream, in a child whose stdout is a pipe ---- */

/* Return: what @use wrote to a stdout that it took with tap_open(). */
static const char *stream(void (*use)(struct tap *t))
{
	static char text[4096];
	int ends[2];
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	fflush(stdout);
	if (pipe(ends) < 0)
		return "no pipe";
	pid = fork();
	if (pid == 0) {
		struct tap t;

		dup2(ends[1], STDOUT_FILENO);
		dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (tap_open(&t, NULL) == 0)
			use(&t);
		tap_close(&t);
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(ends[0]);
	waitpid(pid, NULL, 0);
	return text;
}

static void use_all(struct tap *t)
{
	struct point a = {.name = xstrdup("a")};
	struct point b = {.name = xstrdup("b"), .verdict = VERDICT_SKIPPED};

	tap_comment(t, "early");
	tap_plan(t, 2);
	tap_point(t, &a);
	tap_comment(t, "late");
	tap_point(t, &b);
	point_free(&a);
	point_free(&b);
}

TEST(tap, stream_counts_and_holds_early_comments)
{
	unsetenv("TAP_VERSION");
	CHECK_STR(stream(use_all), "TAP version 13\n1..2\n# early\nok 1 - a\n# late\n"
				   "ok 2 - b # SKIP no reason given\n");
}

static void use_printf(struct tap *t)
{
	tap_plan(t, 1);
	printf("ok 1 - forged\n");
	fflush(stdout);
	tap_bail_out(t, "interrupted by SIGTERM\n");
}

TEST(tap, nothing_else_reaches_the_stream)
{
	CHECK_STR(stream(use_printf), "TAP version 13\n1..1\nBail out! interrupted by SIGTERM\n");
}

static void use_exec(struct tap *t)
{
	tap_plan(t, 1);
	execl("/bin/sh", "sh", "-c", "ls -l /proc/self/fd >/proc/self/fd/100; exit 3", (char *)NULL);
}

TEST(tap, programs_do_not_inherit_the_stream)
{
	CHECK_STR(stream(use_exec), "TAP version 13\n1..1\n");
}

static void use_bail_out_first(struct tap *t)
{
	tap_bail_out(t, "#1");
}

TEST(tap, bail_out_before_the_plan_has_a_version)
{
	CHECK_STR(stream(use_bail_out_first), "TAP version 13\nBail out! \uff031\n");
}

static void use_skip_all(struct tap *t)
{
	tap_skip_all(t, "no test matches");
}

TEST(tap, skip_all)
{
	setenv("TAP_VERSION", "14", 1);
	CHECK_STR(stream(use_skip_all), "TAP version 14\n1..0 # SKIP no test matches\n");
	unsetenv("TAP_VERSION");
}

/* Run @child in a process of its own. Return: its exit status. */
static int status_of(int (*child)(void))
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(child());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int open_without_stdout(void)
{
	struct err err = {0};
	struct tap t;

	close(STDOUT_FILENO);
	return tap_open(&t, &err) < 0 && tap_plan(&t, 1) < 0 && strstr(err.text, "standard output: Bad file") ? 0 : 1;
}

TEST(tap, closed_stdout_is_told)
{
	CHECK_INT(status_of(open_without_stdout), 0);
}

static int write_to_full_device(void)
{
	struct tap t;
	int full = open("/dev/full", O_WRONLY);

	if (full < 0 || dup2(full, STDOUT_FILENO) < 0 || tap_open(&t, NULL) < 0)
		return 1;
	return tap_plan(&t, 1) == -1 && tap_comment(&t, "x") == -1 ? 0 : 2;
}

TEST(tap, full_device_is_an_error)
{
	CHECK_INT(status_of(write_to_full_device), 0);
}

static int write_to_nobody(void)
{
	struct tap t;
	int ends[2];

	signal(SIGPIPE, SIG_IGN);
	if (pipe(ends) < 0 || dup2(ends[1], STDOUT_FILENO) < 0 || tap_open(&t, NULL) < 0)
		return 1;
	close(ends[0]);
	return tap_plan(&t, 1) == -1 ? 0 : 2;
}

TEST(tap, reader_that_left_is_an_error)
{
	CHECK_INT(status_of(write_to_nobody), 0);
}

static void use_nonblocking(struct tap *t)
{
	char line[1001];

	memset(line, 'x', 1000);
	line[1000] = '\0';
	fcntl(t->fd, F_SETPIPE_SZ, 4096);
	fcntl(t->fd, F_SETFL, O_WRONLY | O_NONBLOCK);
	tap_plan(t, 1);
	for (int i = 0; i < 60; i++)
		if (tap_comment(t, line) < 0)
			return;
}

TEST(tap, slow_reader_of_a_nonblocking_pipe_gets_all)
{
	int ends[2];
	size_t n = 0;
	ssize_t got;
	char text[4096];
	pid_t pid;

	fflush(stdout);
	if (pipe(ends) < 0)
		return;
	pid = fork();
	if (pid == 0) {
		struct tap t;

		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		if (tap_open(&t, NULL) == 0)
			use_nonblocking(&t);
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], text, sizeof(text))) > 0)
		n += (size_t)got;
	close(ends[0]);
	waitpid(pid, NULL, 0);
	CHECK_INT(n, strlen("TAP version 13\n1..1\n") + 60 * 1003);
}

TEST(tap, nested_subtests_are_streams_in_front_of_their_point)
{
	struct point p = {.name = xstrdup("p"), .verdict = VERDICT_FAILED, .reason = xstrdup("r")};
	struct point *sub = point_add_subpoint(&p, "a # SKIP\n1..1", VERDICT_FAILED);
	cleanup_buf struct buf out = {0};

	(void)point_add_subpoint(sub, "deep", VERDICT_PASSED);
	tap_format_nested(&out, 3, &p, true);
	CHECK_STR(buf_str(&out), "# Subtest: p\n    1..1\n    # Subtest: a \xEF\xBC\x83 SKIP; 1..1\n        1..1\n        ok 1 - deep\n"
				 "    not ok 1 - a \xEF\xBC\x83 SKIP; 1..1\nnot ok 3 - p\n  ---\n  message: \"r\"\n  severity: \"fail\"\n  ...\n");
	point_free(&p);
}
