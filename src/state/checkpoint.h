/* checkpoint.h - a machine kept as it is in the middle of a test, to go back to
 *
 * The same mechanism as a template, but for one machine and one test: the
 * whole memory is part of what is written, into a file without a name that
 * goes with the test. It costs what copying that memory costs.
 */
#ifndef STATE_CHECKPOINT_H
#define STATE_CHECKPOINT_H

#include "machine/machine.h"

/* Save an UP machine under a name, an older one of that name is replaced; it runs on, then @done is called. */
void checkpoint_save(struct machine *m, const char *name, void (*done)(void *arg, const char *error), void *arg);

/* Go back. Return: false when there is no checkpoint of that name; else the machine will be UP, or GONE. */
bool checkpoint_restore(struct machine *m, const char *name);

/* Nobody waits for a checkpoint under way any more. */
void checkpoint_abandon(struct machine *m);

/* Free all of a machine's checkpoints. */
void checkpoint_free(struct machine *m);

#endif
