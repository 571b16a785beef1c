/* saving.h - writing a running machine's state to a file, through QMP */
#ifndef MACHINE_SAVING_H
#define MACHINE_SAVING_H

#include "machine/machine.h"

/**
 * struct saving - One machine being saved; lives until @done was called
 * @machine:	UP. Memory in a shared file (a template, a layer) is left where it
 *		is; any other is part of what is written
 * @fd:		Where the state goes; not owned, not needed after saving_start()
 * @done:	Called once, from the loop, with why it failed or NULL
 */
struct saving {
	struct machine *machine;
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
 * and a copy resumes running; one that was stopped before is resumed stopped.
 */
void saving_start(struct saving *s);

/* Hear no more of it. QMP may still hold @s, until the connection ends. */
void saving_abandon(struct saving *s);

#endif
