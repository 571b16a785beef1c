/* ram.h - files that hold a guest's memory */
#ifndef STATE_RAM_H
#define STATE_RAM_H

#include <sys/types.h>

#include "base/err.h"

/**
 * ram_begin() - The memory of a guest that is going to be kept
 * @from:	File that it begins with, or NULL: zeros
 * @path:	File that it is going to be kept in
 * @out:	What QEMU maps, which the caller frees
 * @memory:	Set to a descriptor, which the caller closes when ram_keep() has
 *		been called with it; or to -1, when @out is @path
 *
 * It is a file in memory, for the first write to each page of another costs 10 us
 * (a kit guest boots in 1.9 s instead of 2.4). Before Linux 3.17 it is @path, all
 * of whose room is taken now: a guest that QEMU maps it for must not meet a full
 * disk as a SIGBUS.
 *
 * Return: 0, or -1
 */
int ram_begin(const char *from, const char *path, int mib, char **out, int *memory, struct err *err);

/* A file of zeros with all of its room taken: a machine whose memory it is can be saved. Return: 0, or -1: no room. */
int ram_create(const char *path, int mib, struct err *err);

/* Write it to @path, if it is not there already, without what is zero in it. Return: 0, or -1: no room. */
int ram_keep(int memory, const char *path, struct err *err);

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

/* Copy what is between the holes of a file of @size bytes into an empty one. Return: 0, or -1 with errno. */
int ram_copy_data(int in, int out, off_t size);

/* Give the room of pages back that hold only zeros, where that is safe (room.h). */
void ram_dig_holes(const char *path);

#endif
