/* call.c - one call of a script, from WIRE_CALL to WIRE_RESULT
 *
 * A call that names a machine which is off boots it and waits; then it becomes
 * one request to the agent (or an order to the machine), and the last frame of
 * the answer becomes the RESULT. When the deadline passes first, the request
 * is cancelled, so that the agent can say what it saw last; an agent that does
 * not answer even that is given CALL_GRACE_S.
 */
#include "world/call.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "state/checkpoint.h"

#define REASON_MAX 65536 /* bytes of a RESULT's reason; a guest has a say in it */

struct call {
	const struct call_owner *owner;
	uint32_t id;
	enum wire_call kind;
	struct machine *machine; /* NULL: all of them (START_ALL) */
	char *first;
	char *second;
	size_t second_len;
	uint32_t number;
	uint32_t request; /* at the agent; 0: not sent yet */
	bool restoring;	  /* waits for the machine to be up again */
	bool stopping;	  /* waits for the machine to be off */
	char *expired;	  /* the deadline has passed: why */
	struct timer deadline;
	uint64_t begun, until; /* CLOCK_MONOTONIC, ns */
	size_t got[2]; /* bytes of each output stream that were passed on */
};

void call_drop(struct call *c)
{
	loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER);
	if (c->kind == WIRE_CALL_SAVE && c->machine)
		checkpoint_abandon(c->machine);
	free(c->first);
	free(c->second);
	free(c->expired);
	free(c);
}

/* ---- answers ---- */

/* Pass output on to the script. Return: false when it is more than a script is given. */
static bool pass_on(struct call *c, enum wire_stream stream, const char *bytes, size_t n)
{
	struct link *l = c->owner->script;
	size_t *got = &c->got[stream == WIRE_STDERR];
	size_t mark;

	*got += n;
	if (*got > WIRE_CALL_OUTPUT_MAX)
		return false;
	mark = wire_begin(&l->out, WIRE_OUTPUT, c->id);
	wire_put_u8(&l->out, (uint8_t)stream);
	wire_put_bytes(&l->out, bytes, n);
	wire_end(&l->out, mark);
	link_flush(l);
	return true;
}

static void finish(struct call *c, enum wire_outcome outcome, uint32_t status, uint32_t signal, uint64_t wall,
		   const char *reason)
{
	const struct call_owner *o = c->owner;
	struct buf *out = &o->script->out;
	size_t mark;

	if (c->machine && c->request)
		machine_forget(c->machine, c->request);
	mark = wire_begin(out, WIRE_RESULT, c->id);
	wire_put_u8(out, (uint8_t)outcome);
	wire_put_u32(out, status);
	wire_put_u32(out, signal);
	wire_put_u64(out, wall);
	wire_put_bytes(out, reason, strnlen(reason, REASON_MAX));
	wire_end(out, mark);
	link_flush(o->script);
	o->done(o->arg, c);
	call_drop(c);
}

static void answer(struct call *c, enum wire_outcome outcome, const char *reason)
{
	finish(c, outcome, 0, 0, clock_now() - c->begun, reason);
}

/* The deadline passed and @saw is what is known; "" for nothing. */
static void fail_late(struct call *c, const char *saw)
{
	cleanup_free char *reason = xasprintf("%s%s%s", c->expired, *saw ? ": " : "", saw);

	answer(c, WIRE_TIMED_OUT, reason);
}

/* ---- the agent's answer ---- */

static void too_much(struct call *c)
{
	machine_cancel(c->machine, c->request);
	answer(c, WIRE_FAILED, "wrote more than 32 MiB to one stream; redirect it to a file in the guest");
}

static void take_output(struct call *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	uint8_t stream = wire_get_u8(&r);
	size_t n;
	const char *bytes = wire_get_bytes(&r, &n);

	if (r.bad || n > WIRE_CHUNK || (stream != WIRE_STDOUT && stream != WIRE_STDERR)) {
		machine_refuse(c->machine, "malformed output");
		return;
	}
	if (!pass_on(c, stream, bytes, n))
		too_much(c);
}

