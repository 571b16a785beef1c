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
 * dir_sum() - Sum up what dir_load() would make of a folder
 * @sum:	Set to the SHA-256 of names, metadata and contents: the same on
 *		every machine that has the same folder
 * Return: 0, or -1
 */
int dir_sum(const char *path, enum dir_flag flags, char sum[SHA256_HEX], struct err *err);

/* Feed what changes when anything in the folder changes: every name, and its lstat(2). Return: 0, or -1. */
int dir_key(const char *path, struct sha256 *key, struct err *err);

#endif
