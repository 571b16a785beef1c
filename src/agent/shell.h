/* shell.h - SHELL: a shell for a person, on a terminal or on pipes; SPAWN: a command that can be spoken to */
#ifndef AGENT_SHELL_H
#define AGENT_SHELL_H

#include "agent/agent.h"

/* Handle WIRE_SHELL and WIRE_SPAWN, and the INPUT, RESIZE, SIGNAL and TAKEN that follow; those of one that has ended mean nothing. */
void shell_handle(struct agent *a, uint32_t id, struct wire_reader *r);
void shell_handle_spawn(struct agent *a, uint32_t id, struct wire_reader *r);
void shell_handle_signal(struct agent *a, uint32_t id, struct wire_reader *r);
void shell_handle_input(struct agent *a, uint32_t id, struct wire_reader *r);
void shell_handle_resize(struct agent *a, uint32_t id, struct wire_reader *r);
void shell_handle_taken(struct agent *a, uint32_t id, struct wire_reader *r);

#endif
