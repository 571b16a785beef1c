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
 * ram_copy() - A copy to be written to, with all of its room taken
 *
 * Shares blocks where the filesystem can; copies only what is not a hole
 * elsewhere.
 *
 * Return: 0, or -1
 */
int ram_copy(const char *from, const char *to, struct err *err);

/* Give the room of pages back that hold only zeros, where that is safe (room.h). */
void ram_dig_holes(const char *path);

#endif
