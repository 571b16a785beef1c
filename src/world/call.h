/* call.h - one call of a script, from WIRE_CALL to WIRE_RESULT */
#ifndef WORLD_CALL_H
#define WORLD_CALL_H

#include "wire/script.h"
#include "machine/machine.h"

#define CALL_GRACE_S	5	   /* after a cancelled request's deadline, for its last words; scaled */

struct call;

/**
 * struct call_owner - Whom a call answers
 * @script:	Where its RESULT goes
 * @machines:	All machines of the world
 * @grace:	CALL_GRACE_S, scaled, in ns
 * @done:	Called last, when the RESULT is on its way; the call is freed then
 */
struct call_owner {
	struct loop *loop;
	struct link *script;
	struct machine *machines;
	size_t nmachines;
	const struct world_spec *world;
	uint64_t grace;
	void (*done)(void *arg, struct call *c);
	void *arg;
};

/**
 * call_begin() - Take a WIRE_CALL frame
 * @o:		Kept
 * @f:		The frame; its fields are copied
 * @latest:	No deadline may be later than this (CLOCK_MONOTONIC, ns)
 * @bad:	Set when the frame is malformed
 *
 * Should be listed by the caller before call_go(), because machines tell
 * every listed call what becomes of them.
 *
 * Return: the call, or NULL when @bad
 */
struct call *call_begin(const struct call_owner *o, const struct frame *f, uint64_t latest, bool *bad);

/**
 * call_go() - See it through
 *
 * Boots the machine first when it is off. The answer comes from the loop, or
 * from within when it is known at once: the call may be gone afterwards.
 */
void call_go(struct call *c);

/* The machine became UP, or is OFF or GONE: calls that waited for that go on or end. */
void call_machine_changed(struct call *c, struct machine *m);

/* Bring the deadline forward to now, with this reason. */
void call_expire(struct call *c, const char *reason);

/* Free a call without an answer. */
void call_drop(struct call *c);

#endif