static void take_exit(struct call *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	uint32_t status = wire_get_u32(&r), signal = wire_get_u32(&r);
	uint64_t wall = wire_get_u64(&r);

	if (r.bad) {
		machine_refuse(c->machine, "malformed exit");
		return;
	}
	log_verbose("%s: [%s] exit status %u signal %u, %.3f s", c->machine->spec->name, c->first, status, signal,
		    (double)wall / 1e9);
	if (c->expired)
		finish(c, WIRE_TIMED_OUT, status, signal, wall, c->expired);
	else
		finish(c, WIRE_OK, status, signal, wall, "");
}

static void take_done(struct call *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	size_t n;
	const char *bytes = wire_get_bytes(&r, &n);

	if (r.bad)
		machine_refuse(c->machine, "malformed answer");
	else if (n && !pass_on(c, WIRE_STDOUT, bytes, n))
		too_much(c);
	else
		answer(c, WIRE_OK, "");
}

static void agent_answer(void *arg, const struct frame *f)
{
	struct call *c = arg;
	struct wire_reader r = wire_read(f);

	if (f->type == WIRE_OUTPUT) {
		take_output(c, f);
		return;
	}
	c->request = 0; /* it is over: nothing to forget */
	if (f->type == WIRE_EXIT) {
		take_exit(c, f);
	} else if (f->type == WIRE_DONE) {
		take_done(c, f);
	} else {
		cleanup_free char *raw = wire_get_str(&r);
		cleanup_buf struct buf reason = {0};

		text_clean(&reason, raw, strlen(raw));
		if (c->expired)
			fail_late(c, buf_str(&reason));
		else
			answer(c, WIRE_FAILED, buf_str(&reason));
	}
}

/* ---- requests ---- */

static size_t begin_request(struct call *c, enum wire_type type)
{
	c->request = machine_request(c->machine, agent_answer, c);
	return wire_begin(&c->machine->agent.out, (uint16_t)type, c->request);
}

static void send_exec(struct call *c)
{
	struct buf *out = &c->machine->agent.out;
	size_t mark = begin_request(c, WIRE_EXEC);

	wire_put_str(out, c->first);
	wire_end(out, mark);
}

static void send_wait(struct call *c)
{
	struct buf *out = &c->machine->agent.out;
	size_t mark = begin_request(c, WIRE_WAIT);

	wire_put_u8(out, (uint8_t)(c->number & 0xFF));
	wire_put_str(out, c->first);
	wire_put_str(out, c->second);
	wire_put_u32(out, c->number >> 8);
	wire_end(out, mark);
}

static void send_read(struct call *c)
{
	size_t mark = begin_request(c, WIRE_READ_FILE);

	wire_put_str(&c->machine->agent.out, c->first);
	wire_end(&c->machine->agent.out, mark);
}

static void send_write(struct call *c)
{
	struct buf *out = &c->machine->agent.out;
	size_t mark = begin_request(c, WIRE_WRITE_FILE);

	wire_put_str(out, c->first);
	wire_put_u32(out, c->number);
	wire_end(out, mark);
	for (size_t at = 0; at < c->second_len; at += WIRE_CHUNK) {
		size_t n = c->second_len - at < WIRE_CHUNK ? c->second_len - at : WIRE_CHUNK;

		mark = wire_begin(out, WIRE_DATA, c->request);
		wire_put_bytes(out, c->second + at, n);
		wire_end(out, mark);
	}
	wire_end(out, wire_begin(out, WIRE_END, c->request));
}

static void saved(void *arg, const char *error)
{
	struct call *c = arg;
	cleanup_free char *why = error ? xasprintf("the machine cannot be saved: %s", error) : NULL;

	if (why)
		answer(c, WIRE_FAILED, why);
	else
		answer(c, WIRE_OK, "");
}

