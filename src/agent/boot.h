/* boot.h - the initramfs phase: from the kernel's exec of /init to a running guest */
#ifndef AGENT_BOOT_H
#define AGENT_BOOT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * struct boot - Where the boot led to
 * @init:	What runs as init: "systemd", "openrc", "agent", or its path
 * @warnings:	Lines about what failed without being fatal
 * @is_init:	We are still PID 1
 */
struct boot {
	const char *init;
	struct buf warnings;
	bool is_init;
};

/**
 * boot_run() - Boot, as PID 1 of the initramfs
 * @argv:	Ours; what follows argv[0] goes to the image's init
 * @envp:	As the kernel gave it; goes to the image's init
 * @err:	Why the guest cannot be booted
 *
 * For the steps see boot.c. Where the image has an init, this returns in a child
 * process: the agent proper.
 *
 * Return: 0, or -1
 */
int boot_run(struct boot *b, char **argv, char **envp, struct err *err);

/* Add a line to the warnings. */
void boot_warn(struct boot *b, const char *text);

#endif
