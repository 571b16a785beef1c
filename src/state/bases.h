/* bases.h - what the file of a frozen machine is based on: the names, beside it
 *
 * A file of the store that has only what differs from other files of the store
 * (vendor/qemu/frozen.h) is of no use without those. Their names are in a file of
 * the same folder, IMAGE.bases: a line each, from the store's folder on. Whoever
 * takes the one takes the others, and each of these was then used later than it:
 * so pruning, which removes what was not used for the longest time, removes a base
 * only after all that is based on it. A base that is gone all the same (damaged,
 * removed by hand) makes the file useless, which is then made again.
 */
#ifndef STATE_BASES_H
#define STATE_BASES_H

#include "machine/machine.h"

/* Remove what bases_keep() has written. */
void bases_remove(const char *image);

/* Write the names of what machine @m, which is about to be frozen into @image, is based on. Return: 0, or -1. */
int bases_keep(const char *image, const struct machine *m, struct err *err);

/**
 * bases_find() - What a file is based on
 * @store:	The store's folder
 * @image:	The file, whose entry is leased
 * @bases:	Filled with paths, which the caller frees, and NULLs; their entries are leased
 *
 * Return: 0, or -1: one of them is gone, or is damaged; by name
 */
int bases_find(const char *store, const char *image, char *bases[COMMAND_BASES_MAX], struct err *err);

#endif
