/* outcome.h - what became of a test, from the world's process to the runner's */
#ifndef WORLD_OUTCOME_H
#define WORLD_OUTCOME_H

#include "base/buf.h"
#include "report/point.h"

/**
 * struct world_outcome - What became of a test
 * @result:	Without its name, duration and accelerator, which the runner knows
 * @kvm_failed:	A machine was lost under KVM before it was ever up: the test
 *		deserves another try under TCG; owned, says why; NULL otherwise
 * @unsaved:	A setup succeeded, but its machines could not be saved; owned, says why
 * @no_template: Why a machine could not be saved or resumed and was booted, with its name; owned
 * @layer_failed: What setup left could not be resumed: the test deserves another
 *		try without it; owned, says why; NULL otherwise
 * @kept:	The machines of this failed test wait for people at this address; owned; NULL otherwise
 * @not_kept:	They were to, and do not; owned, says why; NULL otherwise
 * @bail:	The script says that no test of the run is of any use, "why (file:line)"; owned; NULL otherwise
 * @unfinished:	A machine was copied from a template that can be copied faster once it is finished (state/template.h)
 * @came_up:	Every machine that the test used was up at some time, and there was one
 * @qemu_version: "7.2.22", or "" when no QEMU came that far
 */
struct world_outcome {
	struct point result;
	char *kvm_failed, *unsaved, *no_template, *layer_failed, *kept, *not_kept, *bail;
	bool unfinished, came_up;
	char qemu_version[32];
};

/* The outcome as one message for a pipe, and back. Return (decode): 0, or -1 when it is not whole, or more. */
void world_outcome_encode(const struct world_outcome *o, struct buf *out);
int world_outcome_decode(const struct buf *in, struct world_outcome *o);
/* Return: whether a message of world_outcome_encode() has a @kept. */
bool world_outcome_is_kept(const struct buf *in);
void world_outcome_free(struct world_outcome *o);

#endif
