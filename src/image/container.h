/* container.h - a file or folder that may be a container's image: recognised, opened, loaded by oci.c */
#ifndef IMAGE_CONTAINER_H
#define IMAGE_CONTAINER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "image/erofs.h"
#include "image/source.h"
#include "image/tree.h"

/**
 * container_is() - Recognise a container's image
 * @path:	A folder or a plain file; NULL for one that is inside a compressed file
 * @head:	Its first @n bytes; NULL for a folder
 *
 * By the first member of a tar; if that may be one, also by what else is in it,
 * for which its headers are read. Without @path the first member has to do.
 */
bool container_is(const char *path, const void *head, size_t n);

/* oci_key() and oci_load() of a folder or a plain file. Return: 0, or -1. */
int container_key(struct sha256 *key, const char *path, struct err *err);
int container_load(const char *path, struct tree *t, struct erofs_writer *w, struct buf *run, struct err *err);

/**
 * container_load_stream() - The same of a compressed file, which cannot be read in another order
 *
 * Decompresses it into a file without a name beside the image that @w writes. A tar
 * that turns out to be none is loaded as a tar.
 *
 * Return: 0, or -1
 */
int container_load_stream(struct source *s, struct tree *t, struct erofs_writer *w, struct buf *run, struct err *err);

#endif
