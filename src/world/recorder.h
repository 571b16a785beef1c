/* recorder.h - keeps what happens in a world, for reports (report/trace.h) */
#ifndef WORLD_RECORDER_H
#define WORLD_RECORDER_H

#include "report/trace.h"
#include "world/call.h"

struct recorder_machine;

/**
 * struct recorder - Of one world
 * @trace:	What there is so far
 * @all:	Calls and consoles, too; else only lives and phases, for the table of times
 * @pictures:	Pictures of screens, too
 * @begun:	CLOCK_MONOTONIC, ns
 * @body:	Microseconds from then to the end of the setup
 * @machines:	Since when each has been coming up
 */
struct recorder {
	struct trace *trace;
	bool all, pictures;
	uint64_t begun, body;
	struct recorder_machine *machines;
};

void recorder_init(struct recorder *r, const struct spec *spec);
void recorder_free(struct recorder *r);

/* The script has made a call, it was answered, it has told of something. */
void recorder_call(struct recorder *r, const struct call *c);
void recorder_answer(struct recorder *r, const struct call *c);
void recorder_event(struct recorder *r, const struct frame *f);

/* A machine's life begins, or its origin is being made; it is UP, OFF or GONE; its console said a line. */
void recorder_began(struct recorder *r, const struct life *l);
void recorder_changed(struct recorder *r, const struct machine *m);
void recorder_console(struct recorder *r, const struct machine *m, const char *line);

/* A picture of a machine's screen. Return: whether it is kept. */
bool recorder_picture(struct recorder *r, const struct call *c, const struct buf *png);

/* The script has ended; what ran was the @setup of others. */
void recorder_end(struct recorder *r, bool setup);

/* Return: the trace, which the caller frees. */
struct trace *recorder_steal(struct recorder *r);

#endif
