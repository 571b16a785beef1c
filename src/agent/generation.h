/* generation.h - a number that tells a machine from all others that went on from the same state
 *
 * What a program of the guest has drawn, counted or agreed on before the machine was
 * saved, each copy has as well. A program to which that matters reads
 * GENERATION_FILE: 32 hexadecimal digits and a newline, random, others in each life
 * of a machine, be it a boot, a copy or what restore() goes back to. The file is
 * written in place, so it can be kept open or watched (inotify).
 */
#ifndef AGENT_GENERATION_H
#define AGENT_GENERATION_H

#include "wire/agent.h"

#define GENERATION_FILE "/run/vmtap/generation"

/* A new life: write its number. @bytes: WIRE_GENERATION_BYTES. Return: 0, or -1 with errno. */
int generation_renew(const char *bytes);
/* See that the file is still there: an init may have mounted something on /run. Return: as generation_renew(). */
int generation_keep(void);

#endif
