/* report.h - what a run says of itself, to as many reporters as listen
 *
 * The runner tells what happens, once and in this order: a plan, then points in
 * the order of the plan, comments and notices in between, and an end or a
 * bail-out. Each reporter writes what its readers can use: TAP on stdout
 * (tap.h), a line for a waiting person on stderr (progress.h). A further one is
 * a struct reporter with its table of operations, and a report_add().
 *
 *	struct report report = {0};
 *
 *	report_add(&report, &progress.reporter);
 *	report_add(&report, &tap.reporter);
 *	if (report_plan(&report, n, NULL) < 0)
 *		...
 *
 * Reporters are called in the order in which they were added: one that keeps a
 * line on the terminal comes before those that print there.
 */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "base/glimpse.h"
#include "report/point.h"

#define REPORT_LAST_MS 500 /* ms that the last words of an interrupted run may take, also when nobody reads them */

/**
 * struct report_activity - Something that is under way
 * @what:	A test's name, or what is being prepared
 * @started:	CLOCK_MONOTONIC, ns
 * @doing:	What its process is doing, to be looked at when it is told; or NULL. Not owned
 */
struct report_activity {
	const char *what;
	uint64_t started;
	const struct glimpse *doing;
};

/**
 * struct report_status - How far the run is
 * @activities:	What is under way; not owned, valid until the next status
 * @finished:	Tests that have ended, printed or not yet
 * @total:	Tests of the plan
 */
struct report_status {
	const struct report_activity *activities;
	size_t nactivities, finished, total;
};

struct reporter;
struct sink;

/**
 * struct reporter_ops - What a reporter is told; each may be NULL
 * @plan:	There will be @n tests; when @n is 0, @nothing says why
 * @point:	The next one. It has its sub-points: a reporter that can show a tree does so
 * @setup:	A script's setup has ended, for all of its tests: what became of it, which is no test point
 * @comment:	A remark that belongs to the results
 * @notice:	A remark to the waiting person, which belongs to stderr
 * @status:	Something began or ended
 * @bail_out:	The run ends without the points that are missing, all machines are gone
 * @end:	The run is over, all points were told: for a report that is written as a whole
 * @forget:	We are a child of the runner: give up all descriptors, write nothing
 *
 * Those that return an int: 0, or -1 with errno when nothing more can be
 * written, EINTR when the run is to end.
 */
struct reporter_ops {
	int (*plan)(struct reporter *r, size_t n, const char *nothing);
	int (*point)(struct reporter *r, const struct point *p);
	void (*setup)(struct reporter *r, const struct point *setup);
	int (*comment)(struct reporter *r, const char *text);
	void (*notice)(struct reporter *r, const char *text);
	void (*status)(struct reporter *r, const struct report_status *s);
	int (*bail_out)(struct reporter *r, const char *reason);
	int (*end)(struct reporter *r);
	void (*forget)(struct reporter *r);
};

/**
 * struct reporter - One of them, inside the object that it is the face of
 * @sink:	The way to its readers, who may be slow; NULL when it has none
 */
struct reporter {
	const struct reporter_ops *ops;
	struct sink *sink;
	struct reporter *next;
};

struct report {
	struct reporter *first;
};

/* Let a reporter listen as well, after those that do. It is not owned, and lives longer than @report is used. */
void report_add(struct report *report, struct reporter *r);

/*
 * Tell all of them. Return, where there is one: 0, or -1 with errno when one of
 * them failed, which the others do not notice.
 */
int report_plan(struct report *report, size_t n, const char *nothing);
int report_point(struct report *report, const struct point *p);
void report_setup(struct report *report, const struct point *setup);
int report_comment(struct report *report, const char *text);
void report_notice(struct report *report, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void report_status(struct report *report, const struct report_status *s);
int report_bail_out(struct report *report, const char *reason);
int report_end(struct report *report);
/* @fd becomes readable when the run is to end: no reporter waits for a reader after that. */
void report_interrupt(struct report *report, int fd);
/* The run was interrupted: what follows may take until @deadline (CLOCK_MONOTONIC, ns). */
void report_hurry(struct report *report, uint64_t deadline);
void report_forget(struct report *report);

#endif