/* The machine's becoming UP again ends the call. */
static void restore(struct call *c)
{
	cleanup_free char *why = NULL;

	if (c->restoring) {
		answer(c, WIRE_OK, "");
		return;
	}
	c->restoring = true;
	if (checkpoint_restore(c->machine, c->first))
		return;
	why = xasprintf("nothing was saved as '%s' in this test", c->first);
	answer(c, WIRE_REFUSED, why);
}

/* The machine is UP: do what the call is about. */
static void dispatch(struct call *c)
{
	log_verbose("%s: %s", c->machine->spec->name, c->first);
	switch (c->kind) {
	case WIRE_CALL_START:
		answer(c, WIRE_OK, "");
		return;
	case WIRE_CALL_EXEC:
		send_exec(c);
		break;
	case WIRE_CALL_WAIT:
		send_wait(c);
		break;
	case WIRE_CALL_READ_FILE:
		send_read(c);
		break;
	case WIRE_CALL_WRITE_FILE:
		send_write(c);
		break;
	case WIRE_CALL_SHUTDOWN:
		c->stopping = true;
		loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER);
		machine_shutdown(c->machine, c->until);
		return;
	case WIRE_CALL_IS_UP:
		finish(c, WIRE_OK, 1, 0, 0, "");
		return;
	case WIRE_CALL_SAVE:
		loop_timer(c->owner->loop, &c->deadline, CLOCK_NEVER); /* QEMU's work, not the guest's */
		checkpoint_save(c->machine, c->first, saved, c);
		return;
	case WIRE_CALL_RESTORE:
		restore(c);
		return;
	case WIRE_CALL_CRASH:
	case WIRE_CALL_START_ALL:
		assert(!"handled before a machine is up");
	}
	link_flush(&c->machine->agent);
}

/* ---- machines ---- */

static bool concerns(const struct call *c, const struct machine *m)
{
	return !c->machine || c->machine == m;
}

static void fail_lost(struct call *c, const struct machine *m)
{
	answer(c, WIRE_LOST, m->gone);
}

/* START_ALL ends well when every machine is up, and badly with the first that is not to be. */
static void check_all(struct call *c)
{
	const struct call_owner *o = c->owner;
	size_t up = 0;

	for (size_t i = 0; i < o->nmachines; i++) {
		if (o->machines[i].state == MACHINE_GONE) {
			fail_lost(c, &o->machines[i]);
			return;
		}
		up += o->machines[i].state == MACHINE_UP;
	}
	if (up == o->nmachines)
		answer(c, WIRE_OK, "");
}

void call_machine_changed(struct call *c, struct machine *m)
{
	if (!concerns(c, m))
		return;
	if (!c->machine)
		check_all(c);
	else if (m->state == MACHINE_GONE)
		fail_lost(c, m);
	else if (m->state == MACHINE_UP && !c->request)
		dispatch(c);
	else if (m->state == MACHINE_OFF && c->stopping)
		answer(c, WIRE_OK, "");
	else if (m->state == MACHINE_OFF)
		answer(c, WIRE_LOST, "the machine was shut down");
}

/* ---- deadlines ---- */

static void deadline_passed(void *arg)
{
	struct call *c = arg;
	cleanup_free char *saw = NULL;

	if (c->request && !c->expired) {
		c->expired = xasprintf("timed out after %.1f s", (double)(clock_now() - c->begun) / 1e9);
		machine_cancel(c->machine, c->request);
		loop_timer(c->owner->loop, &c->deadline, clock_now() + c->owner->grace);
		return;
	}
	if (!c->expired) {
		c->expired = xasprintf("timed out after %.1f s", (double)(clock_now() - c->begun) / 1e9);
		saw = c->machine ? xasprintf("'%s' was still %s", c->machine->spec->name,
					     machine_state_name(c->machine->state))
				 : xstrdup("not every machine was up");
	} else {
		saw = xasprintf("and the agent of '%s' does not answer any more", c->machine->spec->name);
	}
	fail_late(c, saw);
}

