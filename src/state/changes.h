/* changes.h - the disk on which a machine changes its root
 *
 * A sparse file with an ext4 (ext4.h), which QEMU writes: of a template and of what a
 * setup leaves it is one of the files, as the guest left it when it was saved; of a
 * machine in a test it is a file without a name, on the cache's disk, that the guest
 * begins with a copy of. A copy takes as long as what was written takes to be copied.
 */
#ifndef STATE_CHANGES_H
#define STATE_CHANGES_H

#include "base/err.h"

#define CHANGES "changes" /* the file of a machine that is saved alone in a folder, and a suffix in a layer */

/* Return: an empty file without a name, on the disk of the folder @store, or in memory where that cannot be; -1 with @err. */
int changes_open(const char *store, struct err *err);

/* Return: a path that this process opens it by; the caller frees it. */
char *changes_path(int fd);

/**
 * changes_begin() - Fill a file: with a copy, or with an empty file system
 * @path:	It is created, or what is in it is forgotten
 * @from:	File that it becomes a copy of, or NULL
 * @mib:	Of an empty one
 *
 * Return: 0, or -1: no room, unreadable
 */
int changes_begin(const char *path, const char *from, long mib, struct err *err);

#endif
