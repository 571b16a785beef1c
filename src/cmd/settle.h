/* settle.h - results: in the order of the plan, however the tests end, and counted when they are told
 *
 * A test that has ended waits until all before it have. What it counts as is
 * kept with its result, so that a run that is cut short has counted what it has
 * told, and no more.
 */
#ifndef CMD_SETTLE_H
#define CMD_SETTLE_H

#include "cmd/plan.h"
#include "cmd/cmd.h"
#include "report/report.h"

/* What a result counts as for the exit status. */
enum settle_class { SETTLE_GOOD, SETTLE_FAILED, SETTLE_INFRA, SETTLE_UNCOMPILED, SETTLE_CLASSES };

/* A result; @point is NULL when there is none, or it was told. @skipped: it is one of a test that was not run. */
struct settled {
	struct point *point;
	enum settle_class class;
	bool skipped;
};

/**
 * struct settle - The results of a run
 * @waiting:	By the test's number; what it counts as stays known
 * @finished:	Tests that have a result
 * @failed:	Number of the first in the plan of those that have failed so far, or the number of tests
 * @told:	Points that the reporters got
 * @end:	Number of tests of which anything is told
 * @counts:	Of those, by class
 * @silenced:	errno of a report that failed, or 0: nothing more is told
 */
struct settle {
	struct report *report;
	const struct plan *plan;
	struct settled *waiting;
	size_t finished, failed, told, end;
	size_t counts[SETTLE_CLASSES];
	int silenced;
};

void settle_init(struct settle *s, struct report *report, const struct plan *p);
void settle_free(struct settle *s);

/*
 * Each of these gives test number @number its result, once; it is told as soon
 * as all before it have theirs.
 */

/* @result's content is taken over, and gets the test's name. */
void settle_result(struct settle *s, size_t number, struct point *result);
/* It could not even be tried. */
void settle_infra(struct settle *s, size_t number, const char *why);
/* Its script does not compile. */
void settle_uncompiled(struct settle *s, size_t number);
void settle_skipped(struct settle *s, size_t number);
/* Every test before test @number that has no result yet ends, as that one says that no test is of any use; those behind it are not told. */
void settle_before(struct settle *s, size_t number);
/* Every test that has no result yet: it was not run, or not to its end, because of the failure of @failed. */
void settle_rest(struct settle *s);
/* It has passed before; @when as text. */
void settle_cached(struct settle *s, size_t number, const char *when);
/**
 * settle_like_setup() - A setup that it begins with failed, or skipped: with the setup's own reason, place and details
 * @name:	The setup's, or NULL
 * @told_by:	Number of the point that has told its failure in full, from 1: this one is short, and names that; 0, which
 *		is set, for the first of them
 */
void settle_like_setup(struct settle *s, size_t number, const struct point *setup, const char *name, size_t *told_by);

/* Return: the exit status of a run that was told to its end. */
enum exit_status settle_status(const struct settle *s);

#endif
