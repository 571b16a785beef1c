/* junit.c - the results as a JUnit XML file */
#include "report/junit.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "report/excerpt.h"
#include "report/markup.h"

/* Parts of a suite: the sums of its attributes. */
struct counts {
	size_t tests, failures, errors, skipped;
	double ms;
};

/* A script with its points, as XML. @name is owned. */
struct junit_suite {
	char *name;
	struct counts counts;
	struct buf cases;
};

static const struct excerpt_layout layout = {.prefix = "   ", .lost = "   ", .head = 50, .tail = 200, .width = 2000};

/* ---- XML ---- */

/* Append ' name="text"'; line ends stay what they are. */
static void add_attribute(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, " %s=\"", name);
	markup_add(out, text, MARKUP_ATTRIBUTE);
	buf_addc(out, '"');
}

/* Append ' time="seconds"', made of integers: printf("%f") would follow the locale. */
static void add_time(struct buf *out, double ms)
{
	unsigned long long whole = ms > 0 && ms < 1e15 ? (unsigned long long)(ms + 0.5) : 0;

	buf_addf(out, " time=\"%llu.%03llu\"", whole / 1000, whole % 1000);
}

static void add_counts(struct buf *out, const struct counts *c)
{
	buf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\"", c->tests, c->failures, c->errors,
		 c->skipped);
	add_time(out, c->ms);
}

/* ---- a test ---- */

/* Append the sub-points, each behind as many blanks as it is deep. */
static void list_subpoints(struct buf *out, const struct point *p, int depth)
{
	for (size_t i = 0; i < p->nsubpoints; i++) {
		const struct point *sub = &p->subpoints[i];

		buf_addf(out, "%*s%s: %s\n", depth * 2, "", point_verdict_name(sub), sub->name);
		list_subpoints(out, sub, depth + 1);
	}
}

static void add_detail(struct buf *out, const char *key, const char *value)
{
	if (!strchr(value, '\n')) {
		buf_addf(out, "%s: %s\n", key, value);
		return;
	}
	buf_addf(out, "%s:\n", key);
	excerpt_add(out, value, &layout, false);
}

/* Append what a failure says, for people. */
static void describe(struct buf *out, const struct point *p)
{
	cleanup_buf struct buf text = {0}, list = {0};

	if (p->at)
		add_detail(&text, "at", p->at);
	if (p->told_by)
		buf_addf(&text, "told by: test %zu\n", p->told_by);
	for (size_t i = 0; i < p->nfields; i++)
		add_detail(&text, p->fields[i].key, p->fields[i].value);
	list_subpoints(&list, p, 0);
	if (list.len)
		add_detail(&text, "subtests", buf_str(&list));
	markup_add(out, buf_str(&text), "");
}

static void add_failure(struct buf *out, const struct point *p)
{
	const char *element = p->infra ? "error" : "failure";

	buf_addf(out, "      <%s", element);
	add_attribute(out, "message", p->reason ? p->reason : "no reason given");
	buf_addf(out, " type=\"%s\">", p->infra ? "infrastructure" : "fail");
	describe(out, p);
	buf_addf(out, "</%s>\n", element);
}

static void add_notes(struct buf *out, const struct point *p)
{
	if (p->nnotes == 0)
		return;
	buf_adds(out, "      <system-out>");
	for (size_t i = 0; i < p->nnotes; i++) {
		markup_add(out, p->notes[i], "");
		buf_addc(out, '\n');
	}
	buf_adds(out, "</system-out>\n");
}

