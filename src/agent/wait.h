/* wait.h - WAIT: look at once, then when something happens, at the latest after a growing pause
 *
 * A kind of wait is a function that looks once and says what comes next:
 * wait_done(), wait_fail(), or wait_again(); it may say so later, when what it
 * asked (a command, systemd, a connection) has answered. What it saw is kept
 * with wait_see(), for the host that gives up. Then it also says what was going
 * on instead (explain, ask), in lines behind that.
 */
#ifndef AGENT_WAIT_H
#define AGENT_WAIT_H

#include "agent/inquiry.h"

struct wait;

/**
 * struct wait_kind - One kind of wait
 * @look:	Look once
 * @drop:	Free @own; may be NULL
 * @explain:	The host gives up: append lines that say what is there instead; may be NULL. It must not block
 * @ask:	Append a shell command that says more of that, which is run where systemd is the init; may be NULL
 * @pause_max:	Longest pause between two looks, ns
 * @prepare:	Check the request and allocate @own; may be NULL.
 *		Return: 0, or -1 when it makes no sense (@err says why)
 */
struct wait_kind {
	int (*prepare)(struct wait *w, struct err *err);
	void (*look)(struct wait *w);
	void (*drop)(struct wait *w);
	void (*explain)(const struct wait *w, struct buf *out);
	void (*ask)(const struct wait *w, struct buf *command);
	uint64_t pause_max;
};

/**
 * struct wait - A WAIT that is not answered yet
 * @timer:	Next look
 * @pause:	Before the look after that, ns
 * @seen:	What the last look saw, a clause for the user
 * @subject:	Command, path or unit
 * @address:	Second subject
 * @own:	Belongs to the kind
 * @late:	The host gave up: systemd is asked for what was going on
 * @evidence:	What it said
 */
struct wait {
	struct request request;
	const struct wait_kind *kind;
	struct timer timer;
	uint64_t pause;
	struct buf seen;
	char *subject, *address;
	uint16_t port;
	enum wire_wait what;
	void *own;
	bool late;
	struct inquiry evidence;
};

extern const struct wait_kind wait_try;	  /* wait_try.c: SUCCEEDS, FAILS */
extern const struct wait_kind wait_file;  /* wait_file.c */
extern const struct wait_kind wait_port;  /* wait_port.c: PORT, NO_PORT */
extern const struct wait_kind wait_quiet; /* wait_quiet.c */
extern const struct wait_kind wait_sleep; /* wait_sleep.c */
extern const struct wait_kind wait_tty;	  /* wait_tty.c */
extern const struct wait_kind wait_unit;  /* wait_unit.c: UNIT, UNIT_STATE, UNIT_IS */
extern const struct wait_kind wait_unix;  /* wait_unix.c: UNIX, UNIX_DATAGRAM */
extern const struct wait_kind wait_ready; /* wait_unit.c */

/* Handle WIRE_WAIT. */
void wait_handle(struct agent *a, uint32_t id, struct wire_reader *r);

/* Answer: the condition holds (at most WIRE_DONE_MAX bytes). @w is gone afterwards. */
void wait_done(struct wait *w, const void *data, size_t n);
/* Answer: the condition cannot come to hold any more. @w is gone afterwards. */
void wait_fail(struct wait *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The condition does not hold yet: look again after a pause. */
void wait_again(struct wait *w);
/* Something happened: look again now. */
void wait_look_now(struct wait *w);
/* The ask of all that may wait for a service: the end of the journal. */
void wait_ask_services(const struct wait *w, struct buf *command);
/* Replace what was seen last. */
void wait_see(struct wait *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
