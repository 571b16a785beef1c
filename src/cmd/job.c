/* job.c - one test under way: its world's process and the verdict on its way back */
#include "cmd/job.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"
#include "wire/frame.h"

#define OUTCOME_MAX (80 << 20) /* bytes of a world's message: one that sends more is killed */
#define OWN_TEXTS   7	       /* of an outcome, each at most a frame of the script's: reason, place, what failed */
#define HEADS	    64	       /* bytes around the texts of a sub-point, a field or an event, about */

static_assert(OWN_TEXTS * WIRE_PAYLOAD_MAX + POINT_FIELDS_MAX * (POINT_KEY_MAX + POINT_VALUE_MAX + HEADS) +
		      POINT_NOTES_MAX * (POINT_NOTE_MAX + HEADS) + POINT_SUBPOINTS_MAX * (POINT_NAME_MAX + HEADS) + TRACE_BYTES_MAX +
				      TRACE_EVENTS_MAX * HEADS + TRACE_JOURNALS * TRACE_JOURNAL_MAX + TRACE_PICTURES_MAX <=
	      OUTCOME_MAX, "an outcome has room for all that a script may say");

struct order {
	struct job *job;
	work_fn *work;
};

/* The world's process: do the work, say what became of it. */
static void be_world(const void *order, struct buf *message)
{
	const struct order *o = order;
	struct world_outcome outcome;
	struct world *kept;

	o->job->in_child(o->job->arg);
	kept = o->work(o->job->test, &outcome);
	world_outcome_encode(&outcome, message);
	if (!kept)
		return;
	task_tell(message);
	world_keep(kept);
}

/* The test is over, but its world may not be. */
static void told(void *arg, const struct buf *message)
{
	struct job *j = arg;
	struct world_outcome outcome = {0};

	if (!world_outcome_is_kept(message) || world_outcome_decode(message, &outcome) < 0)
		return; /* its end, which follows, says more */
	j->held = true;
	loop_timer(j->task.loop, &j->watchdog, CLOCK_NEVER);
	j->done(j->arg, j, &outcome, NULL);
}

/* The test is over, one way or the other. */
static void ended(void *arg, const struct buf *message, int status)
{
	struct job *j = arg;
	struct world_outcome outcome = {0};
	cleanup_free char *how = NULL;

	loop_timer(j->task.loop, &j->watchdog, CLOCK_NEVER);
	if (j->held) {
		j->held = false;
		j->left(j->arg, j);
		return;
	}
	if (world_outcome_decode(message, &outcome) < 0)
		how = proc_status_text(status);
	j->done(j->arg, j, &outcome, how);
}

/* A world keeps its limits of time by itself, unless its process is stopped or waits for a storage that is gone. */
static void overdue(void *arg)
{
	struct job *j = arg;
	struct world_outcome outcome = {0};
	cleanup_free char *how = xasprintf(
		"killed after %.0f s, past all time limits; was it stopped, or does a disk not answer?", j->life);

	task_kill(&j->task);
	j->done(j->arg, j, &outcome, how);
}

int job_start(struct job *j, work_fn *work, struct err *err)
{
	const struct order order = {.job = j, .work = work};

	j->started = clock_now();
	j->task.limit = OUTCOME_MAX;
	j->task.ended = ended;
	j->task.told = told;
	j->task.arg = j;
	j->watchdog = (struct timer){.expired = overdue, .arg = j};
	if (task_start(&j->task, be_world, &order, err) < 0)
		return -1;
	loop_timer(j->task.loop, &j->watchdog, j->started + (uint64_t)(j->life * 1e9));
	return 0;
}

void job_finish(struct job *j, uint64_t deadline)
{
	loop_timer(j->task.loop, &j->watchdog, CLOCK_NEVER);
	task_finish(&j->task, deadline);
	j->held = false;
}