void call_expire(struct call *c, const char *reason)
{
	if (c->expired)
		return;
	if (!c->request) {
		c->expired = xstrdup(reason);
		fail_late(c, "");
		return;
	}
	c->expired = xstrdup(reason);
	machine_cancel(c->machine, c->request);
	loop_timer(c->owner->loop, &c->deadline, clock_now() + c->owner->grace);
}

/* ---- the beginning ---- */

static struct call *parse(const struct call_owner *o, const struct frame *f, bool *bad)
{
	struct wire_reader r = wire_read(f);
	struct call *c = xcalloc(1, sizeof(*c));
	uint32_t machine = wire_get_u32(&r);
	const char *second;

	*c = (struct call){.owner = o, .id = f->id, .begun = clock_now()};
	c->deadline = (struct timer){.expired = deadline_passed, .arg = c};
	c->kind = wire_get_u8(&r);
	c->until = wire_get_u64(&r);
	c->first = wire_get_str(&r);
	second = wire_get_bytes(&r, &c->second_len);
	c->second = xmalloc(c->second_len + 1);
	memcpy(c->second, second, c->second_len);
	c->second[c->second_len] = '\0';
	c->number = wire_get_u32(&r);
	if (c->kind != WIRE_CALL_START_ALL && machine < o->nmachines)
		c->machine = &o->machines[machine];
	*bad = r.bad || c->kind < WIRE_CALL_START || c->kind > WIRE_CALL_RESTORE ||
	       (c->kind != WIRE_CALL_START_ALL && !c->machine);
	return c;
}

/* Boot what is off. A boot that fails at once ends the call, so only @o is used then. */
static void start_all(struct call *c)
{
	const struct call_owner *o = c->owner;
	bool started = false;

	for (size_t i = 0; i < o->nmachines; i++) {
		if (o->machines[i].state == MACHINE_OFF) {
			started = true;
			machine_start(&o->machines[i]);
		}
	}
	if (!started)
		check_all(c);
}

/* The machine is off: boot it, or say why not. Return: false when the call is answered. */
static bool wake(struct call *c)
{
	struct machine *m = c->machine;

	if (c->kind == WIRE_CALL_SHUTDOWN || c->kind == WIRE_CALL_CRASH) {
		answer(c, WIRE_OK, "");
		return false;
	}
	if (m->used && c->kind != WIRE_CALL_START) {
		cleanup_free char *why = xasprintf(
			"'%s' was shut down or crashed by this test; %s.start() boots it afresh",
			m->spec->name, m->spec->name);

		answer(c, WIRE_REFUSED, why);
		return false;
	}
	return true;
}

/* Return: false when the call is answered, or will be by the machine's change. */
static void go(struct call *c)
{
	struct machine *m = c->machine;

	if (c->kind == WIRE_CALL_IS_UP && (!m->layer_used || m->state == MACHINE_OFF)) {
		finish(c, WIRE_OK, m->state == MACHINE_UP, 0, 0, "");
	} else if (c->kind == WIRE_CALL_CRASH && m->state != MACHINE_OFF && m->state != MACHINE_GONE) {
		c->stopping = true;
		machine_crash(m);
	} else if (m->state == MACHINE_GONE) {
		fail_lost(c, m);
	} else if (m->state == MACHINE_UP) {
		dispatch(c);
	} else if (m->state == MACHINE_OFF && wake(c)) {
		machine_start(m); /* which tells all calls, this one too */
	}
}

struct call *call_begin(const struct call_owner *o, const struct frame *f, uint64_t latest, bool *bad)
{
	struct call *c = parse(o, f, bad);

	if (*bad) {
		call_drop(c);
		return NULL;
	}
	if (c->until == CLOCK_NEVER)
		c->until = c->begun + (uint64_t)(o->world->call_timeout * 1e9);
	if (c->until > latest)
		c->until = latest;
	loop_timer(o->loop, &c->deadline, c->until);
	return c;
}

void call_go(struct call *c)
{
	if (c->machine) {
		go(c);
		return;
	}
	start_all(c);
}
