/* saving.h - writing a running machine's state to a file, through QMP */
#ifndef WORLD_SAVING_H
#define WORLD_SAVING_H

#include "world/machine.h"

/**
 * struct saving - One machine being saved; lives until @done was called
 * @machine:	UP. Memory in a shared file (a template, a layer) is left where it
 *		is; any other is part of what is written
 * @fd:		Where the state goes; not owned, not needed after saving_start()
 * @done:	Called once, from the loop, with why it failed or NULL. May be set to
 *		NULL by who does not want to know any more
 */
struct saving {
	struct machine *machine;
	int fd;
	void (*done)(void *arg, const char *error);
	void *arg;
	struct timer poll;
};

/*
 * Start it. A machine that runs is stopped by QEMU when its state is taken,
 * and a copy resumes running; one that was stopped before is resumed stopped.
 */
void saving_start(struct saving *s);

#endif
