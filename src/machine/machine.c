/* machine.c - one virtual machine: QEMU's process, its console and its agent */
#include "machine/machine.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "machine/disks.h"
#include "machine/handshake.h"
#include "machine/late.h"
#include "machine/loss.h"
#include "machine/saving.h"
#include "machine/waking.h"
#include "machine/wiring.h"

#define PANIC_GRACE_S 1		   /* for QEMU to end, or the agent to answer, after a panic's text; scaled */
#define KILL_GRACE_S  10	   /* for a killed QEMU to be gone: a kernel may have much to free */
#define REASON_LINES  3		   /* of QEMU's stderr in a message */
#define REASON_BYTES  600
#define AGENT_OUT_MAX (8 << 20)	   /* bytes that wait for an agent: several times what a call may send */

static_assert(AGENT_OUT_MAX >= 4 * WIRE_PAYLOAD_MAX, "a call is one frame of the script's, and so is the file that it writes");

static const char *const state_names[] = {
	"off", "being prepared as a template", "being copied from its template", "booting", "being configured",
	"waiting for its init", "running its .provision", "up", "shutting down", "gone",
};
static_assert(ARRAY_SIZE(state_names) == MACHINE_STATES, "a name for every state");

const char *machine_state_name(enum machine_state s)
{
	return state_names[s];
}

bool machine_loss_is_infra(enum machine_loss loss)
{
	return loss != LOSS_NONE && loss != LOSS_GUEST;
}

static uint64_t seconds_from_now(double s)
{
	return clock_now() + (uint64_t)(s * (double)NS_PER_S);
}

/* ---- the end of a machine ---- */

/* QEMU has a process group of its own, so that a wrapper which did not exec it goes with it. */
static void kill_group(const struct machine *m)
{
	if (m->exit.fd >= 0)
		kill(-m->pid, SIGKILL);
}

/* QEMU's process, a wrapper that did not exec it, and its TPM are no more. @status: how the process has ended; may be NULL. */
static void end_qemu(struct machine *m, int *status)
{
	tpm_stop(&m->tpm); /* it has QEMU's stderr, too */
	if (m->exit.fd < 0)
		return;
	proc_end(m->pid, m->exit.fd, status);
	loop_close(m->loop, &m->exit);
}

/*
 * Let go of everything but the consoles' text. QEMU, and whatever else is in its
 * group, ends before the last words are read: there is an end to them then.
 */
static void release(struct machine *m)
{
	m->ends++;
	end_qemu(m, NULL);
	console_drain(&m->console);
	console_drain(&m->errors);
	loop_timer(m->loop, &m->deadline, CLOCK_NEVER);
	loop_timer(m->loop, &m->look, CLOCK_NEVER);
	console_stop(&m->console);
	console_stop(&m->errors);
	qmp_stop(&m->qmp);
	loop_close(m->loop, &m->freezer);
	link_stop(&m->agent);
	for (size_t i = 0; i < m->spec->nnets; i++) {
		if (m->ports[i] >= 0)
			switch_detach(m->switches[m->spec->nets[i]], m->ports[i]);
		m->ports[i] = -1;
	}
	login_end(m);
	disks_close(m);
	requests_clear(&m->requests);
	m->paused = m->asleep = false;
}

static void stop_as(struct machine *m, enum machine_state state)
{
	release(m);
	m->state = state;
	m->owner.stopped(m->owner.arg, m);
}

void machine_fail(struct machine *m, enum machine_loss loss, char *why)
{
	if (m->state == MACHINE_GONE) {
		free(why);
		return;
	}
	free(m->gone);
	m->gone = why;
	m->loss = loss;
	log_verbose("%s: %s", m->spec->name, why);
	stop_as(m, MACHINE_GONE);
}

void machine_refuse(struct machine *m, const char *what)
{
	machine_fail(m, LOSS_GUEST, xasprintf("the agent of '%s' broke the protocol: %s", m->spec->name, what));
}

