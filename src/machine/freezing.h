/* freezing.h - having QEMU write a machine to a file that others are thawed from */
#ifndef MACHINE_FREEZING_H
#define MACHINE_FREEZING_H

#include "machine/machine.h"

/**
 * struct freezing - One machine being frozen; lives until @done was called
 * @machine:	UP, begun with an origin whose @freezer is set
 * @fd:		The empty file; not owned, not needed after freezing_start()
 *
 * The file has only what the machine has changed of its bases (freezing_bases()).
 *
 * @done:	Called once, from the loop, with why it failed, or NULL
 *
 * The machine stands still for some milliseconds and then runs on, and its
 * copies run on from the same moment. When it stops before @done was called,
 * @done is not called; the owner hears of it as of any end.
 */
struct freezing {
	struct machine *machine;
	int fd;
	void (*done)(void *arg, const char *error);
	void *arg;
};

/**
 * freezing_bases() - What a file that a machine is frozen into is based on
 * @bases:	Filled with paths, which are the machine's, and NULLs
 *
 * What it was thawed from, or its memory is mapped from, as far as that stays;
 * what does not is part of the file.
 *
 * Return: how many
 */
size_t freezing_bases(const struct machine *m, const char *bases[COMMAND_BASES_MAX]);

/* Return: 0, or -1: QEMU cannot be asked. */
int freezing_start(struct freezing *f, struct err *err);

#endif
