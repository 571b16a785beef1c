/* boot_disk.h - a disk image that a machine is to boot from: what would boot it */
#ifndef IMAGE_BOOT_DISK_H
#define IMAGE_BOOT_DISK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/**
 * struct boot_disk - A disk that can be booted
 * @path:	Absolute, as QEMU opens it; owned
 * @format:	QEMU's word, static
 * @size:	Bytes of the disk
 * @fs:		Of its root, the Linux file system on it that is the largest, static; see boot_disk_root()
 * @part:	Number of the partition that the root is in; 0: the disk has none
 * @uefi:	Its boot loader is one for UEFI; else its first sector is run by a BIOS
 */
struct boot_disk {
	char *path;
	const char *format;
	uint64_t size;
	const char *fs;
	uint32_t part;
	bool uefi;
};

/* Return: whether a file is a disk by its content; what cannot be opened is none. */
bool boot_disk_is(const char *path);

/**
 * boot_disk_find() - Look how a disk would be booted
 * @firmware:	"bios", "uefi", or NULL: a BIOS where the disk has a boot loader for one
 * @err:	what is wrong with the image (disk.h, partitions.h); there is no boot loader, or none for @firmware
 *
 * Return: 0 with @out filled, whose @path the caller frees; or -1
 */
int boot_disk_find(const char *path, const char *firmware, struct boot_disk *out, struct err *err);

/* The same for a kernel that is given: @err: no root is found. */
int boot_disk_root(const char *path, struct boot_disk *out, struct err *err);

/* The same of a disk that need not boot: @uefi stays false. */
int boot_disk_measure(const char *path, struct boot_disk *out, struct err *err);

#endif
