/* configure.h - CONFIGURE: what makes this guest itself: clock, entropy, name, addresses */
#ifndef AGENT_CONFIGURE_H
#define AGENT_CONFIGURE_H

#include "agent/agent.h"

/* Handle WIRE_CONFIGURE. */
void configure_handle(struct agent *a, uint32_t id, struct wire_reader *r);

#endif
