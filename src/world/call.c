/* call.c - one call of a script, from WIRE_CALL to WIRE_RESULT */
#include "world/call.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "world/copies.h"
#include "world/forwards.h"
#include "world/jobs.h"
#include "world/orders.h"
#include "world/screens.h"
#include "world/watching.h"

#define REASON_MAX 65536 /* bytes of a RESULT's reason; a guest has a say in it */

static_assert(WIRE_REASON_MAX < REASON_MAX, "an agent's reason is passed on whole, with what is put in front of it");
static_assert(REASON_MAX + 64 <= WIRE_PAYLOAD_MAX, "a RESULT fits into a frame");

void call_drop(struct call *c)
{
	loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER);
	jobs_forget_call(c);
	if (c->kind == WIRE_CALL_SAVE)
		forwards_let_go(c->owner->forwards);
	copies_end(c);
	loop_timer(c->owner->loop, &c->again, CLOCK_NEVER);
	screens_drop(c);
	if (c->life) { /* nobody there knows of it any more */
		machine_forget(c->life->machine, c->request);
		qmp_forget(&c->life->machine->qmp, c);
		life_forget_save(c->life, c);
		console_unhear(&c->life->machine->console, &c->ear);
	}
	free(c->first);
	free(c->second);
	free(c->words);
	free(c->place);
	free(c->expired);
	if (c->regex)
		regfree(c->regex);
	free(c->regex);
	free(c);
}

void call_abandon(struct call *c)
{
	struct machine *m = c->life ? c->life->machine : NULL;

	if (m && c->request && (c->stage == CALL_ASKED || c->stage == CALL_CANCELLED)) {
		size_t mark;

		machine_cancel(m, c->request, 0);
		if (c->kind == WIRE_CALL_SHELL) { /* nobody takes its last output */
			mark = wire_begin(machine_out(m), WIRE_TAKEN, c->request);
			wire_put_u32(machine_out(m), UINT32_MAX);
			machine_send(m, mark);
		}
	}
	call_drop(c);
}

/* ---- answers ---- */

bool call_output(struct call *c, enum wire_stream stream, const char *bytes, size_t n)
{
	struct link *l = c->owner->script;
	size_t *got = &c->got[stream == WIRE_STDERR];

	*got += n;
	if (*got > WIRE_CALL_OUTPUT_MAX && !call_is_visit(c->kind)) /* which has a window instead */
		return false;
	while (n > 0) {
		size_t piece = n < WIRE_CHUNK ? n : WIRE_CHUNK;
		size_t mark = wire_begin(&l->stream.out, WIRE_OUTPUT, c->id);

		wire_put_u8(&l->stream.out, (uint8_t)stream);
		wire_put_bytes(&l->stream.out, bytes, piece);
		wire_end(&l->stream.out, mark);
		bytes += piece;
		n -= piece;
	}
	link_flush(l);
	return true;
}

void call_acknowledge(struct call *c, size_t n)
{
	struct link *l = c->owner->script;
	size_t mark = wire_begin(&l->stream.out, WIRE_TAKEN, c->id);

	wire_put_u32(&l->stream.out, (uint32_t)n);
	wire_end(&l->stream.out, mark);
	link_flush(l);
}

void call_result(struct call *c, enum wire_outcome outcome, uint32_t status, uint32_t signal, uint64_t wall,
		 const char *reason)
{
	const struct call_owner *o = c->owner;
	struct buf *out = &o->script->stream.out;
	size_t mark = wire_begin(out, WIRE_RESULT, c->id);

	wire_put_u8(out, (uint8_t)outcome);
	wire_put_u32(out, status);
	wire_put_u32(out, signal);
	wire_put_u64(out, wall);
	wire_put_bytes(out, reason, strnlen(reason, REASON_MAX));
	wire_end(out, mark);
	link_flush(o->script);
	c->outcome = outcome;
	c->status = status;
	c->signal = signal;
	c->reason = reason;
	o->done(o->arg, c);
	call_drop(c);
}

void call_answer(struct call *c, enum wire_outcome outcome, const char *reason)
{
	call_result(c, outcome, 0, 0, clock_now() - c->begun, reason);
}

void call_lost(struct call *c, const struct machine *m)
{
	call_answer(c, WIRE_LOST, m->gone);
}

/* The call may not go on, and @saw is what is known; "" for nothing. */
static void answer_late(struct call *c, const char *saw)
{
	cleanup_free char *reason = xasprintf("%s%s%s", c->expired, *saw ? ": " : "", saw);

	call_answer(c, c->late, reason);
}

/* ---- the agent's answer ---- */