/* Return: the end of QEMU's stderr, one line, or ""; the caller frees it. */
static char *stderr_tail(const struct machine *m)
{
	const char *text = buf_str(&m->errors.text);
	char *copy = xstrdup(text_tail(text, m->errors.text.len, REASON_LINES, REASON_BYTES));

	while (*copy && copy[strlen(copy) - 1] == '\n')
		copy[strlen(copy) - 1] = '\0';
	return copy;
}

/* Return: whether QEMU has exited because its guest rebooted, as it was asked or may do: it is to be started again. */
static bool is_reboot(const struct machine *m)
{
	if (m->console.panic || !m->shutdown_why || strcmp(m->shutdown_why, "guest-reset") != 0)
		return false;
	return m->asked_to_reboot ? m->state == MACHINE_STOPPING : m->state == MACHINE_UP && m->spec->may_reboot;
}

/* QEMU has exited in a state in which nobody has asked it to. */
static void exited(struct machine *m, int status)
{
	cleanup_free char *said = stderr_tail(m);
	enum machine_loss loss;
	bool before_up;
	char *why;

	if (m->state == MACHINE_UP && !m->console.panic && m->shutdown_why &&
	    strcmp(m->shutdown_why, "guest-shutdown") == 0) {
		m->off_why = xasprintf("'%s' powered itself off", m->spec->name);
		stop_as(m, MACHINE_OFF);
		return;
	}
	if (m->state == MACHINE_UP && m->steered && m->shutdown_why && text_starts(m->shutdown_why, "host-qmp-quit")) {
		m->off_why = xasprintf("QEMU of '%s' was told by the test to end", m->spec->name);
		stop_as(m, MACHINE_OFF);
		return;
	}
	before_up = m->state < MACHINE_UP && m->state != MACHINE_RESUMING && !m->ever_up;
	loss = loss_explain(
		&(struct loss_facts){
			.name = m->spec->name,
			.state = m->state,
			.panic = m->console.panic,
			.shutdown = m->shutdown_why,
			.refusal = m->refusal,
			.status = status,
			.said = said,
		},
		&why);
	machine_fail(m, loss, before_up && loss == LOSS_GUEST ? late_add_cause(m, why) : why);
}

/*
 * What QEMU and its guest said before the end may still be in our sockets, and
 * tells most of it. One of these last words may end the machine, whose owner may
 * have started it again by then.
 */
static void exit_ready(void *arg, uint32_t events)
{
	struct machine *m = arg;
	unsigned ends = m->ends;
	bool panicked;
	int status = 0;

	(void)events;
	end_qemu(m, &status);
	console_drain(&m->console);
	console_drain(&m->errors);
	stream_drain(&m->qmp.stream);
	link_drain(&m->agent);
	if (m->ends != ends)
		return;
	/* A panic resets the guest, and with -no-reboot that ends QEMU; an orderly end is a power-off. */
	panicked = m->console.panic && m->shutdown_why && strcmp(m->shutdown_why, "guest-reset") == 0;
	if (is_reboot(m)) {
		m->off_why = xasprintf("'%s' rebooted", m->spec->name);
		m->rebooted = true;
		stop_as(m, MACHINE_OFF);
		return;
	}
	if (m->state == MACHINE_STOPPING && m->asked_to_reboot && !panicked)
		m->off_why = xasprintf("'%s' powered itself off instead of rebooting", m->spec->name);
	if (m->state == MACHINE_STOPPING && !panicked)
		stop_as(m, MACHINE_OFF);
	else
		exited(m, status);
}

static void too_late(void *arg)
{
	late_end(arg);
}

/* ---- a panic, or a text about one ---- */

static void is_dead(void *arg)
{
	struct machine *m = arg;

	machine_fail(m, LOSS_GUEST, xasprintf("the kernel of '%s' panicked: %s", m->spec->name, m->console.panic));
}

