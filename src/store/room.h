/* room.h - room on the disk for large files, and the holes in them
 *
 * A file that a process maps and writes to must have its blocks before: a full
 * disk is otherwise found out by a store instruction, as SIGBUS. So for a RAM
 * file:
 *
 *	store_file_allocate(fd, path, size, err)	before QEMU starts
 *	... QEMU boots, the template is saved, QEMU ends ...
 *	store_file_shrink(fd, path, err)		holes for what it never used
 *
 * On tmpfs the holes of a file are filled even by reading through a private
 * mapping, so there a file keeps all its blocks: cloning from it cannot fail.
 */
#ifndef STORE_ROOM_H
#define STORE_ROOM_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define STORE_BLOCK 4096 /* bytes; a hole is a run of these that are all zero */

/**
 * store_reserve() - See that there is room for so many bytes
 * @root:	The cache folder; created with its parents
 *
 * Removes entries that are not in use, least recently used first, until there is
 * room. The room is not kept for the caller: other programs write, too. A file
 * that is going to be mapped must be allocated.
 *
 * Return: 0, or -1: "there is no room for 128 MB in '...'"
 */
int store_reserve(const char *root, uint64_t bytes, struct err *err);

/**
 * store_file_allocate() - Give an empty file its size and all of its blocks
 * @fd:		Open for writing
 * @path:	For messages
 *
 * Where the filesystem cannot allocate, zeros are written.
 *
 * Return: 0, or -1: no room, and the file is empty again
 */
int store_file_allocate(int fd, const char *path, uint64_t size, struct err *err);

/**
 * store_file_shrink() - Make holes of the blocks that are all zero
 * @fd:		Open for reading and writing; nobody has it mapped
 *
 * Does nothing where holes cannot be made, or would be filled by reading.
 *
 * Return: 0, or -1
 */
int store_file_shrink(int fd, const char *path, struct err *err);

/* Return: whether reading a hole through a mapping takes a block of the disk, in the filesystem of @fd's file. */
bool store_holes_fill(const char *path);

/**
 * struct store_runs - The parts of a file that are not zero, front to back
 *
 * Start with store_runs_begin(), end with store_runs_end().
 */
struct store_runs {
	int fd;
	uint64_t size;	 /* of the file */
	uint64_t at;	 /* next byte to read */
	uint64_t extent; /* end of the data that @at is in */
	uint8_t *data;
	uint64_t base;	 /* offset of @data in the file */
	size_t pos, len;
};

void store_runs_begin(struct store_runs *r, int fd, uint64_t size);
void store_runs_end(struct store_runs *r);
#define cleanup_store_runs __attribute__((cleanup(store_runs_end)))

/**
 * store_runs_next() - The next part
 * @offset:	Set to where it is in the file, a multiple of STORE_BLOCK
 * @data:	Set; valid until the next call
 * Return: its length, at most STORE_RUN_MAX; 0 at the end; -1 with errno
 */
int64_t store_runs_next(struct store_runs *r, uint64_t *offset, const uint8_t **data);

#define STORE_RUN_MAX (256u * 1024) /* bytes; stays in the second-level cache */
static_assert(STORE_RUN_MAX % STORE_BLOCK == 0, "a run begins and ends with a block");

#endif
