/* connect.h - CONNECT: a TCP connection to a port of the guest, on behalf of a client of the host */
#ifndef AGENT_CONNECT_H
#define AGENT_CONNECT_H

#include "agent/agent.h"

/* Handle WIRE_CONNECT. */
void connect_handle(struct agent *a, uint32_t id, struct wire_reader *r);

/* Return: whether a request is a CONNECT: these handle INPUT and TAKEN for it then. */
bool connect_has(struct agent *a, uint32_t id);
void connect_handle_input(struct agent *a, uint32_t id, struct wire_reader *r);
void connect_handle_taken(struct agent *a, uint32_t id, struct wire_reader *r);

/* The machine goes on from where it was saved: its clients are not there any more. */
void connect_reset_all(struct agent *a);

#endif
