/* world.h - one test's world: its script process, its machines, its networks, its verdict
 *
 * A world is a process of its own. It never runs script code: the script is a
 * child that blocks in calls over a socketpair, so whatever it does, the world
 * lives to tear the machines down and to say what happened.
 */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include "base/buf.h"
#include "report/point.h"
#include "machine/spec.h"

#define WORLD_CONSOLE_LINES 80	  /* a panic has 60; last lines of each console in a failed point */
#define WORLD_CONSOLE_BYTES 16384 /* and bytes */
#define WORLD_ALSO_FAILED   50	  /* further failures of a test that are listed */
#define WORLD_ALSO_BYTES    200	  /* of a command or its last words in that list */

/**
 * struct world_outcome - What became of a test
 * @result:	Without its name, duration and accelerator, which the runner knows
 * @kvm_failed:	A machine was lost under KVM before it was ever up: the test
 *		deserves another try under TCG; owned, says why; NULL otherwise
 * @unsaved:	A setup succeeded, but its machines could not be saved; owned, says why
 * @no_template: Why a machine could not be saved or resumed and was booted, with its name; owned
 * @layer_failed: What setup left could not be resumed: the test deserves another
 *		try without it; owned, says why; NULL otherwise
 * @came_up:	Every machine that the test used was up at some time, and there was one
 * @qemu_version: "7.2.22", or "" when no QEMU came that far
 */
struct world_outcome {
	struct point result;
	char *kvm_failed, *unsaved, *no_template, *layer_failed;
	bool came_up;
	char qemu_version[32];
};

/**
 * world_run() - Run one test to its end
 * @spec:	What it is made of
 * @script:	Called in a forked child with the descriptor of its socket; never returns
 * @arg:	For @script
 * @out:	Filled in
 *
 * All machines and the script process are gone when it returns.
 */
void world_run(const struct world_spec *spec, void (*script)(void *arg, int fd), void *arg,
	       struct world_outcome *out);

/* The outcome as one message for a pipe, and back. Return (decode): 0, or -1 when it is not whole, or more. */
void world_outcome_encode(const struct world_outcome *o, struct buf *out);
int world_outcome_decode(const struct buf *in, struct world_outcome *o);
void world_outcome_free(struct world_outcome *o);

#endif
