/* waking.h - what is done for a machine that wakes from a sleep */
#ifndef MACHINE_WAKING_H
#define MACHINE_WAKING_H

#include "machine/machine.h"

/* QEMU has said that the machine, which was asleep, runs again: put its board right, and tell it the time. */
void waking_take_care(struct machine *m);

#endif
