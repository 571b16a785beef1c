/* firmware.h - UEFI for machines that boot from a disk, as the host's packages install it */
#ifndef QEMU_FIRMWARE_H
#define QEMU_FIRMWARE_H

#include "base/err.h"

/**
 * struct firmware - The two halves of a flash chip; static
 * @code:	Path of the program, which is never written
 * @variables:	Path of empty variables: each machine has a copy
 */
struct firmware {
	const char *code, *variables;
};

/* Find UEFI for this processor's guests. Return: it, or NULL with @err set, which names the package. */
const struct firmware *firmware_find(struct err *err);

#endif
