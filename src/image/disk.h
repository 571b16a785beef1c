/* disk.h - a disk image: raw, or qcow2, whose sectors are looked at here; a machine's are QEMU's business
 *
 *	cleanup_disk struct disk d = {.fd = -1};
 *
 *	if (disk_open(&d, "debian.qcow2", err) < 0 || disk_read(&d, 0, sector, 512, err) < 0)
 *		...
 *
 * Source of qcow2: QEMU, docs/interop/qcow2.txt. An image comes from anywhere, so
 * nothing in it is believed: every number is bounded, and what names another file
 * (a backing file, an external data file) is refused. An image that chose a file
 * of the host could have its guest read it.
 */
#ifndef IMAGE_DISK_H
#define IMAGE_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define DISK_SECTOR   512u		/* bytes; disks of 4096 are not known here */
#define DISK_SIZE_MAX (4ull << 40)	/* bytes: what qemu/overlay.h can lay over */

/**
 * struct disk - An open image
 * @path:	As it was opened; not owned
 * @format:	QEMU's word: "raw" or "qcow2"
 * @file_size:	Bytes of the file
 * @size:	Bytes of the disk, a multiple of DISK_SECTOR
 * @version, @cluster_bits, @l1_entries, @l1: Of qcow2, as in its header; @l1 is owned
 * @plain:	disk_read() knows how its clusters are kept: no extended L2 entries
 * @zlib:	Compressed clusters are zlib's
 */
struct disk {
	int fd;
	const char *path, *format;
	uint64_t file_size, size;
	uint32_t version, cluster_bits, l1_entries;
	uint64_t *l1;
	bool plain, zlib;
};

/* Return: whether these first bytes of a file are those of qcow2, of whatever version. */
bool disk_is_qcow2(const void *data, size_t n);

/**
 * disk_open() - Open an image for reading and check what can be checked
 * @err:	cannot be opened; empty, or larger than DISK_SIZE_MAX; held by a process that
 *		writes to it; and of qcow2: another version, based on another file, with an
 *		external data file, encrypted, corrupt by its own account, with features that
 *		nobody here knows, or shorter than its tables say
 *
 * What is not qcow2 is raw.
 *
 * Return: 0, or -1
 */
int disk_open(struct disk *d, const char *path, struct err *err);
void disk_close(struct disk *d);
#define cleanup_disk __attribute__((cleanup(disk_close)))

/**
 * disk_read() - Read what a guest would read
 * @offset:	Bytes from the start of the disk
 * @err:	beyond its end, unreadable, or kept in a way that is not known here
 *
 * Return: 0, or -1
 */
int disk_read(const struct disk *d, uint64_t offset, void *data, size_t n, struct err *err);

#endif
