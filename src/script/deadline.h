/* deadline.h - the deadline of within(), kept while the script computes */
#ifndef SCRIPT_DEADLINE_H
#define SCRIPT_DEADLINE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define DEADLINE_SIGNAL SIGVTALRM /* of the timer that deadline_set() sets */

/* Set when the script is to be stopped (CLOCK_MONOTONIC, ns); CLOCK_NEVER for not at all. */
void deadline_set(uint64_t when);

/* Code from @start up to @end is to be stopped as well: what was typed at a prompt. */
void deadline_add_code(uintptr_t start, uintptr_t end);

/* In a process that was forked: it has no timer, and no deadline. */
void deadline_forget(void);

/* In the handler of DEADLINE_SIGNAL: the deadline may have passed. */
void deadline_alarm(void);

/**
 * deadline_trap() - In the handler of SIGSEGV: was the script stopped here?
 * @context:	Of the signal; changed so that the script goes on in blocks_overdue()
 *
 * Return: whether it was; else the signal is a fault of its own
 */
bool deadline_trap(const siginfo_t *info, void *context);

#endif