static void is_alive(void *arg, const struct frame *f)
{
	struct machine *m = arg;

	(void)f;
	log_verbose("%s: its console spoke of a panic, but its agent lives", m->spec->name);
	loop_timer(m->loop, &m->look, CLOCK_NEVER);
	console_forget_panic(&m->console);
}

static void panicked(void *arg)
{
	struct machine *m = arg;

	if (m->exit.fd < 0 || m->state == MACHINE_STOPPING || m->look.active)
		return;
	loop_timer(m->loop, &m->look, seconds_from_now(PANIC_GRACE_S * m->world->accel->slow));
	if (m->heard) {
		uint32_t id;

		machine_send(m, machine_request(m, WIRE_PING, is_alive, m, &id));
	}
}

static void said(void *arg, const char *line)
{
	const struct machine *m = arg;

	if (m->owner.said)
		m->owner.said(m->owner.arg, m, line);
}

static void heard(void *arg)
{
	struct machine *m = arg;

	if (m->owner.heard)
		m->owner.heard(m->owner.arg, m);
}

/* ---- QMP ---- */

/* QEMU has stopped the machine, and would for as long as there is no room. */
static void disk_full(struct machine *m)
{
	machine_fail(m, LOSS_HOST, xasprintf("the host's disk is full that holds what '%s' writes\n"
					     "make room where the cache is ('vmtap doctor' names it), or set VMTAP_CACHE to a folder of another disk",
					     m->spec->name));
}

static void qmp_event(void *arg, const char *name, const struct json *message)
{
	struct machine *m = arg;
	const char *reason = json_text(message, "data.reason");
	const char *status = json_text(message, "data.status");
	const char *detail = reason ? reason : status;
	const struct json *nospace;

	log_debug("%s: QEMU says %s%s%s", m->spec->name, name, detail ? " " : "", detail ? detail : "");
	if (strcmp(name, "SHUTDOWN") == 0 && !m->shutdown_why)
		m->shutdown_why = xstrdup(reason ? reason : "unknown reason");
	/* A machine that was stopped when it was saved is loaded stopped. */
	if (strcmp(name, "MIGRATION") == 0 && m->state == MACHINE_RESUMING && status &&
	    strcmp(status, "completed") == 0)
		qmp_send(&m->qmp, "cont", NULL, NULL, NULL);
	if (strcmp(name, "RESUME") == 0 && m->state == MACHINE_RESUMING)
		handshake_configure(m);
	if (strcmp(name, "SUSPEND") == 0)
		m->asleep = true;
	if (strcmp(name, "WAKEUP") == 0) {
		m->asleep = false;
		waking_take_care(m);
	}
	nospace = json_get(message, "data.nospace");
	if (strcmp(name, "BLOCK_IO_ERROR") == 0 && nospace && nospace->kind == JSON_TRUE) {
		disk_full(m);
		return;
	}
	events_add(&m->events, message);
	heard(m);
}

static void qmp_greeted(void *arg, const char *version)
{
	struct machine *m = arg;

	snprintf(m->qemu_version, sizeof(m->qemu_version), "%s", version);
}

/* The exit handler takes it from there. */
void machine_state_refused(struct machine *m, const char *error)
{
	m->refusal = xstrdup(error);
	kill_group(m);
}

static void qmp_lost(void *arg, const char *why)
{
	struct machine *m = arg;

	/* QEMU closes the socket when it exits; the exit handler reports it with a better reason. */
	if (!text_starts(why, "closed"))
		machine_fail(m, LOSS_QEMU, xasprintf("QEMU of '%s' cannot be controlled any more: %s", m->spec->name, why));
}

/* ---- the agent ---- */

static void agent_frame(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	const char *fault = NULL;

	m->heard = true;
	login_end(m);
	if (f->type == WIRE_HELLO)
		handshake_hello(m, f);
	else
		fault = requests_take(&m->requests, f);
	if (fault)
		machine_refuse(m, fault);
}

