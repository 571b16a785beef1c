/* root.h - a declared image as a root file system: an entry of the store
 *
 *	root/KEY	root.erofs; vmlinuz when the image has a kernel; run when it is a container's (BOOT_RUN)
 */
#ifndef IMAGE_ROOT_H
#define IMAGE_ROOT_H

#include "base/err.h"
#include "base/sha256.h"

/**
 * struct root - The files of a root; owned
 * @key:	Of the entry: the same for the same content
 * @path:	EROFS image
 * @kernel:	The newest kernel in the image's /boot, or NULL
 * @run:	What commands are run with, or NULL
 */
struct root {
	char key[SHA256_HEX];
	char *path, *kernel, *run;
};

/**
 * root_prepare() - Make or find the root of an image
 * @store:	The cache folder; created
 * @image:	A file or folder in one of the formats that can be loaded (format.h)
 * @out:	Filled; free with root_free()
 * @err:	What is wrong with the image, or with the cache folder
 *
 * Warns on stderr, when it makes one, of what is probably not meant: white-outs
 * of a container's layer, which stay files, and a /sbin/init that points to
 * nothing, so that our own init runs.
 *
 * Return: 0, or -1
 */
int root_prepare(const char *store, const char *image, struct root *out, struct err *err);
void root_free(struct root *r);

#endif
