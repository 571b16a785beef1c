/* findings.h - what a test's script, machines and clock say, as one point
 *
 * The first failure is the point's message, with its place and details; further
 * ones are listed. Whatever a script or a guest says is bounded here.
 */
#ifndef WORLD_FINDINGS_H
#define WORLD_FINDINGS_H

#include "machine/machine.h"
#include "wire/frame.h"
#include "world/outcome.h"

#define FINDINGS_CONSOLE_LINES 80	  /* a panic has 60; last lines of each console in a failed point */
#define FINDINGS_CONSOLE_BYTES 16384 /* and bytes */
#define FINDINGS_ALSO_FAILED   50	  /* further failures of a test that are listed */
#define FINDINGS_ALSO_BYTES    200	  /* of a command, its last words or a value in that list */

/**
 * struct findings - In the making
 * @outcome:	Filled in
 * @also, @power: Further failures; machines that have powered themselves off: a
 *		line each
 * @nalso:	Failures that are not the first, the unlisted ones too
 * @faulted:	The script told of a crash of its own
 */
struct findings {
	struct world_outcome *outcome;
	struct buf also, power;
	size_t nalso;
	bool faulted;
};

/* Take a WIRE_EVENT frame of the script. Return: 0, or -1 when it is malformed. */
int findings_event(struct findings *v, const struct frame *f);

/* A failure that the world itself found; an earlier one stays the test's message. */
void findings_fail(struct findings *v, const char *message);

/* The same, and the infrastructure is to blame. */
void findings_fail_infra(struct findings *v, const char *message);

/* The same, of a machine that is not well, with what that is known by. */
void findings_fail_health(struct findings *v, const char *message, const char *machine, const char *quoted);

/* A machine is OFF or GONE: what that says about the test, and about the accelerator. */
void findings_machine_stopped(struct findings *v, const struct machine *m);

/**
 * findings_finish() - Complete the outcome
 *
 * A test during which a machine was lost has failed, although no call has
 * noticed it. Adds consoles to a failed point, and which machines were never
 * started, for that is the commonest reason why another one does not answer.
 */
void findings_finish(struct findings *v, const struct machine *machines, size_t n);

void findings_free(struct findings *v);

#endif