static void too_much(struct call *c)
{
	machine_cancel(c->life->machine, c->request, 0);
	call_answer(c, WIRE_FAILED, "wrote more than 32 MiB to one stream; redirect it to a file in the guest");
}

static void take_output(struct call *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	uint8_t stream = wire_get_u8(&r);
	size_t n;
	const char *bytes = wire_get_bytes(&r, &n);

	if (!call_output(c, stream, bytes, n))
		too_much(c);
}

static void take_exit(struct call *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	uint32_t status = wire_get_u32(&r), signal = wire_get_u32(&r);
	uint64_t wall = wire_get_u64(&r);

	call_result(c, c->expired ? c->late : WIRE_OK, status, signal, wall, c->expired ? c->expired : "");
}

static void take_done(struct call *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	size_t n;
	const char *bytes = wire_get_bytes(&r, &n);

	if (c->kind == WIRE_CALL_TTY && !watching_takes_tty(c, bytes, n))
		return;
	if (c->kind == WIRE_CALL_SAVE)
		order_save_now(c);
	else if (call_output(c, WIRE_STDOUT, bytes, n))
		call_answer(c, WIRE_OK, "");
	else
		too_much(c);
}

static void copy_frame(struct buf *out, uint32_t id, const struct frame *f)
{
	size_t mark = wire_begin(out, f->type, id);

	buf_add(out, f->payload, f->len);
	wire_end(out, mark);
}

static void agent_answer(void *arg, const struct frame *f)
{
	struct call *c = arg;

	if (c->copy && copies_answer(c, f))
		return;
	if (f->type == WIRE_TAKEN) {
		copy_frame(&c->owner->script->stream.out, c->id, f);
		link_flush(c->owner->script);
		return;
	}
	if (f->type == WIRE_OUTPUT) {
		take_output(c, f);
	} else if (f->type == WIRE_EXIT) {
		take_exit(c, f);
	} else if (f->type == WIRE_DONE) {
		take_done(c, f);
	} else {
		cleanup_free char *reason = machine_failure(f);

		if (c->expired)
			answer_late(c, reason);
		else
			call_answer(c, WIRE_FAILED, reason);
	}
}

size_t call_ask(struct call *c, enum wire_type type)
{
	c->stage = CALL_ASKED;
	return machine_request(c->life->machine, type, agent_answer, c, &c->request);
}

/* To the serial console. */
static void relay_to_console(struct call *c, struct console *to, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	const char *bytes;
	size_t n;

	if (f->type == WIRE_TAKEN) {
		n = wire_get_u32(&r);
		c->on_way -= n < c->on_way ? n : c->on_way;
	} else if (f->type == WIRE_INPUT) {
		bytes = wire_get_bytes(&r, &n);
		if (r.bad || n == 0) {
			call_answer(c, WIRE_OK, "");
			return;
		}
		(void)console_send(to, bytes, n, CONSOLE_TYPED_MAX);
		call_acknowledge(c, n);
	}
}

void call_relay(struct call *c, const struct frame *f)
{
	struct machine *m = c->life ? c->life->machine : NULL;
	size_t mark;

	if (m && f->id == c->id && c->kind == WIRE_CALL_CONSOLE && c->stage == CALL_VISITED) {
		relay_to_console(c, &m->console, f);
		return;
	}
	if (f->id != c->id || c->kind != WIRE_CALL_SHELL || c->stage != CALL_ASKED)
		return;
	mark = wire_begin(machine_out(m), f->type, c->request);
	buf_add(machine_out(m), f->payload, f->len);
	machine_send(m, mark);
}

/* ---- deadlines ---- */

/* Return: what a call that waits was waiting for, which the caller frees. */
static char *waiting_for(const struct call *c)
{
	const struct machine *m = c->life ? c->life->machine : NULL;

	if (!m)
		return xstrdup("not every machine was up");
	if (c->stage == CALL_CANCELLED)
		return xasprintf("the agent of '%s' does not answer any more", m->spec->name);
	if (c->stage == CALL_JOB)
		return xstrdup(c->kind == WIRE_CALL_JOB_WAIT ? "the job was still running" : "the job had not read all of it");
	if (c->stage == CALL_VISITED)
		return xstrdup("");
	if (c->stage == CALL_CONTROL)
		return xasprintf("QEMU of '%s' had not answered", m->spec->name);
	if (c->stage == CALL_SAVING)
		return xasprintf("'%s' was still being saved", m->spec->name);
	if (c->stage == CALL_SLEEPING)
		return xasprintf("'%s' was still awake", m->spec->name);
	if (c->stage == CALL_WAKING)
		return xasprintf("'%s' was still asleep", m->spec->name);
	if (c->stage == CALL_TYPING)
		return xasprintf("%zu of %zu characters were typed", c->typed, strlen(c->first));
	if (c->stage == CALL_SCREEN)
		return screens_saw(c);
	if (c->stage == CALL_WATCHING)
		return watching_for(c);
	return xasprintf("'%s' was still %s", m->spec->name, machine_state_name(m->state));
}

