/* agent.h - the agent proper: its port, its requests, and what every handler may call
 *
 * One thread, one loop (base/loop.h). A request that cannot be answered at once
 * lives in the table as a struct request inside the handler's own structure,
 * until it is answered (request_done(), request_fail(), request_close()) or the
 * host goes away (ops->drop).
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/port.h"
#include "agent/spare.h"
#include "base/buf.h"
#include "base/loop.h"
#include "wire/frame.h"
#include "wire/agent.h"

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr) - offsetof(type, member)))

struct child;
struct request;

/**
 * struct agent - Everything that lives as long as the agent
 * @init:	What runs as init, as HELLO tells it
 * @warnings:	Lines for HELLO
 * @is_init:	The agent is PID 1: it reaps orphans and obeys the signals of `poweroff` and `reboot`
 * @hostname:	As CONFIGURE wanted it, or NULL
 * @children:	Running commands and those whose pipes are still held (child.h)
 * @spare:	A shell started ahead of its command: one of @children, for some seconds at most
 * @null, @random: /dev/null and /dev/urandom, open for good: to open a file is much of what a command costs under TCG
 * @last_words:	ms, of the CANCEL that is being handled
 * @full:	Too much waits to be sent: nothing that produces output is read
 */
struct agent {
	struct loop loop;
	struct port port;
	struct watch signals;
	const char *init;
	const char *warnings;
	bool is_init;
	char *hostname;
	struct request *requests;
	struct child *children;
	struct spare spare;
	struct timer spare_ends;
	int null, random;
	uint32_t last_words;
	bool full;
};

/**
 * struct request_ops - What the table may ask of a request
 * @cancel:	CANCEL came: end it, now or soon, as wire/agent.h says for its type
 * @drop:	Let go of everything and free it; called once, after the answer too
 * @resume:	The port has room again; may be NULL
 */
struct request_ops {
	void (*cancel)(struct request *q);
	void (*drop)(struct request *q);
	void (*resume)(struct request *q);
};

struct request {
	struct agent *agent;
	const struct request_ops *ops;
	struct request *next;
	uint32_t id;
};

/**
 * agent_serve() - Say HELLO as soon as a host is at the port, serve requests for ever
 * @port:	From port_open(), or another stream socket; owned from now on
 * @init:	What runs as init ("systemd", "openrc", "sysv", "agent", or a path)
 * @warnings:	What went wrong on the way without being fatal, "" for nothing; cut at WIRE_WARNINGS_MAX
 * @is_init:	We are PID 1
 *
 * Return: -1 when there is no loop; it does not return otherwise
 */
int agent_serve(int port, const char *init, const char *warnings, bool is_init, struct err *err);

/* Put a request into the table. */
void request_open(struct request *q, struct agent *a, uint32_t id, const struct request_ops *ops);
/* Answer with DONE (at most WIRE_DONE_MAX bytes), take it out of the table and drop it. */
void request_done(struct request *q, const void *data, size_t n);
/* Answer with FAIL (cut at WIRE_REASON_MAX), take it out of the table and drop it. */
void request_fail(struct request *q, const char *reason);
/* Take it out of the table and drop it; the handler has sent the answer itself. */
void request_close(struct request *q);
/* Return: the open request with this number, or NULL. */
struct request *request_find(struct agent *a, uint32_t id);

/* Answer a request that never got into the table; the limits are the same. */
void agent_send_done(struct agent *a, uint32_t id, const void *data, size_t n);
void agent_send_fail(struct agent *a, uint32_t id, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Send a piece of output, at most WIRE_CHUNK bytes. */
void agent_send_output(struct agent *a, uint32_t id, enum wire_stream stream, const void *data, size_t n);

/*
 * The same without a copy: between the two, at most WIRE_CHUNK bytes are added to @a->port.out, and nothing else is
 * sent. Return: a mark for agent_end_output(); to send nothing after all, cut the buffer there.
 */
size_t agent_begin_output(struct agent *a, uint32_t id, enum wire_stream stream);
void agent_end_output(struct agent *a, size_t mark);

/* One line to the kernel's log, and with it to the console. */
void agent_log(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
