/* exec.h - EXEC: a command whose output streams to the host */
#ifndef AGENT_EXEC_H
#define AGENT_EXEC_H

#include "agent/agent.h"

/* Handle WIRE_EXEC. */
void exec_handle(struct agent *a, uint32_t id, struct wire_reader *r);

struct child;

/* Answer a request with the end of its command. It stays in the table. */
void exec_send_exit(struct request *q, const struct child *c);

#endif
