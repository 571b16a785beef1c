/* job.h - one test under way: its world's process and the verdict on its way back */
#ifndef CMD_JOB_H
#define CMD_JOB_H

#include "base/task.h"
#include "cmd/plan.h"
#include "world/world.h"

/* What a job's process does: run a world and say what became of it. */
typedef void job_work_fn(struct plan_test *t, struct world_outcome *out);

/**
 * struct job - A place for one test, or one setup, at a time
 * @test:	What runs there, or NULL. For a setup: the test that needs it first
 * @setup:	It is a setup
 * @done:	Called from the loop when the world has ended; @outcome is the
 *		callee's to free. When the world died without a verdict, @died is
 *		how ("killed by signal 11"), and @outcome is empty
 */
struct job {
	struct plan_test *test;
	bool setup;
	size_t number; /* of the test in the plan */
	struct task task; /* the world's process; its loop is set by the owner */
	uint64_t started; /* CLOCK_MONOTONIC, ns */
	void (*done)(void *arg, struct job *j, struct world_outcome *outcome, const char *died);
	void *arg;
};

/**
 * job_start() - Fork a world for a test
 * @work:	Called in its process
 * @in_child:	Called first thing in the world's process, to close what is the runner's
 *
 * Return: 0, or -1
 */
int job_start(struct job *j, struct plan_test *t, size_t number, job_work_fn *work, void (*in_child)(void *arg),
	      struct err *err);

/* Kill the world, and with it its machines; silent. */
void job_kill(struct job *j);

#endif
