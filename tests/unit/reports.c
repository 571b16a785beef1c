/* reports.c - JUnit, GitHub's marks and page, what a person reads: what a guest writes into them stays text */
#include "unit.h"

#include "base/mem.h"
#include "report/excerpt.h"
#include "report/github.h"
#include "report/junit.h"
#include "report/summary.h"

static struct point failed(const char *name, const char *reason, const char *at)
{
	return (struct point){.name = xstrdup(name),
			      .verdict = VERDICT_FAILED,
			      .reason = xstrdup(reason),
			      .at = at ? xstrdup(at) : NULL,
			      .script = xstrdup("t/web.c"),
			      .test = xstrdup(name),
			      .line = 7};
}

/* ---- excerpts ---- */

TEST(excerpt, a_long_text_loses_its_middle_and_its_blanks_at_the_end)
{
	static const struct excerpt_layout two = {.prefix = ">", .lost = "-", .head = 1, .tail = 1, .width = 5};
	cleanup_buf struct buf out = {0};

	CHECK(excerpt_add(&out, "1\n2\n\n4567890\n\n\n", &two, false));
	CHECK_STR(buf_str(&out), "> 1\n- (2 lines left out)\n> 45678 (2 bytes left out)\n");
}

TEST(excerpt, what_is_empty_once_it_is_clean_is_nothing)
{
	static const struct excerpt_layout any = {.prefix = ">", .lost = "-", .head = 9, .width = 9};
	cleanup_buf struct buf out = {0};

	CHECK(!excerpt_add(&out, "", &any, false));
	CHECK(!excerpt_add(&out, "\n\033[0m\n", &any, false));
	CHECK_INT(out.len, 0);
}

TEST(excerpt, a_command_is_broken_and_a_letter_is_not_cut)
{
	static const struct excerpt_layout any = {.prefix = "#", .lost = "#", .head = 9, .width = 5};
	cleanup_buf struct buf out = {0};

	excerpt_add(&out, "##[x]\nabcd\xC3\xA4", &any, true);
	CHECK(!strstr(buf_str(&out), "##["));
	CHECK(strstr(buf_str(&out), "# abcd (2 bytes left out)\n"));
}

/* ---- JUnit ---- */

static const char *junit(struct point *p)
{
	static struct buf text;

	buf_clear(&text);
	junit_format_case(&text, p);
	point_free(p);
	return buf_str(&text);
}

TEST(junit, a_pass_has_place_and_time)
{
	struct point p = {.name = xstrdup("a: b"), .script = xstrdup("a"), .test = xstrdup("b"), .line = 3, .duration_ms = 1234.4};

	CHECK_STR(junit(&p), "    <testcase name=\"b\" classname=\"a\" file=\"a\" line=\"3\" time=\"1.234\">\n    </testcase>\n");
}

TEST(junit, a_failure_has_its_details_and_what_a_guest_wrote_is_text)
{
	struct point p = failed("t", "is \"<b>\" & \x01\xFF", "t/web.c:9");
	const char *text;

	point_add_field(&p, "console", "]]>\n</failure>");
	text = junit(&p);
	CHECK(strstr(text, "<failure message=\"is &#34;&lt;b&gt;&#34; &amp; \xEF\xBF\xBD\xEF\xBF\xBD\" type=\"fail\">"));
	CHECK(strstr(text, "at: t/web.c:9\nconsole:\n    ]]&gt;\n    &lt;/failure&gt;\n</failure>\n"));
}

TEST(junit, the_infrastructure_is_an_error_and_a_skip_says_why)
{
	struct point infra = failed("t", "no QEMU", NULL), skip = {.verdict = VERDICT_SKIPPED, .reason = xstrdup("no\nkvm")};
	const char *text;

	infra.infra = true;
	CHECK(strstr(junit(&infra), "<error message=\"no QEMU\" type=\"infrastructure\">"));
	text = junit(&skip);
	CHECK(strstr(text, "<skipped message=\"no&#10;kvm\"/>"));
}

TEST(junit, a_report_that_cannot_be_written_is_told_at_once)
{
	struct err err = {0};
	struct junit j;

	CHECK_INT(junit_open(&j, "/proc/no/such.xml", &err), -1);
	CHECK(strstr(err.text, "cannot write the JUnit report"));
}

/* ---- GitHub ---- */

static const char *mark(struct point *p)
{
	static struct buf text;

	buf_clear(&text);
	github_format_mark(&text, p);
	point_free(p);
	return buf_str(&text);
}

TEST(github, a_mark_is_one_line_at_the_failure)
{
	struct point p = failed("a, b: 100%", "first\n::error::second", "t/lib.c:12");

	CHECK_STR(mark(&p), "::error file=t/lib.c,line=12,title=a%2C b%3A 100%25::first%0A::error::second\n");
}

TEST(github, without_a_place_the_test_has_one)
{
	struct point p = failed("t", "##[group]", NULL), nowhere = {.name = xstrdup("t"), .verdict = VERDICT_FAILED};

	CHECK_STR(mark(&p), "::error file=t/web.c,line=7,title=t::##%5Bgroup]\n");
	CHECK_STR(mark(&nowhere), "::error title=t::no reason given\n");
}

TEST(github, the_page_has_text_only)
{
	struct point p = failed("</pre>", "*a*\n\n# <script>", "t/web.c:9");
	cleanup_buf struct buf out = {0};

	github_format_failure(&out, &p);
	CHECK_STR(buf_str(&out), "<details><summary>&lt;/pre&gt;</summary><pre>  t/web.c:9: *a*&#10; &#10;  # &lt;script&gt;&#10;"
				 "</pre></details>\n");
	point_free(&p);
}

/* ---- for people ---- */

TEST(summary, a_failure_is_its_reason_and_what_helps)
{
	struct point p = failed("t", "the command failed", "t/web.c:9");
	cleanup_buf struct buf out = {0};

	point_add_field(&p, "command", "false");
	point_add_field(&p, "qemu", "7.2.22");
	point_add_field(&p, "stderr", "a\nb");
	summary_format_failure(&out, "#", &p, false);
	CHECK_STR(buf_str(&out), "#  t/web.c:9: the command failed\n#   command: false\n#   stderr:\n#     a\n#     b\n");
	point_free(&p);
}
