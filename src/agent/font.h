/* font.h - FONT: what the kernel draws its text consoles with */
#ifndef AGENT_FONT_H
#define AGENT_FONT_H

#include "agent/agent.h"

/* Handle WIRE_FONT. */
void font_handle(struct agent *a, uint32_t id, struct wire_reader *r);

#endif
