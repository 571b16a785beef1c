/* github.c - GitHub Actions: a mark at the line of a failed test, and the run's page */
#include "report/github.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/markup.h"
#include "report/summary.h"

/* ---- a mark ---- */

/* Append a field of a workflow command. @special: what ends such a field. */
static void add_encoded(struct buf *out, const char *text, const char *special)
{
	cleanup_buf struct buf clean = {0};

	text_clean(&clean, text, strlen(text));
	for (const char *p = buf_str(&clean); *p; p++) {
		if (*p == '%' || *p == '\n' || *p == '[' || strchr(special, *p))
			buf_addf(out, "%%%02X", (unsigned char)*p);
		else
			buf_addc(out, *p);
	}
}

/* "FILE:LINE" of the failure, else the line of the test. Return: the length of FILE's name in @p->at; 0: use the test's. */
static size_t split_place(const struct point *p, int *line)
{
	const char *colon = p->at ? strrchr(p->at, ':') : NULL;

	*line = colon ? atoi(colon + 1) : p->line;
	return colon && *line > 0 ? (size_t)(colon - p->at) : 0;
}

void github_format_mark(struct buf *out, const struct point *p)
{
	int line;
	size_t n = split_place(p, &line);
	cleanup_free char *file = n ? xstrndup(p->at, n) : xstrdup(p->script ? p->script : "");

	buf_adds(out, point_has_failed(p) ? "::error " : "::notice ");
	if (*file && line > 0) {
		buf_adds(out, "file=");
		add_encoded(out, file, ":,");
		buf_addf(out, ",line=%d,", line);
	}
	buf_adds(out, "title=");
	add_encoded(out, p->name ? p->name : "", ":,");
	buf_adds(out, "::");
	add_encoded(out, point_is_unexpected(p) ? POINT_UNEXPECTED : p->reason ? p->reason : "no reason given", "");
	buf_addc(out, '\n');
}

/* ---- the page ---- */

/* A blank line would end the HTML and begin Markdown. */
static void add_html(struct buf *out, const char *text)
{
	markup_add(out, text, "\n");
}

void github_format_failure(struct buf *out, const struct point *p)
{
	cleanup_buf struct buf text = {0};

	summary_format_failure(&text, "", p, false);
	buf_adds(out, "<details><summary>");
	add_html(out, p->name ? p->name : "");
	buf_adds(out, "</summary><pre>");
	add_html(out, buf_str(&text));
	buf_adds(out, "</pre></details>\n");
}

static void format_page(const struct github *g, struct buf *out)
{
	buf_addf(out, "\n### vmtap: %zu failed, %zu skipped, %zu passed\n\n", g->failed, g->skipped, g->passed);
	buf_add(out, g->failures.data, g->failures.len);
	if (g->with_setup)
		buf_addf(out, "\n%zu more failed with their setup.\n", g->with_setup);
	buf_addc(out, '\n');
}

/* The service has made the file, and reads it when the step is over. */
static void write_page(const struct github *g)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	cleanup_fd int fd = -1;
	cleanup_buf struct buf out = {0};

	if (!path || !*path)
		return;
	format_page(g, &out);
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0666);
	if (fd < 0 || fd_write_all(fd, out.data, out.len) < 0)
		log_line("cannot write GITHUB_STEP_SUMMARY '%s': %s", path, strerror(errno));
}

/* ---- the reporter ---- */

static struct github *of(struct reporter *r)
{
	return (struct github *)((char *)r - offsetof(struct github, reporter));
}

static int take_point(struct reporter *r, const struct point *p)
{
	struct github *g = of(r);
	cleanup_buf struct buf mark = {0};

	g->skipped += point_counts_as(p) == VERDICT_SKIPPED;
	g->passed += p->verdict == VERDICT_PASSED;
	if (point_is_unexpected(p)) {
		github_format_mark(&mark, p);
		(void)sink_write(&g->sink, mark.data, mark.len);
	}
	if (!point_has_failed(p))
		return 0;
	if (p->told_by) { /* one mark for the setup is enough */
		g->failed++;
		g->with_setup++;
		return 0;
	}
	if (g->failures.len < GITHUB_PAGE_MAX)
		github_format_failure(&g->failures, p);
	if (++g->failed - g->with_setup > GITHUB_MARKS_MAX)
		return 0;
	github_format_mark(&mark, p);
	(void)sink_write(&g->sink, mark.data, mark.len); /* the TAP stream has it, too */
	return 0;
}

static int end(struct reporter *r)
{
	write_page(of(r));
	return 0;
}

static int bail_out(struct reporter *r, const char *why)
{
	(void)why;
	write_page(of(r));
	return 0;
}

static const struct reporter_ops ops = {.point = take_point, .bail_out = bail_out, .end = end};

bool github_is_here(void)
{
	const char *here = getenv("GITHUB_ACTIONS");

	return here && *here;
}

void github_init(struct github *g)
{
	*g = (struct github){.reporter = {.ops = &ops, .sink = &g->sink}};
	sink_init(&g->sink, STDERR_FILENO);
}

void github_free(struct github *g)
{
	buf_free(&g->failures);
	sink_end(&g->sink);
}
