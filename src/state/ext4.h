/* ext4.h - an empty ext4 file system, written without mkfs */
#ifndef STATE_EXT4_H
#define STATE_EXT4_H

#include "base/err.h"

#define EXT4_MIB_MIN 16
#define EXT4_MIB_MAX (1L << 20)

/**
 * ext4_make() - Write an empty file system with a journal
 * @fd:		An empty file that is open for writing
 * @path:	For messages
 * @mib:	Its size, EXT4_MIB_MIN to EXT4_MIB_MAX
 *
 * The file is sparse: it takes 32 KiB of the host's disk, 100 for 4 GiB and 5 MiB for
 * a TiB, which is for copies of the table of groups. There is an inode for each 16 KiB.
 *
 * Return: 0, or -1: no room
 */
int ext4_make(int fd, const char *path, long mib, struct err *err);

#endif
