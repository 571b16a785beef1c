/* forwards.h - ports of the host whose connections a machine's agent makes in the guest
 *
 * Theory of operation
 *
 * A forward listens on 127.0.0.1. Each of its clients becomes a request (CONNECT) to the agent of its machine, which
 * no call waits for, as a job is one; no network card has a part in it, so it works for a machine without any.
 *
 * Bytes wait nowhere without a limit: of each connection a window of them is under way each way, the client is not read
 * and the agent gets no acknowledgement while the other side takes nothing, and clients are not read at all while much
 * waits for the agent. With FORWARD_CONNECTIONS_MAX connections further clients wait to be taken in.
 *
 * A direction ends by itself, as TCP has it. A connection that breaks on one side is reset on the other. Those of a
 * machine end with its life: it is shut down, lost, saved, or goes back to a checkpoint. The port stays until the test's end:
 * a client of a machine that is on its way waits for it, one of a machine that is off is reset.
 */
#ifndef WORLD_FORWARDS_H
#define WORLD_FORWARDS_H

#include "world/call.h"

#define FORWARDS_MAX		64  /* ports of a test */
#define FORWARD_CONNECTIONS_MAX 256 /* of all of them together, each with two windows at most */

/**
 * struct forwards - All of a world; `= {0}` is none
 * @loop:	Set once there is one
 * @nports, @nconnections: How many there are
 * @held:	The machine that is being saved, or NULL
 * @again:	To see whether the agent has taken what waited for it
 */
struct forwards {
	struct loop *loop;
	struct forward *ports;
	struct connection *connections;
	size_t nports, nconnections;
	const struct machine *held;
	struct timer again;
};

/* Row of calls.def. */
void forwards_begin(struct call *c);

/*
 * The machine is to be saved: its connections are reset, as what is saved knows no client, and new ones wait until
 * forwards_let_go(). Return: whether there were any, whose last frames may still be on their way.
 */
bool forwards_hold(struct forwards *f, struct machine *m);
void forwards_let_go(struct forwards *f);

/* The machine became UP, or is OFF or GONE. */
void forwards_machine_changed(struct forwards *f, struct machine *m);

/* Close all of them, while their machines are there. */
void forwards_free(struct forwards *f);

#endif
