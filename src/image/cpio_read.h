/* cpio_read.h - reading "newc" cpio archives
 *
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst, and
 * cpio(5) of libarchive, "New ASCII Format".
 */
#ifndef IMAGE_CPIO_READ_H
#define IMAGE_CPIO_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "image/erofs.h"
#include "image/source.h"
#include "image/tree.h"

/* Return: whether the first @n bytes of a file are those of such an archive. */
bool cpio_is(const void *head, size_t n);

/**
 * cpio_load() - Read an archive into a tree, its content into an image
 * @s:		The archive; others that follow it, as in an initramfs, are read, too
 * @t:		Filled; a later member replaces an earlier one of the same name
 * @w:		Gets the content of the files
 * @err:	Names the archive, and the member where there is one
 *
 * Sums of members ("070702") are not compared, as the kernel does not either.
 *
 * Return: 0, or -1
 */
int cpio_load(struct source *s, struct tree *t, struct erofs_writer *w, struct err *err);

#endif
