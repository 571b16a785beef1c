/* tar_member.h - one member of an archive while its headers are put together (inside tar*.c) */
#ifndef IMAGE_TAR_MEMBER_H
#define IMAGE_TAR_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
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

void tar_member_free(struct tar_member *m);

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

/* A decimal number that ends at @end_char. Return: what follows that, or NULL. */
const char *tar_decimal(const char *p, const char *end, char end_char, uint64_t *value);

#endif
