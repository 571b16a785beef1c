/* prepare.h - making what the machines of a script boot from, without making the run wait
 *
 * An image of gigabytes takes seconds to be written, and one that another run
 * is writing takes as long as that run does. Both happen in a child, so that
 * signals are heard and other tests' ends are seen meanwhile. When all is in
 * the store already, which is the rule, no child is needed.
 */
#ifndef CMD_PREPARE_H
#define CMD_PREPARE_H

#include "base/task.h"
#include "cmd/plan.h"

/**
 * struct prepare - The preparation of one script at a time
 * @task:	Its loop is set by the owner
 * @file, @settings: Of what is being prepared, or was last
 * @started:	CLOCK_MONOTONIC, ns
 * @in_child:	Called with @arg, first thing in the child
 * @done:	Called with @arg from the loop when the file is prepared
 */
struct prepare {
	struct task task;
	struct plan_file *file;
	const struct settings *settings;
	uint64_t started;
	void (*in_child)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

/* Return: whether a child is at work. */
static inline bool prepare_is_busy(const struct prepare *p)
{
	return p->task.pid > 0;
}

/**
 * prepare_start() - Prepare the machines of a described script
 *
 * What cannot be prepared is then @broken in its machine.
 *
 * Return: whether @done will be called; false: the file is prepared
 */
bool prepare_start(struct prepare *p, struct plan_file *f);

#endif
