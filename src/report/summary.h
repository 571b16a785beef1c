/* summary.h - what a person wants to read on stderr: why a test failed, and at the end how it all went
 *
 * A failed point is told on stderr at once when nobody sees the TAP stream, as under prove and Meson: when stdout is
 * neither a terminal nor the same file as stderr. The end of the run is told where a person may read it: not under a
 * harness that says HARNESS_ACTIVE, which has a summary of its own.
 */
#ifndef REPORT_SUMMARY_H
#define REPORT_SUMMARY_H

#include "base/buf.h"
#include "report/phases.h"
#include "report/sink.h"

#define SUMMARY_LIST_MAX    20	/* failed tests that are listed at the end */
#define SUMMARY_SLOWEST	    3	/* slowest tests that are named */
#define SUMMARY_SLOW_MS	    1000 /* ... of those that took longer than this */

/**
 * struct summary - The reporter
 * @failures:	Failed points are told at once
 * @at_end:	The end is told
 * @colour:	... in colours
 * @phases:	The table of times; not owned, or NULL
 * @again:	The command that runs what failed again; not owned, or NULL
 * @number:	Points so far
 * @passed, @failed, @skipped: Of those
 * @list:	The lines of the failed ones
 * @skips:	Why tests were skipped, and how many for each reason
 * @slowest:	By time, the slowest first; names are owned
 * @started:	CLOCK_MONOTONIC, ns
 */
struct summary {
	struct reporter reporter;
	struct sink sink;
	bool failures, at_end, colour;
	const struct phases *phases;
	const char *again;
	size_t number, passed, failed, skipped;
	struct buf list;
	struct skip_reason *skips;
	size_t nskips;
	struct slow_test {
		char *name;
		double ms;
	} slowest[SUMMARY_SLOWEST];
	uint64_t started;
};

/* Begin. @stdout_fd is the TAP stream's, to see who reads it. */
void summary_init(struct summary *s, int stdout_fd, const struct phases *phases, const char *again);
void summary_free(struct summary *s);

/* Append what is told of a failed point, each line behind @prefix and a blank or more. Pure. */
void summary_format_failure(struct buf *out, const char *prefix, const struct point *p, bool disarm);

#endif
