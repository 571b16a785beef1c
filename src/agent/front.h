/* front.h - the agent in front of an initramfs that is not ours */
#ifndef AGENT_FRONT_H
#define AGENT_FRONT_H

#include "agent/boot.h"

/**
 * front_run() - Leave process 1 to the initramfs's own init, and wait in a child until it has found the root
 * @argv, @envp: As for boot_run()
 * @err:	the init cannot be executed
 *
 * Return: 0 in the agent, whose root is the one that the init has switched to; or -1
 */
int front_run(struct boot *b, char **argv, char **envp, struct err *err);

#endif
