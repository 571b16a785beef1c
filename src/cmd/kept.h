/* kept.h - the failed tests of a run that wait for people: how many there may be, and what is said of them */
#ifndef CMD_KEPT_H
#define CMD_KEPT_H

#include "cmd/job.h"
#include "report/report.h"

#define KEPT_MAX 4 /* of a run: each has the memory of its machines */

/**
 * struct kept_options - How to run
 * @keep:	The machines of tests that fail stay, for people
 * @seconds:	For so long without anybody there; 0: no limit. Also what a script's interact() waits
 */
struct kept_options {
	int keep;
	double seconds;
};

/* Fill in who may come to the machines of a test. @permits: kept_permits(); @infra: also when the infrastructure fails it */
void kept_set(const struct kept_options *o, const struct plan_test *t, int permits, bool infra, struct spec_visits *v);

/*
 * Return: a pipe with a byte for each world that may be kept, which the caller closes; -1 when it cannot be had, and then
 * none is. Worlds take them by themselves: which of several that fail at once is kept is known when it is.
 */
int kept_permits(void);

/* Tell where a job that has failed is kept, or why not, at once and with its point. */
void kept_tell(struct report *report, const struct job *j, struct world_outcome *o);

#endif