static void agent_lost(void *arg, const char *why)
{
	struct machine *m = arg;

	/* As for QMP: the exit handler has a better reason. */
	if (!text_starts(why, "closed"))
		machine_refuse(m, why);
}

size_t machine_request(struct machine *m, enum wire_type type, request_frame_fn *answer, void *arg, uint32_t *id)
{
	*id = requests_open(&m->requests, type, answer, arg);
	return wire_begin(machine_out(m), (uint16_t)type, *id);
}

void machine_send(struct machine *m, size_t mark)
{
	wire_end(machine_out(m), mark);
	link_flush(&m->agent);
}

void machine_forget(struct machine *m, uint32_t id)
{
	requests_forget(&m->requests, id);
}

void machine_cancel(struct machine *m, uint32_t id, uint32_t last_words)
{
	size_t mark = wire_begin(machine_out(m), WIRE_CANCEL, id);

	wire_put_u32(machine_out(m), last_words);
	machine_send(m, mark);
}

char *machine_failure(const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	cleanup_free char *raw = wire_get_str(&r);
	cleanup_buf struct buf clean = {0};

	text_clean(&clean, raw, strlen(raw));
	return xstrdup(clean.len ? buf_str(&clean) : "the agent gave no reason");
}

/* ---- starting and stopping ---- */

static void version_told(void *arg, const struct json *reply, const char *error)
{
	(void)error;
	if (reply)
		qmp_take_version(&((struct machine *)arg)->qmp, reply);
}

void machine_origin_free(struct machine_origin *o)
{
	free(o->ram);
	free(o->state);
	free(o->changes);
	free(o->frozen);
	for (size_t i = 0; i < ARRAY_SIZE(o->bases); i++)
		free(o->bases[i]);
	for (size_t i = 0; i < ARRAY_SIZE(o->written); i++)
		free(o->written[i]);
	*o = (struct machine_origin){0};
}

/* What is known of a life that is over. */
static void forget_life(struct machine *m)
{
	free(m->gone);
	free(m->off_why);
	free(m->shutdown_why);
	free(m->refusal);
	m->gone = m->off_why = m->shutdown_why = m->refusal = NULL;
	m->loss = LOSS_NONE;
	m->heard = m->greeted = m->steered = m->paused = m->unready = m->asleep = m->asked_to_reboot = m->rebooted = false;
	events_clear(&m->events);
	console_forget_panic(&m->console);
}

void machine_be_up(struct machine *m)
{
	loop_timer(m->loop, &m->deadline, CLOCK_NEVER);
	m->state = MACHINE_UP;
	m->ever_up = true;
	m->owner.up(m->owner.arg, m);
}

void machine_expect(struct machine *m)
{
	assert(m->state == MACHINE_OFF);
	forget_life(m);
	m->used = true;
	m->state = MACHINE_EXPECTED;
}

void machine_start(struct machine *m, struct machine_origin o)
{
	struct err err = {0};

	assert(m->state == MACHINE_OFF || m->state == MACHINE_EXPECTED);
	forget_life(m);
	machine_origin_free(&m->origin);
	m->origin = o;
	m->used = true;
	m->state = machine_is_copy(m) ? MACHINE_RESUMING : MACHINE_BOOTING;
	if (wiring_connect(m, &err) < 0) {
		machine_fail(m, machine_is_copy(m) ? LOSS_STATE_UNREAD : LOSS_HOST,
			     xasprintf("cannot start '%s': %s", m->spec->name, err.text));
		return;
	}
	loop_timer(m->loop, &m->deadline, seconds_from_now(late_limit(m)));
	if (m->state == MACHINE_BOOTING && spec_boots_itself(m->spec))
		login_begin(m);
	if (o.state) {
		saving_leave_memory(&m->qmp, o.ram && !o.whole);
		saving_load(m);
	}
	if (o.frozen) {
		qmp_send(&m->qmp, "cont", NULL, NULL, NULL); /* in case it was stopped when it was frozen */
		qmp_send(&m->qmp, "query-version", NULL, version_told, m); /* which its greeting would have told */
	}
}

