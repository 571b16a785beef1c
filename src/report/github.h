/* github.h - GitHub Actions: a mark at the line of a failed test, and the run's page
 *
 * Under GITHUB_ACTIONS each failed point (the first GITHUB_MARKS_MAX: the service shows no more of a step) becomes
 *
 *	::error file=tests/web.c,line=7,title=the page is served::message
 *
 * on stderr, and the file that GITHUB_STEP_SUMMARY names gets a section with the counts and what each failure said.
 *
 * What a guest said may be in all of that. A mark is one line whose fields are encoded as the service decodes them; the
 * section has it as text between HTML tags, escaped, where Markdown means nothing.
 */
#ifndef REPORT_GITHUB_H
#define REPORT_GITHUB_H

#include "base/buf.h"
#include "report/report.h"
#include "report/sink.h"

#define GITHUB_MARKS_MAX 10
#define GITHUB_PAGE_MAX	 (256 << 10) /* bytes of our section; a step may have 1 MiB */

/**
 * struct github - The reporter
 * @failures:	The part of the section with what failed
 * @passed, @failed, @skipped: Points so far
 * @with_setup:	Of @failed, those that another point tells (@told_by)
 */
struct github {
	struct reporter reporter;
	struct sink sink;
	struct buf failures;
	size_t passed, failed, skipped, with_setup;
};

/* Return: whether this run is a step of GitHub Actions. */
bool github_is_here(void);
void github_init(struct github *g);
void github_free(struct github *g);

/* Append the mark of a failed point. Pure, for tests. */
void github_format_mark(struct buf *out, const struct point *p);
/* Append its place in the section. Pure, for tests. */
void github_format_failure(struct buf *out, const struct point *p);

#endif
