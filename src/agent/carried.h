/* carried.h - files that came with the initramfs, put into the root before its init runs */
#ifndef AGENT_CARRIED_H
#define AGENT_CARRIED_H

#include <stddef.h>

#include "base/err.h"

/* BOOT_FILES, or @bytes NULL for none. */
struct carried {
	void *bytes;
	size_t n;
};

/* Take what the initramfs has, which is emptied afterwards. Return: 0, or -1. */
int carried_take(struct carried *c, struct err *err);

/* Put it into the root. Return: 0, or -1: what could not be made. Its memory is free again either way. */
int carried_put(struct carried *c, struct err *err);
void carried_drop(struct carried *c);

#endif