void machine_reset(struct machine *m)
{
	release(m);
	forget_life(m);
	m->state = MACHINE_OFF;
}

void machine_pause(struct machine *m)
{
	if (m->state != MACHINE_UP || m->paused)
		return;
	m->paused = true;
	qmp_send(&m->qmp, "stop", NULL, NULL, NULL);
}

void machine_resume(struct machine *m)
{
	if (!m->paused)
		return;
	m->paused = false;
	qmp_send(&m->qmp, "cont", NULL, NULL, NULL);
	handshake_tell_time(m);
}

static void poweroff_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;

	if (f->type == WIRE_FAIL) {
		cleanup_free char *why = machine_failure(f);

		machine_fail(m, LOSS_GUEST, xasprintf("'%s' could not be %s: %s", m->spec->name,
						      m->asked_to_reboot ? "rebooted" : "shut down", why));
	}
}

static void order_power(struct machine *m, enum wire_power how, uint64_t deadline)
{
	uint32_t id;
	size_t mark;

	assert(m->state == MACHINE_UP);
	m->state = MACHINE_STOPPING;
	loop_timer(m->loop, &m->deadline, deadline);
	mark = machine_request(m, WIRE_POWEROFF, poweroff_answer, m, &id);
	wire_put_u8(machine_out(m), (uint8_t)how);
	machine_send(m, mark);
}

void machine_shutdown(struct machine *m, uint64_t deadline)
{
	order_power(m, WIRE_POWER_OFF, deadline);
}

void machine_reboot(struct machine *m, uint64_t deadline)
{
	m->asked_to_reboot = true;
	order_power(m, WIRE_POWER_REBOOT, deadline);
}

void machine_crash(struct machine *m)
{
	if (m->state == MACHINE_OFF || m->state == MACHINE_GONE)
		return;
	if (m->state == MACHINE_EXPECTED) {
		stop_as(m, MACHINE_OFF);
		return;
	}
	m->state = MACHINE_STOPPING;
	loop_timer(m->loop, &m->look, CLOCK_NEVER);
	loop_timer(m->loop, &m->deadline, seconds_from_now(KILL_GRACE_S));
	kill_group(m);
}

void machine_init(struct machine *m, const struct spec *w, size_t index, struct loop *l,
		  struct net_switch **switches, const struct machine_owner *owner)
{
	*m = (struct machine){
		.world = w,
		.spec = &w->machines[index],
		.index = index,
		.loop = l,
		.switches = switches,
		.owner = *owner,
		.exit = {.fd = -1, .ready = exit_ready, .arg = m},
		.freezer = {.fd = -1},
		.tpm = {.pidfd = -1},
		.deadline = {.expired = too_late, .arg = m},
		.look = {.expired = is_dead, .arg = m},
		.qmp = {.event = qmp_event, .greeted = qmp_greeted, .lost = qmp_lost, .arg = m},
		.agent = {.stream.out_max = AGENT_OUT_MAX, .frame = agent_frame, .lost = agent_lost, .arg = m},
		.console = {.name = w->machines[index].name, .panicked = panicked, .said = said, .heard = heard, .arg = m},
		.errors = {.name = "qemu", .arg = m},
	};
	for (size_t i = 0; i < COMMAND_NICS_MAX; i++)
		m->ports[i] = -1;
	for (size_t i = 0; i < COMMAND_DISKS_MAX; i++)
		m->written[i] = -1;
	m->variables = -1;
}

void machine_free(struct machine *m)
{
	release(m);
	console_free(&m->console);
	console_free(&m->errors);
	machine_origin_free(&m->origin);
	forget_life(m);
}
