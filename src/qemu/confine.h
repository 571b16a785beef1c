/* confine.h - what QEMU is left with: variables, limits, system calls
 *
 * A guest is not trusted, and QEMU is what it would break out into. So QEMU has
 * the descriptors that the world hands to it and no others (proc.h), cannot
 * gain privileges (proc.h), and has
 *
 * - of our environment only what programs and their libraries are found by, and
 *   what QEMU itself reads: the secrets of a CI job are not in its memory;
 * - no core dumps, which would hold the guest's memory, and 1,024 descriptors;
 * - of the system calls those that it needs to run machines, where its build
 *   and the kernel have the filter (seccomp): it cannot start programs, change
 *   its user, or take processors and priorities from others.
 *
 * A QEMU that is taken over still has the rights of vmtap's user, whose files and
 * network it can reach.
 */
#ifndef QEMU_CONFINE_H
#define QEMU_CONFINE_H

#include <stdbool.h>

#include "base/proc.h"
#include "qemu/probe.h"

/* Value of QEMU's -sandbox, where confine_sandbox_works(). */
extern const char confine_sandbox[];

/**
 * confine_environment() - What of an environment QEMU gets
 * @from:	NULL-terminated "NAME=value"
 *
 * PATH, HOME, TMPDIR, TZ, LANG, LC_*, LD_LIBRARY_PATH, and what begins with
 * QEMU_, which is also the way of a script that stands in for QEMU. Pure.
 *
 * Return: NULL-terminated array of pointers into @from; the caller frees it with free()
 */
char **confine_environment(char *const *from);

/**
 * confine_process() - Set the environment and the limits of a process that is to be QEMU
 * @environment: Of confine_environment(); borrowed
 */
void confine_process(struct proc_spec *p, char *const *environment);

/**
 * confine_sandbox_works() - Tell whether QEMU can filter its own system calls here
 * @state_dir:	Where the answer is remembered until the host reboots (may not exist)
 * @qemu:	Absolute path of the binary
 *
 * Starts QEMU once, as far as the filter's installation and no further; the
 * next call for the same file only reads the answer. A script in front of QEMU
 * is asked each time: what it starts may change while the script does not.
 * Waits for the answer, at most CONFINE_PATIENCE_MS; none counts as "no".
 */
bool confine_sandbox_works(const char *state_dir, const char *qemu);
#define CONFINE_PATIENCE_MS PROBE_PATIENCE_MS

/* Let the next confine_sandbox_works() ask again. */
void confine_forget(const char *state_dir);

#endif
