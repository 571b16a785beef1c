/* dir.h - a folder of the host as an image */
#ifndef IMAGE_DIR_H
#define IMAGE_DIR_H

#include "base/err.h"
#include "base/sha256.h"
#include "image/erofs.h"
#include "image/tree.h"

enum dir_flag {
	DIR_KEEP_OWNERS = 0,
	DIR_ALL_ROOT = 1, /* every file belongs to root */
};

/**
 * dir_load() - Read a folder into a tree, its content into an image
 *
 * Stays on the folder's filesystem (what is mounted below becomes an empty
 * folder). When vmtap does not run as root, what belongs to its user and group
 * belongs to root in the image: a root folder that was unpacked without
 * privileges boots.
 *
 * Return: 0, or -1
 */
int dir_load(const char *path, enum dir_flag flags, struct tree *t, struct erofs_writer *w, struct err *err);

/**
 * dir_key() - Feed the SHA-256 of what dir_load() would make of a folder
 * @store:	The cache folder, which remembers the sum
 *
 * Names, metadata and contents: the key is the same on every machine that has
 * the same folder. Files are read again only if a name or an lstat(2) in the
 * folder changed.
 *
 * Return: 0, or -1: not there, unreadable, or changed while it was read
 */
int dir_key(const char *store, struct sha256 *key, const char *path, enum dir_flag flags, struct err *err);

#endif
