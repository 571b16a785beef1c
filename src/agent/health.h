/* health.h - HEALTH: what has gone wrong in the guest that no command has told
 *
 * The kernel's own messages, core dumps that systemd-coredump keeps, and failed
 * units. Each is told once: what a copy of a machine is asked for the first time
 * is what came since the machine was saved, and what was not told before.
 */
#ifndef AGENT_HEALTH_H
#define AGENT_HEALTH_H

#include "agent/agent.h"

/* Handle WIRE_HEALTH. */
void health_handle(struct agent *a, uint32_t id, struct wire_reader *r);

#endif
