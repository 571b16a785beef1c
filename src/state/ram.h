/* ram.h - files that hold a guest's memory */
#ifndef STATE_RAM_H
#define STATE_RAM_H

#include "base/err.h"

/**
 * ram_create() - A file of zeros with all of its room taken
 *
 * The room is taken now, so that a guest that QEMU maps it for cannot meet a
 * full disk as a SIGBUS later.
 *
 * Return: 0, or -1
 */
int ram_create(const char *path, int mib, struct err *err);

/**
 * ram_copy() - A copy to be written to, with its room taken where that can be done
 *
 * Shares blocks where the filesystem can, and then takes no room: a full disk
 * can still meet the guest as a SIGBUS. Elsewhere it takes all of its room and
 * copies only what is not a hole.
 *
 * Return: 0, or -1
 */
int ram_copy(const char *from, const char *to, struct err *err);

/**
 * ram_map() - A file that QEMU can map privately
 * @out:	Its path, which the caller frees
 * @copy:	Set to the descriptor of a copy that @out is the path of, which the
 *		caller closes when QEMU is over, or to -1
 *
 * QEMU before 8.2 opens the file for writing even if it never writes to it. In a
 * cache that may only be read @out is therefore a copy without a name, in memory.
 *
 * Return: 0, or -1
 */
int ram_map(const char *path, char **out, int *copy, struct err *err);

/* Give the room of pages back that hold only zeros, where that is safe (room.h). */
void ram_dig_holes(const char *path);

#endif
