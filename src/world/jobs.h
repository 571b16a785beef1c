/* jobs.h - the commands that a test has spawned, which run on between its calls
 *
 * Theory of operation
 *
 * A job is a request (SPAWN) that is not a call: the agent's answers come here, whether the script waits for them or
 * computes, and what the job writes is kept until the script asks. A call that waits for a job (CALL_JOB) is told
 * when the job has ended, or has taken what it was given to read.
 *
 * A job lasts as long as this life of its machine. One that is shut down, lost, or goes back to a checkpoint takes
 * its jobs along: the machine counts its lives (@ends), and a job of an earlier one has ended.
 */
#ifndef WORLD_JOBS_H
#define WORLD_JOBS_H

#include "world/call.h"

#define JOBS_MAX 1000 /* of a test: each has a shell in the guest, and may keep two times WIRE_CALL_OUTPUT_MAX here */

/**
 * struct jobs - All jobs of a world; `= {0}` is none
 */
struct jobs {
	struct job **all;
	size_t n;
};

/* Ask the machine's agent to end all jobs: what is saved next is without them. */
void jobs_kill(struct jobs *jobs);

/* A machine went back to a checkpoint: what its agent still runs for jobs that have ended is ended. */
void jobs_restored(struct jobs *jobs, struct machine *m);

/* Free them; their machines are freed, or hear no more of them, by then. */
void jobs_free(struct jobs *jobs);

/* Rows of calls.def. */
void jobs_spawn(struct call *c);
bool jobs_wait(struct call *c);
bool jobs_tell_running(struct call *c);
bool jobs_tell_output(struct call *c);
bool jobs_signal(struct call *c);
bool jobs_write(struct call *c);
bool jobs_close(struct call *c);

/* A call that waits for a job is over. */
void jobs_forget_call(struct call *c);

#endif
