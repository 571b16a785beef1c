/* late.h - a machine that is not ready in time: when that is, and what is said of it */
#ifndef MACHINE_LATE_H
#define MACHINE_LATE_H

#include "machine/machine.h"

/* Return: how long the machine may take to boot, or to be resumed, in seconds. */
double late_limit(const struct machine *m);

/* The time of what the machine is about to do is over: fail it, unless its agent is asked for the reason first. */
void late_end(struct machine *m);

/* Return: @why, which is handed over, with what is probably the reason; the caller frees it. */
char *late_add_cause(const struct machine *m, char *why);

#endif
