/* machine_id.h - machine-id(5) of a machine that was copied */
#ifndef AGENT_MACHINE_ID_H
#define AGENT_MACHINE_ID_H

#include "base/err.h"

/* Find out whether the image has an id. Call it before the image's init runs, which would make one. */
void machine_id_look(void);

/**
 * machine_id_renew() - Give this guest a machine-id of its own
 *
 * Only where the id was made up at boot, in a file or mounted over it: an id
 * that is part of the image is the same in all machines booted from it, and
 * stays so. The journal of this boot is kept readable, in /run and in /var/log:
 * journalctl looks for it in a folder named after the id. D-Bus's copy of the id
 * follows.
 *
 * Call it after fresh entropy was added.
 *
 * Return: 0, or -1
 */
int machine_id_renew(struct err *err);

#endif
