/* tar_member.h - an archive being read, and the member whose headers are put together (inside tar*.c) */
#ifndef IMAGE_TAR_MEMBER_H
#define IMAGE_TAR_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "image/erofs.h"
#include "image/source.h"
#include "image/tree.h"

#define TAR_BLOCK 512u

/* A piece of data in a sparse file. */
struct tar_piece {
	uint64_t offset, len;
};

/* Which fields extended headers have set: they win over the plain header. */
enum tar_have {
	TAR_HAVE_SIZE = 1,
	TAR_HAVE_UID = 2,
	TAR_HAVE_GID = 4,
	TAR_HAVE_MTIME = 8,
};

/**
 * struct tar_member - What is known of the member
 * @path:	Owned, as @link
 * @size:	Bytes in the archive
 * @real_size:	Bytes of a sparse file with its holes
 * @attributes:	Carries the extended attributes until there is a real inode
 * @sparse:	1.0: the map is in front of the data
 */
struct tar_member {
	char *path, *link, *sparse_path;
	unsigned int have;
	char type;
	uint64_t size, real_size;
	uint32_t mode, uid, gid, rdev, mtime_nsec;
	int64_t mtime;
	struct inode attributes;
	struct tar_piece *pieces;
	size_t npieces;
	unsigned int sparse_major;
	bool is_sparse;
};

/**
 * struct tar - An archive being read
 * @writer:	Gets the content of files; NULL: only where it is, is wanted
 * @member:	The one whose headers are being read
 * @defaults:	Numbers from pax's global headers
 * @pax:	Extended headers were seen: a hard link's size then means data
 */
struct tar {
	struct source *source;
	struct tree *tree;
	struct erofs_writer *writer;
	struct tar_member member, defaults;
	bool pax;
};

void tar_member_free(struct tar_member *m);

/* Wrap an error in the member, whose name is made printable. Return: -1. */
int tar_fail(const struct tar *t, struct err *err);

/* Say that the archive ends where it should not. Return: -1. */
int tar_truncated(const struct tar *t, struct err *err);

/* Pass over @n bytes, which must be there. Return: 0, or -1. */
int tar_skip(struct tar *t, uint64_t n, struct err *err);

/* Return: the bytes behind @n bytes of data up to the next block. */
static inline uint64_t tar_padding(uint64_t n)
{
	return (TAR_BLOCK - n % TAR_BLOCK) % TAR_BLOCK;
}

/**
 * tar_number() - A number in a header field: octal, or GNU's base-256
 * Return: 0, or -1 (not a number, or more than 63 bits)
 */
int tar_number(const uint8_t *field, size_t n, int64_t *value);

/**
 * tar_pax() - Apply the records of a pax header
 * @text:	Its bytes; changed
 * Return: 0, or -1
 */
int tar_pax(struct tar_member *m, char *text, size_t n, struct err *err);

/* Add one piece of a sparse file; they must be in order. Return: 0, or -1. */
int tar_piece_add(struct tar_member *m, uint64_t offset, uint64_t len, struct err *err);

/* Read the map of a member in GNU's own format, from its header @h and the blocks behind it. Return: 0, or -1. */
int tar_sparse_gnu(struct tar *t, const uint8_t *h, struct err *err);

/* Complete a sparse member's map, which then fills the member's data and lies inside its size. Return: 0, or -1. */
int tar_sparse_map(struct tar *t, struct err *err);

/* A decimal number that ends at @end_char. Return: what follows that, or NULL. */
const char *tar_decimal(const char *p, const char *end, char end_char, uint64_t *value);

#endif
