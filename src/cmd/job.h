/* job.h - one test under way: its world's process and the verdict on its way back */
#ifndef CMD_JOB_H
#define CMD_JOB_H

#include "base/task.h"
#include "cmd/work.h"
#include "qemu/accel.h"

/**
 * struct job - A place for one test, or one setup, at a time
 * @test:	What runs there. For a setup: the test that needs it first
 * @number:	Of the test in the plan
 * @setup:	It is a setup: that which comes to @stage
 * @title:	What a setup is called for people; owned by the owner
 * @begun:	What it begins with, as of plan.h
 * @accel:	What its machines run on
 * @memory:	MiB that they may come to need
 * @started:	CLOCK_MONOTONIC, ns
 * @life:	Seconds after which the world's process is killed
 * @task:	The world's process; its loop is set by the owner
 * @in_child:	Called with @arg, first thing in the world's process, to close what is the owner's
 * @done:	Called with @arg from the loop when the world has ended and the job is free again; the content of
 *		@outcome is the callee's to free. When the world ended without a verdict, @died is how ("killed by
 *		signal 11"), and @outcome is empty. When @outcome has been kept, the job is held instead: its world waits
 *		for people
 * @left:	Called with @arg from the loop when a held job is free again
 * @held:	It has told its outcome, and goes on
 *
 * The owner sets all but @started, @watchdog and @held.
 */
struct job {
	struct plan_test *test;
	size_t number;
	bool setup, held;
	char *title;
	int stage, begun;
	enum accel_kind accel;
	long memory;
	uint64_t started;
	double life;
	struct task task;
	struct timer watchdog;
	void (*in_child)(void *arg);
	void (*done)(void *arg, struct job *j, struct world_outcome *outcome, const char *died);
	void (*left)(void *arg, struct job *j);
	void *arg;
};

/* Return: whether something runs there. There is no other sign of it. */
static inline bool job_is_busy(const struct job *j)
{
	return j->task.pid > 0;
}

/* Return: whether it has still to tell its outcome. */
static inline bool job_is_under_way(const struct job *j)
{
	return job_is_busy(j) && !j->held;
}

/**
 * job_start() - Fork a world
 * @work:	Called in its process
 *
 * Return: 0, or -1
 */
int job_start(struct job *j, work_fn *work, struct err *err);

/* Wait for a job whose task was stopped, as task_finish() does; @done is not called. Harmless when nothing runs there. */
void job_finish(struct job *j, uint64_t deadline);

#endif