/* QEMU may have stopped a machine that it was saving, so a machine that is not saved in time is lost. */
static void give_up(struct call *c)
{
	cleanup_free char *saw = waiting_for(c);
	struct life *saving = c->stage == CALL_SAVING ? c->life : NULL;

	answer_late(c, saw);
	if (saving)
		life_abandon_save(saving, xasprintf("'%s' could not be saved in time", saving->machine->spec->name));
}

static void expire(struct call *c, enum wire_outcome late, char *reason)
{
	free(c->expired);
	c->expired = reason;
	c->late = late;
	if (c->stage == CALL_ASKED) { /* the agent is asked to give up and say what it saw */
		c->stage = CALL_CANCELLED;
		machine_cancel(c->life->machine, c->request, (uint32_t)(c->owner->grace / NS_PER_MS * 4 / 5));
		loop_timer(c->owner->loop, &c->deadline, clock_now() + c->owner->grace);
	} else if (c->stage != CALL_CANCELLED) {
		give_up(c);
	}
}

static void deadline_passed(void *arg)
{
	struct call *c = arg;

	if (c->stage == CALL_CANCELLED)
		give_up(c);
	else
		expire(c, WIRE_TIMED_OUT, xasprintf("timed out after %.1f s", (double)(clock_now() - c->begun) / 1e9));
}

void call_expire(struct call *c, const char *reason)
{
	expire(c, WIRE_OVERTIME, xstrdup(reason));
}

/* ---- machines ---- */

/* The machine is off, by its own doing or the test's, and no call but start() can do anything about it. */
static void answer_off(struct call *c, enum wire_outcome outcome)
{
	const struct machine *m = c->life->machine;
	cleanup_free char *done = xasprintf("'%s' was shut down or crashed by this test", m->spec->name);
	cleanup_free char *why =
		xasprintf("%s; %s.start() boots it afresh", m->off_why ? m->off_why : done, m->spec->name);

	call_answer(c, outcome, why);
}

static void restored(struct call *c, struct machine *m)
{
	if (c->owner->jobs)
		jobs_restored(c->owner->jobs, m);
	call_answer(c, WIRE_OK, "");
}

/* Return: whether it is asked of the guest again and again anyway, whichever boot answers. */
static bool is_repeated(const struct call *c)
{
	return c->stage == CALL_ASKED && c->kind == WIRE_CALL_WAIT && (c->number & 0xFF) != WIRE_WAIT_SLEEP;
}

/* The machine has gone down and is about to be started again: what waits for something goes on, a command is lost. */
static void rebooted(struct call *c, const struct machine *m)
{
	cleanup_free char *why = NULL;

	if (c->stage == CALL_STOPPING && c->kind == WIRE_CALL_REBOOT) {
		c->stage = CALL_REBOOTING;
		loop_timer(c->owner->loop, &c->deadline, c->until);
	} else if (is_repeated(c)) {
		c->stage = CALL_STARTING;
		c->request = 0;
	} else if (c->stage != CALL_STOPPING && c->stage != CALL_WATCHING) {
		why = xasprintf("%s, and what ran in it has ended", m->off_why);
		call_answer(c, WIRE_LOST, why);
	}
}

/* Return: whether the machine's answer is awaited, and not that it comes up or goes down, nor what it says by itself. */
static bool awaits_machine(const struct call *c)
{
	return c->stage == CALL_ASKED || c->stage == CALL_CANCELLED || c->stage == CALL_SLEEPING || c->stage == CALL_WAKING ||
	       c->stage == CALL_SAVING || c->stage == CALL_CONTROL || c->stage == CALL_TYPING || c->stage == CALL_SCREEN;
}

/* The machine is up, but as it was at a checkpoint: somebody else has restored it, and nobody there knows of the call. */
static void overtaken(struct call *c, const struct machine *m)
{
	cleanup_free char *why = xasprintf("'%s' was restored, and what ran in it has ended", m->spec->name);

	if (is_repeated(c))
		order_find(c->kind)->when_up(c);
	else
		call_answer(c, WIRE_LOST, why);
}