void junit_format_case(struct buf *out, const struct point *p)
{
	buf_adds(out, "    <testcase");
	add_attribute(out, "name", p->test ? p->test : p->name ? p->name : "");
	add_attribute(out, "classname", p->script ? p->script : "vmtap");
	if (p->script)
		add_attribute(out, "file", p->script);
	if (p->line)
		buf_addf(out, " line=\"%d\"", p->line);
	add_time(out, p->duration_ms);
	buf_adds(out, ">\n");
	if (point_has_failed(p)) {
		add_failure(out, p);
	} else if (point_counts_as(p) == VERDICT_SKIPPED) {
		buf_adds(out, "      <skipped");
		add_attribute(out, "message", !point_is_ok(p) ? p->todo : p->reason ? p->reason : "no reason given");
		buf_adds(out, "/>\n");
	}
	add_notes(out, p);
	buf_adds(out, "    </testcase>\n");
}

/* ---- the file ---- */

static void count(struct counts *c, const struct point *p)
{
	c->tests++;
	c->failures += point_has_failed(p) && !p->infra;
	c->errors += point_has_failed(p) && p->infra;
	c->skipped += point_counts_as(p) == VERDICT_SKIPPED;
	c->ms += p->duration_ms > 0 ? p->duration_ms : 0;
}

static struct junit_suite *find_suite(struct junit *j, const char *name)
{
	for (size_t i = 0; i < j->nsuites; i++)
		if (strcmp(j->suites[i].name, name) == 0)
			return &j->suites[i];
	j->suites = xrealloc(j->suites, (j->nsuites + 1) * sizeof(*j->suites));
	j->suites[j->nsuites] = (struct junit_suite){.name = xstrdup(name)};
	return &j->suites[j->nsuites++];
}

static void format(const struct junit *j, struct buf *out)
{
	struct counts all = {0};

	for (size_t i = 0; i < j->nsuites; i++) {
		const struct counts *c = &j->suites[i].counts;

		all.tests += c->tests;
		all.failures += c->failures;
		all.errors += c->errors;
		all.skipped += c->skipped;
		all.ms += c->ms;
	}
	buf_adds(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"vmtap\"");
	add_counts(out, &all);
	buf_adds(out, ">\n");
	for (size_t i = 0; i < j->nsuites; i++) {
		buf_adds(out, "  <testsuite");
		add_attribute(out, "name", j->suites[i].name);
		add_counts(out, &j->suites[i].counts);
		buf_adds(out, ">\n");
		buf_add(out, j->suites[i].cases.data, j->suites[i].cases.len);
		buf_adds(out, "  </testsuite>\n");
	}
	buf_adds(out, "</testsuites>\n");
}

static int write_file(const struct junit *j, struct err *err)
{
	cleanup_buf struct buf out = {0};

	format(j, &out);
	return file_write_atomic(j->path, out.data, out.len, 0666, err);
}

static int write_last(const struct junit *j)
{
	struct err err = {0};

	if (write_file(j, &err) == 0)
		return 0;
	log_line("the JUnit report is lost: %s", err.text);
	errno = EIO;
	return -1;
}

/* ---- the reporter ---- */

static struct junit *of(struct reporter *r)
{
	return (struct junit *)((char *)r - offsetof(struct junit, reporter));
}

static int take_point(struct reporter *r, const struct point *p)
{
	struct junit_suite *s = find_suite(of(r), p->script ? p->script : "vmtap");

	count(&s->counts, p);
	junit_format_case(&s->cases, p);
	return 0;
}

static int bail_out(struct reporter *r, const char *reason)
{
	(void)reason;
	return write_last(of(r));
}

static int end(struct reporter *r)
{
	return write_last(of(r));
}

static const struct reporter_ops ops = {.point = take_point, .bail_out = bail_out, .end = end};

int junit_open(struct junit *j, const char *path, struct err *err)
{
	*j = (struct junit){.reporter.ops = &ops, .path = path};
	return write_file(j, err) < 0 ? err_wrap(err, "cannot write the JUnit report") : 0;
}

void junit_close(struct junit *j)
{
	for (size_t i = 0; i < j->nsuites; i++) {
		free(j->suites[i].name);
		buf_free(&j->suites[i].cases);
	}
	free(j->suites);
	*j = (struct junit){0};
}
