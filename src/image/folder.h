/* folder.h - files to read, on the host or inside an EROFS image: callers need not care */
#ifndef IMAGE_FOLDER_H
#define IMAGE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/erofs.h"

/**
 * struct folder - Where files are
 * @root:	A path on the host, or NULL; not owned
 * @image:	An open image, when @root is NULL; not owned
 */
struct folder {
	const char *root;
	const struct erofs_image *image;
};

/* Return: for messages, the path of the folder or the image. */
const char *folder_name(const struct folder *f);

/* Return: whether @path ("lib/modules") is there, links followed. */
bool folder_has(const struct folder *f, const char *path);

/* Append a file of at most @limit bytes. Return: 0, or -1. */
int folder_read(const struct folder *f, const char *path, size_t limit, struct buf *out, struct err *err);

#endif
