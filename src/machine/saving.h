/* saving.h - writing a machine's state to a file and loading it again, through QMP */
#ifndef MACHINE_SAVING_H
#define MACHINE_SAVING_H

#include "machine/machine.h"

#define SAVING_RESUMED_FD 14 /* QEMU's descriptor of the state that saving_load() reads */

/* Whether memory in a shared file is left where it is, or is part of the state. QEMU must be told so for a load, too. */
void saving_leave_memory(struct qmp *q, bool leave);

/**
 * saving_load() - Let a machine resume from the state that QEMU has as SAVING_RESUMED_FD
 *
 * QEMU's event RESUME tells that it has worked. When QEMU does not take the
 * state machine_state_refused() is called; when it cannot load it, QEMU exits.
 */
void saving_load(struct machine *m);

/**
 * struct saving - One machine being saved; lives until @done was called
 * @machine:	UP
 * @whole:	The memory is part of what is written even when it is in a shared file;
 *		the machine is stopped before
 * @fd:		Where the state goes; not owned, not needed after saving_start()
 * @done:	Called once with why it failed, or NULL: from the loop, or, when QEMU
 *		does not even take a descriptor, from within saving_start()
 */
struct saving {
	struct machine *machine;
	bool whole;
	int fd;
	void (*done)(void *arg, const char *error);
	void *arg;
	/* for saving.c */
	struct timer poll;
	int copy;	/* of @fd, while it may be needed again */
	unsigned set;	/* what QEMU has it as, or 0 */
	char *refusal;	/* of the first way to ask, or NULL */
};

/*
 * Start it. A machine that runs is stopped by QEMU when its state is taken,
 * and a copy resumes running; one that was stopped before is loaded stopped,
 * and goes on when it is told to (machine.c).
 */
void saving_start(struct saving *s);

/* Hear no more of it. The control connection may still hold @s, until that ends: @s must live as long. */
void saving_abandon(struct saving *s);

#endif
