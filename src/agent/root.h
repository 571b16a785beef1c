/* root.h - the root guest: a read-only image under a tmpfs or a disk, made the root */
#ifndef AGENT_ROOT_H
#define AGENT_ROOT_H

#include "agent/boot.h"

/**
 * struct root_spec - From the kernel's command line
 * @serial:	Serial number of the virtio disk that is the image; NULL: the initramfs is
 * @fstype:	Its file system, NULL for erofs
 * @modules:	Serial number of a disk with the kernel's modules, or NULL
 * @changes:	Serial number of the disk, an ext4, for what is changed, or NULL for memory
 */
struct root_spec {
	char *serial, *fstype, *modules, *changes;
};

/**
 * root_enter() - Mount the image, put what can be written over it, make it the root
 * @b:		Gets a warning when the modules cannot be mounted
 * @err:	"cannot find the disk '...'", "cannot mount ...": the guest cannot boot
 *
 * Afterwards / is the image, writable, with /dev, /proc, /sys and /run moved into
 * it, and the initramfs is empty: its memory is free. Where the initramfs itself
 * is the image it stays as it is, below.
 *
 * Return: 0, or -1
 */
int root_enter(const struct root_spec *spec, struct boot *b, struct err *err);

/* Return: whether what is changed of the root is on a disk: a file may then be younger than what a crash leaves of it. */
bool root_is_on_disk(void);

#endif
