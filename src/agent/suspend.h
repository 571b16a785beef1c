/* suspend.h - the guest is put to sleep: POWEROFF that suspends */
#ifndef AGENT_SUSPEND_H
#define AGENT_SUSPEND_H

#include "agent/agent.h"

/* Handle WIRE_POWEROFF with WIRE_POWER_SUSPEND; answered when it is awake again, or cannot sleep. */
void suspend_handle(struct agent *a, uint32_t id);

#endif
