/* boot.h - the initramfs phase: from the kernel's exec of /init to a running guest */
#ifndef AGENT_BOOT_H
#define AGENT_BOOT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * struct boot - Where the boot led to
 * @init:	What runs as init: "systemd", "openrc", "sysv", "agent", or its path
 * @warnings:	Lines about what failed without being fatal
 * @is_init:	We are still PID 1
 * @guest:	We came into a boot that is not ours: what drivers there are, and when, is its own business
 */
struct boot {
	const char *init;
	struct buf warnings;
	bool is_init, guest;
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

/**
 * boot_become_init() - Become the init, with a child that becomes the agent
 * @path:	The init
 * @argv, @envp: Ours, which become the init's but for argv[0]
 *
 * Where the init cannot be executed the child ends and this process goes on.
 *
 * Return: 0 in the child, or -1 in PID 1 when the init cannot be executed
 */
int boot_become_init(char *path, char **argv, char **envp, struct err *err);

/**
 * boot_join() - Become the agent of a machine that something else has booted
 * @argv:	Ours; NULL when this process is an agent already
 *
 * For "agent serve", which a machine that boots from its own disk runs (image/seed.h).
 */
void boot_join(struct boot *b, char **argv);

/* Add a line to the warnings. */
void boot_warn(struct boot *b, const char *text);

#endif
