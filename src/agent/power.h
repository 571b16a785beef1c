/* power.h - POWEROFF, and the end of a boot that failed */
#ifndef AGENT_POWER_H
#define AGENT_POWER_H

#include "agent/agent.h"

/* Handle WIRE_POWEROFF. */
void power_handle(struct agent *a, uint32_t id, struct wire_reader *r);

/* sync(2), then power off at once. */
void power_off_now(void) __attribute__((noreturn));

#endif
