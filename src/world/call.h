/* call.h - one call of a script, from WIRE_CALL to WIRE_RESULT
 *
 * Theory of operation
 *
 * A call that names a machine which is off has it started and waits; then it
 * becomes one request to the agent, or an order to the machine (orders.h), and
 * the last frame of the answer becomes the RESULT. Output goes to the script as
 * it comes. When the deadline passes first, the request is cancelled, so that
 * the agent can say what it saw last; an agent that does not answer even that
 * is given CALL_GRACE_S.
 *
 * A call waits for exactly one thing at a time, its stage. It ends in
 * call_result(), which frees it: a function that may have called that, and be
 * it through machine_start() or life_start(), does not touch the call again.
 * The machine tells the call of its changes through the world
 * (call_machine_changed()), also from within those functions.
 */
#ifndef WORLD_CALL_H
#define WORLD_CALL_H

#include <regex.h>

#include "state/life.h"
#include "wire/script.h"

#define CALL_GRACE_S 5 /* after a cancelled request's deadline, for its last words; scaled */

enum call_stage {
	CALL_STARTING,	/* its machine is not up yet */
	CALL_ASKED,	/* the agent works on it */
	CALL_CANCELLED, /* its deadline has passed; the agent's last words are awaited */
	CALL_STOPPING,	/* its machine is being switched off, or goes down to come up again */
	CALL_REBOOTING, /* its machine comes up again */
	CALL_SLEEPING,	/* its machine is going to sleep, */
	CALL_WAKING,	/* or is about to be awake */
	CALL_SAVING,	/* its machine is being saved */
	CALL_RESTORING, /* its machine goes back to a checkpoint */
	CALL_JOB,	/* a job of the test is to end, or to read (jobs.h) */
	CALL_CONTROL,	/* QEMU is to answer */
	CALL_TYPING,	/* keys are pressed, one after the other (typing.h) */
	CALL_SCREEN,	/* its machine's screen is looked at (screens.h) */
	CALL_WATCHING,	/* what its machine says is looked at here (watching.h) */
	CALL_VISITED,	/* somebody is at the machine's console, or is to come to the world */
};

struct call;
struct copy;
struct job;
struct jobs;
struct screen;

/**
 * struct call_owner - Whom a call answers
 * @script:	Where its OUTPUT and RESULT go
 * @lives:	All machines of the world
 * @jobs:	What the test has spawned
 * @switches:	All networks
 * @keep:	Keeps a picture for reports under the call's first argument. Return: whether it did
 * @grace:	CALL_GRACE_S, scaled, in ns
 * @done:	Called last, when the RESULT is on its way; the call is freed then
 * @await:	Let people come, for a call that waits for them; NULL: not for calls of theirs
 */
struct call_owner {
	struct loop *loop;
	struct link *script;
	struct life *lives;
	size_t nlives;
	struct jobs *jobs;
	struct net_switch **switches;
	const struct spec *world;
	uint64_t grace;
	void (*done)(void *arg, struct call *c);
	bool (*keep)(void *arg, const struct call *c, const struct buf *png);
	void (*await)(void *arg, struct call *c);
	void *arg;
};

/**
 * struct call - A call under way; for call.c and orders.c
 * @life:	NULL when the call concerns all machines, or a network
 * @net:	That, or NULL
 * @links:	Of LINK: commands that QEMU has not answered
 * @request:	Its number at the agent, in the stages ASKED and CANCELLED
 * @job:	In the stage JOB
 * @copy:	Of files, or NULL (copies.h)
 * @expired:	Why it may not go on, or NULL; then @late is the outcome
 * @begun, @until: CLOCK_MONOTONIC, ns
 * @got:	Bytes of each output stream that were passed on
 * @again:	For orders that do something again after a while
 * @typed:	Bytes of @first that were typed
 * @screen:	Of screens.c, or NULL; owned
 * @regex:	What a text is to match that is looked at here, or NULL; owned
 * @ear:	At the console, and @on_way bytes that it has heard and that were not acknowledged (CONSOLE)
 * @words, @place: As the script says it, and "file:line"; for reports
 * @outcome, @status, @signal, @reason: Of the RESULT, for @owner's done(); @reason is valid as long as that runs
 */
struct call {
	const struct call_owner *owner;
	uint32_t id;
	enum wire_call kind;
	enum call_stage stage;
	struct life *life;
	struct net_switch *net;
	unsigned links;
	char *first, *second, *words, *place;
	size_t second_len;
	uint32_t number;
	uint32_t request;
	struct job *job;
	struct copy *copy;
	char *expired;
	enum wire_outcome late;
	struct timer deadline;
	uint64_t begun, until;
	size_t got[2];
	regex_t *regex;
	struct timer again;
	size_t typed;
	struct screen *screen;
	struct console_ear ear;
	size_t on_way;
	enum wire_outcome outcome;
	uint32_t status, signal;
	const char *reason;
};

/**
 * call_begin() - Take a WIRE_CALL frame
 * @o:		Kept
 * @f:		The frame; its fields are copied
 * @latest:	No deadline may be later than this (CLOCK_MONOTONIC, ns)
 *
 * Should be known to the world as its call before call_go(), because machines
 * tell it what becomes of them.
 *
 * Return: the call, or NULL when the frame is malformed
 */
struct call *call_begin(const struct call_owner *o, const struct frame *f, uint64_t latest);

/* See it through: it is answered from the loop, or from within when the answer is known at once. */
void call_go(struct call *c);

/* The machine became UP, or is OFF or GONE: a call that waits for that goes on or ends. */
void call_machine_changed(struct call *c, struct machine *m);

/* The machine's console said something, or its QEMU an event: a call that watches for that looks. */
void call_machine_heard(struct call *c, struct machine *m);

/* The script's side of a conversation that goes on during the call (SHELL, CONSOLE): passed on, if the other side is still there. */
void call_relay(struct call *c, const struct frame *f);

/* The test's own time is over, for @reason: bring the deadline forward to now. */
void call_expire(struct call *c, const char *reason);

/* Free a call without an answer. */
void call_drop(struct call *c);

/* The same for one whose caller has gone: what it had started in the guest is ended. */
void call_abandon(struct call *c);

/* Return: whether a person may take as long as he likes for a call of that kind. */
static inline bool call_is_visit(enum wire_call kind)
{
	return kind == WIRE_CALL_SHELL || kind == WIRE_CALL_CONSOLE || kind == WIRE_CALL_INTERACT;
}

/* ---- for orders.c ---- */

/* Answer: no more than an outcome and, unless it is WIRE_OK, a reason. */
void call_answer(struct call *c, enum wire_outcome outcome, const char *reason);

/* Send output to the script ahead of the answer. Return: false when it is more than a script is given. */
bool call_output(struct call *c, enum wire_stream stream, const char *bytes, size_t n);

/* Answer, with what a command left. @wall: ns */
void call_result(struct call *c, enum wire_outcome outcome, uint32_t status, uint32_t signal, uint64_t wall,
		 const char *reason);

/* Acknowledge bytes of the conversation of a CONSOLE; none says that it has begun. */
void call_acknowledge(struct call *c, size_t n);

/* Begin the request that the call becomes. Return: the mark of its frame, for machine_send(). */
size_t call_ask(struct call *c, enum wire_type type);

/* The machine is lost, and the call with it. */
void call_lost(struct call *c, const struct machine *m);

#endif
