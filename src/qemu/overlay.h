/* overlay.h - what a machine writes to a disk: a qcow2 image of its own, laid over an image that nobody writes to
 *
 * Source: QEMU, docs/interop/qcow2.txt. The file names no backing file: QEMU is told
 * on its command line what lies below (command.h), so that a file can be moved and
 * copied as it likes, and none can name another.
 */
#ifndef QEMU_OVERLAY_H
#define QEMU_OVERLAY_H

#include <stdint.h>

#include "base/err.h"

#define OVERLAY_SIZE_MAX (4ull << 40) /* bytes of the disk; the table of more would not fit its cluster */

/**
 * overlay_begin() - Write the image of a disk to which nothing was written
 * @fd:		An empty file
 * @size:	Bytes of the disk, a multiple of 512, at most OVERLAY_SIZE_MAX
 *
 * Return: 0, or -1: no room
 */
int overlay_begin(int fd, uint64_t size, struct err *err);

/**
 * overlay_copy() - Copy an image from its start to its end
 * @to:		An empty file
 *
 * Shares blocks where the file system can.
 *
 * Return: 0, or -1: unreadable, no room
 */
int overlay_copy(int from, int to, struct err *err);

#endif
