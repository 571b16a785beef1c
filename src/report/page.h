/* page.h - the whole run as one HTML page, which needs nothing else: index.html of --artifacts
 *
 * No script, no resource from elsewhere, and a content policy that forbids both: should a guest's text ever become
 * markup after all, it could do nothing. The page is well-formed XML besides, which tests hold it to.
 */
#ifndef REPORT_PAGE_H
#define REPORT_PAGE_H

#include "base/buf.h"
#include "report/phases.h"

#define PAGE_TESTS_MAX (24 << 20) /* bytes of tests; further ones are a line each */
#define PAGE_CALLS_MAX 300	  /* calls of a test that are listed: the first and the last ones */

/**
 * struct page - In the making
 * @setups, @failed, @others: Tests, as HTML; @links: lines that lead to those that failed
 * @remarks:	Comments of the run, as HTML
 * @counts:	By verdict
 */
struct page {
	struct buf setups, failed, others, links, remarks;
	size_t counts[VERDICT_SKIPPED + 1];
	size_t nsetups;
};

void page_free(struct page *p);

/**
 * page_add() - Add a test, or a setup
 * @number:	In the plan, from 1; 0 for a setup
 * @folder:	Where its files are, relative to the page, or NULL
 * @files:	NULL-terminated names in there
 */
void page_add(struct page *p, size_t number, const struct point *point, const char *folder, char *const *files);

void page_add_remark(struct page *p, const char *text);

/**
 * page_format() - Append the page
 * @phases:	The table of times
 * @seconds:	Of the whole run
 * @again:	Command that runs what failed again, or NULL
 * @ended:	Why the run has ended early, or NULL
 */
void page_format(struct buf *out, const struct page *p, const struct phases *phases, double seconds, const char *again,
		 const char *ended);

#endif
