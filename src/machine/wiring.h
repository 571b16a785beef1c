/* wiring.h - QEMU's process and the sockets that connect a machine to it */
#ifndef MACHINE_WIRING_H
#define MACHINE_WIRING_H

#include "machine/machine.h"

/**
 * wiring_connect() - Start QEMU for a machine and watch all that it is connected by
 *
 * Sets the machine's pid, consoles, QMP, agent link and switch ports. What was
 * set up before a failure stays for machine_fail() to release.
 *
 * Return: 0, or -1
 */
int wiring_connect(struct machine *m, struct err *err);

#endif
