/* orders.c - what each call asks of a machine: the rows of calls.def */
#include "world/orders.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "world/copies.h"
#include "world/jobs.h"
#include "world/control.h"
#include "world/networks.h"
#include "world/screens.h"
#include "world/typing.h"
#include "world/watching.h"
#include "base/text.h"

#define CONSOLE_SHOWN_LINES 20	 /* to who comes to a console */
#define CONSOLE_SHOWN_BYTES 4000 /* of them, far below a window */

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

/* ---- people ---- */

/* A person who does not keep up with the guest misses some of it: the guest does not wait for its console. */
static void console_heard(void *arg, const char *bytes, size_t n)
{
	struct call *c = arg;

	if (c->on_way + n > WIRE_SHELL_WINDOW)
		return;
	c->on_way += n;
	call_output(c, WIRE_STDOUT, bytes, n);
}

/* What is on its screen, about: the last lines, with the one that has no end, which may be a prompt. */
static void show_last_lines(struct call *c)
{
	const struct console *from = &c->life->machine->console;
	cleanup_buf struct buf text = {0}, line = {0};
	const char *p = text_tail(buf_str(&from->text), from->text.len, CONSOLE_SHOWN_LINES, CONSOLE_SHOWN_BYTES);

	for (; *p; p += strcspn(p, "\n") + (p[strcspn(p, "\n")] == '\n'))
		buf_addf(&text, "%.*s\r\n", (int)strcspn(p, "\n"), p);
	text_clean(&line, buf_str(&from->line), from->line.len);
	buf_add(&text, line.data, line.len);
	console_heard(c, buf_str(&text), text.len);
}

/* From now on it is up to the person at it. */
static void order_console(struct call *c)
{
	c->stage = CALL_VISITED;
	loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER);
	c->ear = (struct console_ear){.heard = console_heard, .arg = c};
	console_hear(&c->life->machine->console, &c->ear);
	call_acknowledge(c, 0);
	show_last_lines(c);
}

static void order_interact(struct call *c)
{
	c->stage = CALL_VISITED;
	loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER);
	c->owner->await(c->owner->arg, c);
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

static void order_reboot(struct call *c)
{
	c->stage = CALL_STOPPING;
	loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER); /* the machine keeps it, until it boots */
	machine_reboot(c->life->machine, c->until);
}

/* It sleeps when QEMU says so (call_machine_heard()); its agent only tells that it does not, or does no more. */
static void suspend_answer(void *arg, const struct frame *f)
{
	struct call *c = arg;
	cleanup_free char *why = NULL;

	if (f->type != WIRE_FAIL)
		return;
	why = machine_failure(f);
	call_answer(c, WIRE_FAILED, why);
}

static void order_suspend(struct call *c)
{
	struct machine *m = c->life->machine;
	size_t mark = machine_request(m, WIRE_POWEROFF, suspend_answer, c, &c->request);

	c->stage = CALL_SLEEPING;
	wire_put_u8(machine_out(m), WIRE_POWER_SUSPEND);
	machine_send(m, mark);
}

static void woken(void *arg, const struct json *reply, const char *error)
{
	struct call *c = arg;
	cleanup_free char *why = error ? xasprintf("QEMU does not wake it: %s", error) : NULL;

	(void)reply;
	if (error)
		call_answer(c, WIRE_FAILED, why);
}

static void order_wakeup(struct call *c)
{
	struct machine *m = c->life->machine;
	cleanup_free char *why = m->asleep ? NULL : xasprintf("'%s' is not asleep", m->spec->name);

	if (why) {
		call_answer(c, WIRE_REFUSED, why);
		return;
	}
	c->stage = CALL_WAKING;
	qmp_send(&m->qmp, "system_wakeup", NULL, woken, c);
}

void order_await_agent(struct call *c)
{
	machine_send(c->life->machine, call_ask(c, WIRE_PING));
}

static void order_await_off(struct call *c)
{
	c->stage = CALL_STOPPING;
}

/* ---- QEMU ---- */

static void controlled(void *arg, const struct json *reply, const char *error)
{
	struct call *c = arg;
	cleanup_free char *why = error ? xasprintf("QEMU refuses it: %s", error) : NULL;

	(void)reply;
	c->life->machine->paused = (c->kind == WIRE_CALL_PAUSE) == !error;
	call_answer(c, why ? WIRE_FAILED : WIRE_OK, why ? why : "");
}

static void order_pause(struct call *c)
{
	c->stage = CALL_CONTROL;
	qmp_send(&c->life->machine->qmp, "stop", NULL, controlled, c);
}

static void order_resume(struct call *c)
{
	c->stage = CALL_CONTROL;
	qmp_send(&c->life->machine->qmp, "cont", NULL, controlled, c);
}

static void order_tell_up(struct call *c)
{
	const struct machine *m = c->life->machine;

	call_result(c, WIRE_OK, m->state == MACHINE_UP && !m->asleep, 0, 0, "");
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
#define CALL(kind, whom, off, who, at_once, when_up) \
	[WIRE_CALL_##kind] = {ORDER_##whom, ORDER_##off, ORDER_##who, at_once, when_up},
#include "world/calls.def"
#undef CALL
};
static_assert(ARRAY_SIZE(orders) == WIRE_CALL_KINDS, "a row for every call");

const struct order *order_find(unsigned kind)
{
	return kind < ARRAY_SIZE(orders) && (orders[kind].at_once || orders[kind].when_up) ? &orders[kind] : NULL;
}