void call_machine_changed(struct call *c, struct machine *m)
{
	if (!c->life)
		order_check_all(c);
	else if (c->life->machine != m)
		return;
	else if (m->state == MACHINE_GONE)
		call_lost(c, m);
	else if (m->state == MACHINE_OFF && m->rebooted)
		rebooted(c, m);
	else if (m->state == MACHINE_UP && c->stage == CALL_REBOOTING)
		call_answer(c, WIRE_OK, "");
	else if (m->state == MACHINE_UP && c->stage == CALL_STARTING)
		order_find(c->kind)->when_up(c);
	else if (m->state == MACHINE_UP && c->stage == CALL_RESTORING)
		restored(c, m);
	else if (m->state == MACHINE_UP && awaits_machine(c))
		overtaken(c, m);
	else if (m->state == MACHINE_OFF && c->stage == CALL_STOPPING && c->kind == WIRE_CALL_REBOOT)
		call_answer(c, WIRE_FAILED, m->off_why ? m->off_why : "it went off");
	else if (m->state == MACHINE_OFF && c->stage == CALL_STOPPING)
		call_answer(c, WIRE_OK, "");
	else if (m->state == MACHINE_OFF)
		answer_off(c, WIRE_LOST);
}

void call_machine_heard(struct call *c, struct machine *m)
{
	if (!c->life || c->life->machine != m)
		return;
	if (c->stage == CALL_WATCHING)
		watching_look(c);
	else if (c->stage == CALL_SLEEPING && m->asleep)
		call_answer(c, WIRE_OK, "");
	else if (c->stage == CALL_WAKING && !m->asleep)
		order_await_agent(c);
}

/* The machine is off, and the call wants it up. */
static void wake(struct call *c, enum order_off off)
{
	if (off == ORDER_DONE)
		call_answer(c, WIRE_OK, "");
	else if (off == ORDER_BOOTS || !c->life->machine->used)
		life_start(c->life); /* which tells this call, too */
	else
		answer_off(c, WIRE_REFUSED);
}

/* Nothing in it answers: a call would only find that out at its deadline. */
static void answer_paused(struct call *c)
{
	const char *name = c->life->machine->spec->name;
	cleanup_free char *why = xasprintf("'%s' is paused; %s.resume() lets it go on", name, name);

	call_answer(c, WIRE_REFUSED, why);
}

/* Nor does anything in one that sleeps. */
static void answer_asleep(struct call *c)
{
	const char *name = c->life->machine->spec->name;
	cleanup_free char *why = xasprintf("'%s' is asleep; %s.wakeup() wakes it", name, name);

	call_answer(c, WIRE_REFUSED, why);
}

void call_go(struct call *c)
{
	const struct order *order = order_find(c->kind);
	struct machine *m = c->life ? c->life->machine : NULL;

	if (order->at_once && order->at_once(c))
		return;
	assert(m); /* a call of all machines is over by now */
	if (m->state == MACHINE_GONE)
		call_lost(c, m);
	else if (m->state == MACHINE_UP && m->paused && order->who == ORDER_GUEST)
		answer_paused(c);
	else if (m->state == MACHINE_UP && m->asleep && order->who == ORDER_GUEST)
		answer_asleep(c);
	else if (m->state == MACHINE_UP)
		order->when_up(c);
	else if (m->state == MACHINE_OFF)
		wake(c, order->off);
}

/* ---- the beginning ---- */

static struct call *parse(const struct call_owner *o, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	struct call *c = xcalloc(1, sizeof(*c));
	uint32_t machine = wire_get_u32(&r);
	const struct order *order;
	const char *second;

	*c = (struct call){.owner = o, .id = f->id, .begun = clock_now()};
	c->deadline = (struct timer){.expired = deadline_passed, .arg = c};
	c->kind = wire_get_u8(&r);
	c->until = wire_get_u64(&r);
	c->first = wire_get_str(&r);
	second = wire_get_bytes(&r, &c->second_len);
	c->second = xmalloc(c->second_len + 1);
	if (c->second_len)
		memcpy(c->second, second, c->second_len);
	c->second[c->second_len] = '\0';
	c->number = wire_get_u32(&r);
	c->words = wire_get_str(&r);
	c->place = wire_get_str(&r);
	order = order_find(c->kind);
	if (order && order->whom == ORDER_ONE && machine < o->nlives)
		c->life = &o->lives[machine];
	if (order && order->whom == ORDER_NET && machine < o->world->nnets)
		c->net = o->switches[machine];
	if (!r.bad && order && (order->whom == ORDER_ALL || c->life || c->net))
		return c;
	call_drop(c);
	return NULL;
}

struct call *call_begin(const struct call_owner *o, const struct frame *f, uint64_t latest)
{
	struct call *c = parse(o, f);

	if (!c)
		return NULL;
	if (c->until == CLOCK_NEVER)
		c->until = c->begun + (uint64_t)(o->world->call_timeout * 1e9);
	if (c->until > latest)
		c->until = latest;
	loop_timer(o->loop, &c->deadline, c->until);
	return c;
}
