/* interrupt.h - ^C for the one of several processes that is to hear it, whenever it is typed
 *
 * A terminal sends SIGINT to all processes of its group at once. One that ignores it until it has forked the process
 * that listens, or until that has its handler, loses what comes in between. So it is held, and passed on:
 *
 *	interrupt_hold();
 *	pid = interrupt_fork();
 *	if (pid == 0)
 *		interrupt_hear(handler), work();
 *	wait_for(pid);
 *	interrupt_forget();
 */
#ifndef BASE_INTERRUPT_H
#define BASE_INTERRUPT_H

#include <stdbool.h>
#include <sys/types.h>

/* Hold SIGINT back from now on, in this process and those that it forks. */
void interrupt_hold(void);

/* Drop the one that is held, if there is one. Return: whether there was. */
bool interrupt_forget(void);

/*
 * fork(2), with SIGINT held. One that this process holds when it is called, or gets before the child is there, is held
 * in the child as well, once; this process keeps its own. Return: as fork(2); -1, too, without a descriptor for a pipe.
 */
pid_t interrupt_fork(void);

/* No longer hold it: @handler gets the one that was held, now, and those that come. */
void interrupt_hear(void (*handler)(int));

#endif
