/* handshake.h - the agent's side of a boot: hello, identity, ready */
#ifndef WORLD_HANDSHAKE_H
#define WORLD_HANDSHAKE_H

#include "wire/frame.h"
#include "world/machine.h"

/* The agent said HELLO: check it, and configure the machine if it is booting. */
void handshake_hello(struct machine *m, const struct frame *f);

/* Send CONFIGURE; the machine becomes UP, or GONE, from the loop. */
void handshake_configure(struct machine *m);

#endif
