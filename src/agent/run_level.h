/* run_level.h - how far an init has come that has run levels, and no bus to be asked on: OpenRC, and SysV's as Debian has it */
#ifndef AGENT_RUN_LEVEL_H
#define AGENT_RUN_LEVEL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/*
 * Return: whether OpenRC is in its default run level, and starts nothing; else where it is, as a clause for the user, in @seen.
 * True twice in a row means that it is done: the level is set a moment before its services are started.
 */
bool run_level_openrc(struct buf *seen);

/* The same of SysV's init: it is in level 1 to 5, and BOOT_SYSV_RC does not run. */
bool run_level_sysv(struct buf *seen);

/* Return: the level in the records of a utmp file (utmp(5), as glibc has them), the last one; 0 without any (pure). */
char run_level_of_utmp(const void *records, size_t n);

#endif
