/* power.h - the guest goes down: POWEROFF, the orders that an init is given, and the end of a boot that failed */
#ifndef AGENT_POWER_H
#define AGENT_POWER_H

#include <signal.h>

#include "agent/agent.h"

/* Handle WIRE_POWEROFF. */
void power_handle(struct agent *a, uint32_t id, struct wire_reader *r);

/**
 * power_add_signals() - Add the signals that are orders to an init
 *
 * They are BusyBox's: SIGUSR1 (`halt`), SIGUSR2 (`poweroff`), SIGTERM (`reboot`),
 * and the kernel's SIGINT (Ctrl-Alt-Del). Block them, and pass each that comes to
 * power_signalled().
 */
void power_add_signals(sigset_t *set);

/**
 * power_signalled() - Obey such a signal, as the init
 *
 * Requests in flight are given some time to be answered, so that a command which
 * says `poweroff` still ends with its status. Then every process is ended, and
 * the machine powered off, or reset after SIGTERM and SIGINT.
 */
void power_signalled(struct agent *a, int signal);

/* sync(2), then power off at once. */
void power_off_now(void) __attribute__((noreturn));

#endif
