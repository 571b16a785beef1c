/* erofs.h - writing an EROFS image in one pass, and reading files back from it
 *
 *	struct erofs_writer w = {.fd = -1};
 *	erofs_begin(&w, "root.erofs", err);
 *	for each file:
 *		i = tree_inode(&t, S_IFREG | 0644); i->size = n;
 *		erofs_file_begin(&w, i, err);
 *		erofs_file_write(&w, i, offset, bytes, n, err);	(any number of times)
 *		tree_put(&t, "etc/passwd", i, err);
 *	erofs_finish(&w, &t, err);
 */
#ifndef IMAGE_EROFS_H
#define IMAGE_EROFS_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/tree.h"
#include "store/pack.h"

#define EROFS_BYTES_MAX PACK_FILE_MAX /* of one image, 64 GiB: more is a bomb or a mistake, and could not be exported */

/**
 * struct erofs_writer - An image being written
 * @path:	Its path, for messages; not owned
 * @blocks:	Blocks given away so far
 * @tails:	Bytes of tails kept in memory so far
 */
struct erofs_writer {
	int fd;
	const char *path;
	uint64_t blocks;
	size_t tails;
};

/* Create the image file (it must not exist). Return: 0, or -1. */
int erofs_begin(struct erofs_writer *w, const char *path, struct err *err);

/* Close without finishing; harmless after erofs_finish(). The file stays. */
void erofs_abandon(struct erofs_writer *w);
#define cleanup_erofs_writer __attribute__((cleanup(erofs_abandon)))

/**
 * erofs_file_begin() - Find room for the @i->size bytes of a regular file
 *
 * What is never written reads as zeros and takes no room on the host.
 *
 * Return: 0, or -1 (the image would be larger than EROFS_BYTES_MAX)
 */
int erofs_file_begin(struct erofs_writer *w, struct inode *i, struct err *err);

/* Write a part of a file; [offset, offset + n) must be inside it. Return: 0, or -1. */
int erofs_file_write(struct erofs_writer *w, struct inode *i, uint64_t offset, const void *data, size_t n,
		     struct err *err);

/**
 * erofs_file_copy() - Copy a part of a file from a descriptor's position, inside the kernel where it can
 * Return: bytes copied (fewer than @n when @fd ended), or -1
 */
int64_t erofs_file_copy(struct erofs_writer *w, struct inode *i, uint64_t offset, int fd, uint64_t n,
			struct err *err);

/* Write folders, inodes and the superblock, and close. Sorts the tree. Return: 0, or -1. */
int erofs_finish(struct erofs_writer *w, struct tree *t, struct err *err);

/* ---- reading (our own images only: what the format has beyond them is refused) ---- */

/**
 * struct erofs_image - An open image
 * @meta:	Where its metadata starts, in bytes
 * @inodes:	Files of all kinds in it, folders and the root among them; one of several names is one
 */
struct erofs_image {
	int fd;
	char *path;
	uint64_t meta, root, size, inodes;
};

/* Open an image and check its superblock, its sum and its size. Return: 0, or -1. */
int erofs_open(struct erofs_image *e, const char *path, struct err *err);
void erofs_close(struct erofs_image *e);
#define cleanup_erofs_image __attribute__((cleanup(erofs_close)))

/**
 * struct erofs_file - What a path of an image is
 * @nid:	Its inode's number
 * @body:	Where the tail behind the inode is, in bytes; 0 for none
 * @data:	Where its blocks are, in bytes; for a device, its number
 */
struct erofs_file {
	uint64_t nid, size, data, body;
	uint32_t mode, uid, gid, links, mtime_nsec;
	int64_t mtime;
	uint64_t xattrs;
	uint32_t xattrs_len;
};

/* Find a file. @follow: a symlink at the end too. Return: 0, or -1. */
int erofs_stat(const struct erofs_image *e, const char *path, bool follow, struct erofs_file *f, struct err *err);

/* Append a file's, symlink's or folder's bytes to @out; at most @limit. Return: 0, or -1. */
int erofs_read(const struct erofs_image *e, const struct erofs_file *f, size_t limit, struct buf *out,
	       struct err *err);

/* Append the names in a folder, but "." and "..", each with its NUL. Return: 0, or -1. */
int erofs_list(const struct erofs_image *e, const char *path, struct buf *out, struct err *err);

#endif
