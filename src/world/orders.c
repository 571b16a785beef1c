/* orders.c - what each call asks of a machine: the rows of calls.def */
#include "world/orders.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"
#include "world/copies.h"
#include "world/jobs.h"

/* ---- requests to the agent ---- */

static void order_exec(struct call *c)
{
	size_t mark = call_ask(c, WIRE_EXEC);

	wire_put_str(machine_out(c->life->machine), c->first);
	machine_send(c->life->machine, mark);
}

static void order_wait(struct call *c)
{
	struct machine *m = c->life->machine;
	size_t mark = call_ask(c, WIRE_WAIT);

	wire_put_u8(machine_out(m), (uint8_t)(c->number & 0xFF));
	wire_put_str(machine_out(m), c->first);
	wire_put_str(machine_out(m), c->second);
	wire_put_u32(machine_out(m), c->number >> 8);
	machine_send(m, mark);
}

static void order_read_file(struct call *c)
{
	size_t mark = call_ask(c, WIRE_READ_FILE);

	wire_put_str(machine_out(c->life->machine), c->first);
	machine_send(c->life->machine, mark);
}

static void order_write_file(struct call *c)
{
	struct machine *m = c->life->machine;
	struct buf *out = machine_out(m);
	size_t mark = call_ask(c, WIRE_WRITE_FILE);

	wire_put_str(out, c->first);
	wire_put_u32(out, c->number);
	wire_end(out, mark);
	for (size_t at = 0; at < c->second_len; at += WIRE_CHUNK) {
		size_t n = c->second_len - at < WIRE_CHUNK ? c->second_len - at : WIRE_CHUNK;

		mark = wire_begin(out, WIRE_DATA, c->request);
		wire_put_bytes(out, c->second + at, n);
		wire_end(out, mark);
	}
	machine_send(m, wire_begin(out, WIRE_END, c->request));
}

/* From now on it is up to the person at it. */
static void order_shell(struct call *c)
{
	struct machine *m = c->life->machine;
	size_t mark = call_ask(c, WIRE_SHELL);

	loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER);
	wire_put_str(machine_out(m), c->first);
	wire_put_u32(machine_out(m), c->number >> 16);
	wire_put_u32(machine_out(m), c->number & 0xFFFF);
	machine_send(m, mark);
}

/* ---- power ---- */

static void order_done(struct call *c)
{
	call_answer(c, WIRE_OK, "");
}

static void order_shutdown(struct call *c)
{
	c->stage = CALL_STOPPING;
	loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER); /* the machine keeps it */
	machine_shutdown(c->life->machine, c->until);
}

static bool order_crash(struct call *c)
{
	struct machine *m = c->life->machine;

	if (m->state == MACHINE_OFF || m->state == MACHINE_GONE)
		return false;
	c->stage = CALL_STOPPING;
	machine_crash(m);
	return true;
}

static void order_await_off(struct call *c)
{
	c->stage = CALL_STOPPING;
}

/* ---- QEMU ---- */

static void controlled(void *arg, const char *error)
{
	struct call *c = arg;
	cleanup_free char *why = error ? xasprintf("QEMU refuses it: %s", error) : NULL;

	if (c->kind == WIRE_CALL_PAUSE || c->kind == WIRE_CALL_RESUME)
		c->life->machine->paused = (c->kind == WIRE_CALL_PAUSE) == !error;
	call_answer(c, why ? WIRE_FAILED : WIRE_OK, why ? why : "");
}

static void order_pause(struct call *c)
{
	c->stage = CALL_CONTROL;
	machine_control(c->life->machine, "stop", NULL, controlled, c);
}

static void order_resume(struct call *c)
{
	c->stage = CALL_CONTROL;
	machine_control(c->life->machine, "cont", NULL, controlled, c);
}

/* The cards of the machine on one network or on all; the answer to the last is the call's. */
static void order_link(struct call *c)
{
	struct machine *m = c->life->machine;
	int net = (int)(c->number >> 1) - 1;
	size_t last = m->spec->nnets;

	for (size_t i = 0; i < m->spec->nnets; i++)
		last = net < 0 || m->spec->nets[i] == net ? i : last;
	c->stage = CALL_CONTROL;
	for (size_t i = 0; i <= last && i < m->spec->nnets; i++) {
		cleanup_free char *link = xasprintf("{\"name\":\"net%zu\",\"up\":%s}", i, c->number & 1 ? "true" : "false");

		if (i == last)
			machine_control(m, "set_link", link, controlled, c);
		else if (net < 0 || m->spec->nets[i] == net)
			machine_control(m, "set_link", link, NULL, NULL);
	}
	if (last == m->spec->nnets)
		call_answer(c, WIRE_REFUSED, "the machine has no card on that network");
}

static void order_tell_up(struct call *c)
{
	call_result(c, WIRE_OK, c->life->machine->state == MACHINE_UP, 0, 0, "");
}

/* A machine that setup has left running is up as far as the test is concerned: its resume is waited for. */
static bool order_is_up(struct call *c)
{
	enum machine_state s = c->life->machine->state;

	if (c->life->layer_used && s != MACHINE_OFF && s != MACHINE_GONE && s != MACHINE_UP)
		return false;
	order_tell_up(c);
	return true;
}

void order_check_all(struct call *c)
{
	const struct call_owner *o = c->owner;
	size_t up = 0;

	for (size_t i = 0; i < o->nlives; i++) {
		if (o->lives[i].machine->state == MACHINE_GONE) {
			call_lost(c, o->lives[i].machine);
			return;
		}
		up += o->lives[i].machine->state == MACHINE_UP;
	}
	if (up == o->nlives)
		call_answer(c, WIRE_OK, "");
}

/* A boot that fails at once ends the call, so nothing of it is used once one has been started. */
static bool order_start_all(struct call *c)
{
	const struct call_owner *o = c->owner;
	bool started = false;

	for (size_t i = 0; i < o->nlives; i++) {
		if (o->lives[i].machine->state == MACHINE_OFF) {
			started = true;
			life_start(&o->lives[i]);
		}
	}
	if (!started)
		order_check_all(c);
	return true;
}

/* ---- checkpoints ---- */

static void saved(void *arg, const char *error)
{
	struct call *c = arg;
	cleanup_free char *why = error ? xasprintf("the machine cannot be saved: %s", error) : NULL;

	call_answer(c, why ? WIRE_FAILED : WIRE_OK, why ? why : "");
}

static void order_save(struct call *c)
{
	c->stage = CALL_SAVING;
	life_save(c->life, c->first, saved, c);
}

static void order_restore(struct call *c)
{
	cleanup_free char *why = xasprintf("nothing was saved as '%s' in this test", c->first);

	c->stage = CALL_RESTORING;
	if (!life_restore(c->life, c->first))
		call_answer(c, WIRE_REFUSED, why);
}

/* ---- the table ---- */

static const struct order orders[] = {
#define CALL(kind, whom, off, at_once, when_up) [WIRE_CALL_##kind] = {ORDER_##whom, ORDER_##off, at_once, when_up},
#include "world/calls.def"
#undef CALL
};
static_assert(ARRAY_SIZE(orders) == WIRE_CALL_KINDS, "a row for every call");

const struct order *order_find(unsigned kind)
{
	return kind < ARRAY_SIZE(orders) && (orders[kind].at_once || orders[kind].when_up) ? &orders[kind] : NULL;
}
