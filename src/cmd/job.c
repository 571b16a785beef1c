/* job.c - one test under way: its world's process and the verdict on its way back */
#include "cmd/job.h"

#include <signal.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"

#define OUTCOME_MAX (64 << 20) /* bytes of a world's message: its fields are bounded, so this is generous */

struct order {
	struct job *job;
	job_work_fn *work;
	void (*in_child)(void *arg);
};

/* The world's process: do the work, say what became of it. */
static void be_world(const void *order, struct buf *message)
{
	const struct order *o = order;
	struct world_outcome outcome;
	sigset_t none;

	o->in_child(o->job->arg);
	setpgid(0, 0); /* a terminal's ^C is the runner's to handle */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	o->work(o->job->test, &outcome);
	world_outcome_encode(&outcome, message);
}

/* The test is over, one way or the other. */
static void ended(void *arg, const struct buf *message, int status)
{
	struct job *j = arg;
	struct world_outcome outcome = {0};
	cleanup_free char *how = NULL;

	if (world_outcome_decode(message, &outcome) < 0)
		how = proc_status_text(status);
	j->done(j->arg, j, &outcome, how);
}

int job_start(struct job *j, struct plan_test *t, size_t number, job_work_fn *work, void (*in_child)(void *arg),
	      struct err *err)
{
	const struct order order = {.job = j, .work = work, .in_child = in_child};

	j->test = t;
	j->number = number;
	j->started = clock_now();
	j->task.limit = OUTCOME_MAX;
	j->task.ended = ended;
	j->task.arg = j;
	if (task_start(&j->task, be_world, &order, err) == 0)
		return 0;
	j->test = NULL;
	return -1;
}

void job_kill(struct job *j)
{
	task_kill(&j->task);
	j->test = NULL;
}
