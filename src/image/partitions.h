/* partitions.h - what is on a disk: its partitions, their file systems, and who could boot it
 *
 * Source: UEFI 2.10, chapter 5 (GPT); for the older table the PC BIOS, whose boot
 * sector holds it. File systems are known by their magic numbers alone.
 */
#ifndef IMAGE_PARTITIONS_H
#define IMAGE_PARTITIONS_H

#include "image/disk.h"

#define PARTITIONS_MAX 128 /* those that are looked at; Linux makes no more than 255 of a disk */

enum partition_table {
	TABLE_NONE,
	TABLE_DOS,
	TABLE_GPT,
};

/**
 * struct partition - One
 * @number:	As Linux counts: 1 is /dev/vda1
 * @start, @size: Bytes
 * @fs:		Linux's word for its file system, or "swap", "LUKS", "LVM"; NULL: not known
 * @efi:	It is an EFI system partition
 */
struct partition {
	uint32_t number;
	uint64_t start, size;
	const char *fs;
	bool efi;
};

/**
 * struct partitions - A disk
 * @fs:		Without a table: what the whole disk holds, or NULL
 * @bios:	Its first sector has code for a BIOS to run
 * @efi:	There is an EFI system partition
 * @list:	@count of them, in the order of their numbers
 */
struct partitions {
	enum partition_table table;
	const char *fs;
	bool bios, efi;
	struct partition list[PARTITIONS_MAX];
	size_t count;
};

/**
 * partitions_read() - Look at a disk
 * @err:	unreadable, or a table that contradicts itself
 *
 * Return: 0, or -1
 */
int partitions_read(const struct disk *d, struct partitions *out, struct err *err);

/* Return: the partition that is probably the root: the largest with a Linux file system; NULL for none. */
const struct partition *partitions_root(const struct partitions *p);

#endif
