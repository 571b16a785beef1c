/* root.h - the root guest: a read-only image under a tmpfs, made the root */
#ifndef AGENT_ROOT_H
#define AGENT_ROOT_H

#include "agent/boot.h"

/**
 * struct root_spec - From the kernel's command line
 * @serial:	Serial number of the virtio disk that is the image
 * @fstype:	Its file system, NULL for erofs
 * @part:	Number of the partition that it is in, or NULL: it is the whole disk
 * @modules:	Serial number of a disk with the kernel's modules, or NULL
 */
struct root_spec {
	char *serial, *fstype, *part, *modules;
};

/**
 * root_enter() - Mount the image, put a tmpfs over it, make it the root
 * @b:		Gets a warning when the modules cannot be mounted
 * @err:	"cannot find the disk '...'", "cannot mount ...": the guest cannot boot
 *
 * Afterwards / is the image, writable, with /dev, /proc, /sys and /run moved into
 * it, and the initramfs is empty: its memory is free.
 *
 * Return: 0, or -1
 */
int root_enter(const struct root_spec *spec, struct boot *b, struct err *err);

#endif
