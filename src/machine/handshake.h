/* handshake.h - the agent's side of a boot: hello, identity, ready */
#ifndef MACHINE_HANDSHAKE_H
#define MACHINE_HANDSHAKE_H

#include "wire/frame.h"
#include "machine/machine.h"

/* The agent said HELLO: check it, and configure the machine if it is booting. */
void handshake_hello(struct machine *m, const struct frame *f);

/* Send CONFIGURE; the machine becomes UP, or GONE, from the loop. */
void handshake_configure(struct machine *m);

/* Set the clock of an UP machine that was stopped; nothing waits for it. */
void handshake_tell_time(struct machine *m);

/*
 * The machine has not become ready in time: end its agent's wait, whose last words then say why it is GONE. Some time is
 * left for them. Return: false when that was done before.
 */
bool handshake_ask_why(struct machine *m);

/* Ask an UP machine to be idle before it is saved (WIRE_WAIT_QUIET); @answer as in machine_request(). */
void handshake_await_quiet(struct machine *m, request_frame_fn *answer, void *arg);

#endif
