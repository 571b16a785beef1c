/* freeze.h - having the templates of a script's machines finished for later, while tests run on copies of what there is
 *
 * To give a template its identity, to let it come to rest and to freeze it takes longer than a test on a copy, and the
 * first test of a new machine has waited for its boot already. So it need not wait for that, too: a child of the runner
 * finishes the machines of one script at a time, beside the tests, and the run does not end before it has. What cannot be
 * finished is copied, as before.
 */
#ifndef CMD_FREEZE_H
#define CMD_FREEZE_H

#include "base/task.h"
#include "cmd/plan.h"

/**
 * struct freeze - A place for one script at a time
 * @task:	Its loop is set by the owner
 * @file:	Whose machines are being finished, or were last
 * @started:	CLOCK_MONOTONIC, ns
 * @in_child:	Called with @arg, first thing in the child
 * @done:	Called with @arg from the loop when the child has ended
 */
struct freeze {
	struct task task;
	struct plan_file *file;
	uint64_t started;
	void (*in_child)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

/* Return: whether a child is at work. */
static inline bool freeze_is_busy(const struct freeze *z)
{
	return z->task.pid > 0;
}

/* Return: MiB that it may come to need: the largest machine's, with @overhead for its QEMU. */
long freeze_weigh(const struct plan_file *f, long overhead);

/* Begin with the machines of a script whose templates are there. Failures are told in a verbose log alone. */
void freeze_start(struct freeze *z, struct plan_file *f);

#endif
