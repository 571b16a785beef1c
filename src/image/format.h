/* format.h - what an image is, told by its content, and how it is loaded
 *
 * Every format is a row of one table in format.c: how it is recognised, what its
 * content is keyed by, what loads it; and for one that nothing loads, what to do
 * instead. A new format is a row there and a file with its loader.
 */
#ifndef IMAGE_FORMAT_H
#define IMAGE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "image/erofs.h"
#include "image/source.h"
#include "image/tree.h"

#define FORMAT_HEAD_MAX SOURCE_PEEK_MAX /* bytes looked at: all that can be peeked at of a compressed image */

/**
 * struct format_head - What a file is recognised by
 * @path:	Where it is; NULL for what is inside a compressed one
 * @data:	Its first @n bytes, decompressed if @inflated
 * @folder:	It is a folder: there are no bytes
 */
struct format_head {
	const char *path;
	const uint8_t *data;
	size_t n;
	bool folder, inflated;
};

/**
 * struct format_target - What an image is loaded into
 * @writer:	Gets the content of the files of @tree
 * @run:	Appended: what commands are run with (BOOT_RUN), when the image is a container's
 */
struct format_target {
	struct tree *tree;
	struct erofs_writer *writer;
	struct buf *run;
};

/**
 * struct format - One format of images
 * @name:	With its article, as in "it looks like a qcow2 disk"
 * @magic:	@len bytes that every such file has at offset @at, or NULL
 * @probe:	Whether this is one; asked when there is no @magic
 * @key:	Feed the sum of an image's content (store_key_content(), dir_key());
 *		NULL with @load
 * @load:	Read an image into a tree, its content into an EROFS image; NULL when
 *		nothing can yet. Return: 0, or -1
 * @read:	The same of a stream, which may be compressed; NULL for what is no stream
 * @hint:	What to do instead, when @load is NULL
 * @disk:	It is a disk (disk.h): nothing loads it, for a machine has it as it is
 */
struct format {
	const char *name;
	size_t at, len;
	const char *magic;
	bool (*probe)(const struct format_head *h);
	int (*key)(const char *store, struct sha256 *key, const char *path, struct err *err);
	int (*load)(const char *path, const struct format_target *to, struct err *err);
	int (*read)(struct source *s, const struct format_target *to, struct err *err);
	const char *hint;
	bool disk;
};

/**
 * format_find() - Recognise an image
 * @err:	cannot be opened, empty, neither a file nor a folder, or known to
 *		nobody; a format that cannot be loaded, with its hint
 *
 * Reads the first FORMAT_HEAD_MAX bytes at most.
 *
 * Return: the format, whose @load is not NULL unless it is a @disk; or NULL
 */
const struct format *format_find(const char *path, struct err *err);

/**
 * format_check_tree() - Refuse a tree that is no root file system but something that holds one
 * @path:	For messages
 *
 * An archive of a container is known by its first member: one with another in
 * front looks like any tar from outside.
 *
 * Return: 0, or -1
 */
int format_check_tree(const char *path, const struct tree *t, struct err *err);

#endif
