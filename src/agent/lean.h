/* lean.h - free memory that is all zeros */
#ifndef AGENT_LEAN_H
#define AGENT_LEAN_H

#include <sys/types.h>

/**
 * lean_start() - Have a child overwrite what the guest's programs and kernel have left in free memory
 *
 * Return: the child, which ends by itself and is the caller's to reap; or -1
 */
pid_t lean_start(void);

#endif
