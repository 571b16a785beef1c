/* recorder.c - keeps what happens in a world, for reports */
#include "world/recorder.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"

#define NS_PER_US 1000

/* Coming up since @since (microseconds), by @phase; not when @waits is false. */
struct recorder_machine {
	uint64_t since;
	enum trace_phase phase;
	bool waits;
};

static const enum trace_life lives[ORIGINS] = {
	[ORIGIN_BOOT] = LIFE_BOOT,
	[ORIGIN_MAKING] = LIFE_BOOT,
	[ORIGIN_NAMING] = LIFE_TEMPLATE,
	[ORIGIN_GENERIC] = LIFE_TEMPLATE,
	[ORIGIN_NAMED] = LIFE_TEMPLATE,
	[ORIGIN_FREEZING] = LIFE_TEMPLATE,
	[ORIGIN_FROZEN_GENERIC] = LIFE_FROZEN,
	[ORIGIN_FROZEN_NAMED] = LIFE_FROZEN,
	[ORIGIN_LAYER] = LIFE_SETUP,
	[ORIGIN_CHECKPOINT] = LIFE_CHECKPOINT,
};

static_assert((int)ANSWER_OVERTIME == (int)WIRE_OVERTIME && (int)ANSWER_LOST == (int)WIRE_LOST &&
		      (int)ANSWER_TIMED_OUT == (int)WIRE_TIMED_OUT,
	      "the answers of trace.h are those of the wire");

static uint64_t us_since(const struct recorder *r, uint64_t then)
{
	return (then - r->begun) / NS_PER_US;
}

static uint64_t now(const struct recorder *r)
{
	return us_since(r, clock_now());
}

void recorder_init(struct recorder *r, const struct spec *spec)
{
	*r = (struct recorder){.trace = trace_new(), .all = spec->record, .pictures = spec->pictures, .begun = clock_now()};
	r->machines = xcalloc(spec->nmachines, sizeof(*r->machines));
	for (size_t i = 0; i < spec->nmachines; i++)
		trace_add_machine(r->trace, spec->machines[i].name);
}

void recorder_free(struct recorder *r)
{
	trace_free(r->trace);
	free(r->machines);
}

struct trace *recorder_steal(struct recorder *r)
{
	struct trace *t = r->trace;

	r->trace = trace_new(); /* of what follows, while the world is kept: nobody sees it */
	return t;
}

/* ---- the script ---- */

void recorder_call(struct recorder *r, const struct call *c)
{
	int machine = c->life ? (int)c->life->machine->index : -1;
	struct trace_event *e;

	if (!r->all)
		return;
	e = trace_add(r->trace, TRACE_CALL, us_since(r, c->begun), machine, c->words);
	e->how = ANSWER_NONE;
	trace_set(r->trace, &e->place, c->place);
}

void recorder_answer(struct recorder *r, const struct call *c)
{
	struct trace_event *e = trace_last_call(r->trace);

	if (!e)
		return;
	e->length = now(r) - e->at;
	e->how = c->outcome;
	e->ended = c->kind == WIRE_CALL_EXEC && c->outcome == WIRE_OK;
	e->status = (int)c->status;
	e->signal = (int)c->signal;
	trace_set(r->trace, &e->reason, c->reason);
}

/* A failure on the line of the last call is the call's own. */
static void add_failure(struct recorder *r, const char *at, const char *message)
{
	struct trace_event *call = trace_last_call(r->trace), *e;

	if (call && call->place && strcmp(call->place, at) == 0)
		call->culprit = true;
	e = trace_add(r->trace, TRACE_FAILURE, now(r), -1, message);
	trace_set(r->trace, &e->place, at);
}

static void add_subtest(struct recorder *r, const char *name, struct wire_reader *in)
{
	struct trace_event *e = trace_add(r->trace, TRACE_SUBTEST, now(r), -1, name);

	for (uint32_t n = wire_get_u32(in); n && !in->bad; n--) {
		cleanup_free char *key = wire_get_str(in);
		cleanup_free char *value = wire_get_str(in);

		e->how |= strcmp(key, "result") == 0 && strcmp(value, "ok") != 0;
	}
}

void recorder_event(struct recorder *r, const struct frame *f)
{
	struct wire_reader in = wire_read(f);
	enum wire_event kind = wire_get_u8(&in);
	cleanup_free char *at = wire_get_str(&in);
	cleanup_free char *message = wire_get_str(&in);

	if (kind == WIRE_EVENT_BODY)
		r->body = now(r);
	if (!r->all || in.bad)
		return;
	if (kind == WIRE_EVENT_FAILURE || kind == WIRE_EVENT_FAULT)
		add_failure(r, at, message);
	else if (kind == WIRE_EVENT_NOTE)
		trace_add(r->trace, TRACE_NOTE, now(r), -1, message);
	else if (kind == WIRE_EVENT_SUBTEST)
		add_subtest(r, message, &in);
}

/* ---- machines ---- */

static void add_phase(struct recorder *r, enum trace_phase phase, int machine, uint64_t since, uint64_t until)
{
	struct trace_event *e = trace_add(r->trace, TRACE_PHASE, since, machine, NULL);

	e->how = phase;
	e->length = until - since;
}

static void end_wait(struct recorder *r, size_t index)
{
	struct recorder_machine *w = &r->machines[index];

	if (w->waits)
		add_phase(r, w->phase, (int)index, w->since, now(r));
	w->waits = false;
}

static void add_life(struct recorder *r, const struct machine *m, enum trace_life life, const char *why)
{
	trace_add(r->trace, TRACE_MACHINE, now(r), (int)m->index, why)->how = life;
}

void recorder_began(struct recorder *r, const struct life *l)
{
	const struct machine *m = l->machine;
	enum trace_life life = l->making ? LIFE_MAKING : lives[l->origin];
	enum trace_phase phase = life == LIFE_MAKING || life == LIFE_BOOT ? PHASE_BOOT : PHASE_COPY;

	end_wait(r, m->index); /* it was being made */
	r->machines[m->index] = (struct recorder_machine){.since = now(r), .phase = phase, .waits = true};
	add_life(r, m, life, NULL);
}

void recorder_changed(struct recorder *r, const struct machine *m)
{
	if (m->state == MACHINE_UP) {
		end_wait(r, m->index);
		add_life(r, m, LIFE_UP, NULL);
		return;
	}
	r->machines[m->index].waits = false;
	add_life(r, m, m->state == MACHINE_GONE ? LIFE_LOST : LIFE_OFF, m->state == MACHINE_GONE ? m->gone : m->off_why);
}

void recorder_console(struct recorder *r, const struct machine *m, const char *line)
{
	if (r->all && r->trace)
		trace_add(r->trace, TRACE_CONSOLE, now(r), (int)m->index, line);
}

bool recorder_picture(struct recorder *r, const struct call *c, const struct buf *png)
{
	return r->pictures && trace_add_picture(r->trace, c->first, (int)c->life->machine->index, png->data, png->len);
}

void recorder_end(struct recorder *r, bool setup)
{
	uint64_t end = now(r);

	r->trace->length = end;
	if (setup || r->body)
		add_phase(r, PHASE_SETUP, -1, 0, setup ? end : r->body);
	if (!setup)
		add_phase(r, PHASE_TEST, -1, r->body, end);
}
