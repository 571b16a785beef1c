/* machine.c - one virtual machine: QEMU's process, its console and its agent */
#include "machine/machine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "wire/agent.h"
#include "state/checkpoint.h"
#include "machine/handshake.h"
#include "state/layer.h"
#include "state/ram.h"
#include "state/template.h"
#include "machine/wiring.h"

#define PANIC_GRACE_MS	 300  /* time for the rest of a panic's text to arrive */
#define REASON_LINES	 3    /* of QEMU's stderr in a message */
#define REASON_BYTES	 600

struct request {
	uint32_t id;
	request_frame_fn *answer;
	void *arg;
	struct request *next;
};

static const char *const state_names[] = {
	"off", "being prepared as a template", "being copied from its template", "booting", "being configured",
	"waiting for its init", "up", "shutting down", "gone",
};
static_assert(ARRAY_SIZE(state_names) == MACHINE_GONE + 1, "a name for every state");

const char *machine_state_name(enum machine_state s)
{
	return state_names[s];
}

static void resume_failed(struct machine *m, const char *why);

static uint64_t seconds_from_now(double s)
{
	return clock_now() + (uint64_t)(s * (double)NS_PER_S);
}

/* ---- the end of a machine ---- */

static void drop_requests(struct machine *m)
{
	while (m->requests) {
		struct request *r = m->requests;

		m->requests = r->next;
		free(r);
	}
}

/* Let go of everything but the consoles' text; QEMU is killed if it still runs. */
static void release(struct machine *m)
{
	loop_timer(m->loop, &m->deadline, CLOCK_NEVER);
	loop_unwatch(m->loop, &m->exit_watch);
	template_abandon(m->forge);
	m->forge = NULL;
	checkpoint_abandon(m);
	if (m->pidfd >= 0) {
		kill(m->pid, SIGKILL);
		waitpid(m->pid, NULL, 0);
	}
	fd_close(&m->pidfd);
	console_drain(&m->console);
	console_drain(&m->errors);
	console_stop(&m->console);
	console_stop(&m->errors);
	qmp_stop(&m->qmp);
	link_stop(&m->agent);
	for (size_t i = 0; i < m->spec->nnets; i++) {
		if (m->ports[i] >= 0)
			switch_detach(m->switches[m->spec->nets[i]], m->ports[i]);
		m->ports[i] = -1;
	}
	drop_requests(m);
}

static void stop_as(struct machine *m, enum machine_state state)
{
	release(m);
	m->state = state;
	m->owner->stopped(m->owner->arg, m);
}

void machine_fail(struct machine *m, bool infra, char *why)
{
	if (m->state == MACHINE_GONE) {
		free(why);
		return;
	}
	free(m->gone);
	m->gone = why;
	m->infra = infra;
	log_verbose("%s: %s", m->spec->name, why);
	stop_as(m, MACHINE_GONE);
}

void machine_refuse(struct machine *m, const char *what)
{
	machine_fail(m, false, xasprintf("the agent of '%s' broke the protocol: %s", m->spec->name, what));
}

/* Return: the end of QEMU's stderr, one line, or ""; the caller frees it. */
static char *stderr_tail(struct machine *m)
{
	char *copy;

	console_drain(&m->errors);
	copy = xstrdup(text_tail(buf_str(&m->errors.text), m->errors.text.len, REASON_LINES, REASON_BYTES));
	while (*copy && copy[strlen(copy) - 1] == '\n')
		copy[strlen(copy) - 1] = '\0';
	return copy;
}

/* QEMU has exited without being asked: find the most telling reason. */
static void exited(struct machine *m, int status)
{
	cleanup_free char *how = proc_status_text(status);
	cleanup_free char *said = NULL;
	const char *name = m->spec->name;

	console_drain(&m->console);
	said = stderr_tail(m);
	if (m->console.panic)
		machine_fail(m, false, xasprintf("the kernel of '%s' panicked: %s", name, m->console.panic));
	else if (m->shutdown_why && strcmp(m->shutdown_why, "guest-reset") == 0)
		machine_fail(m, false, xasprintf("'%s' rebooted while it was %s, and `.reboot_ok` is not set", name,
					    machine_state_name(m->state)));
	else if (m->shutdown_why)
		machine_fail(m, false, xasprintf("'%s' powered itself off while it was %s (%s)", name,
					    machine_state_name(m->state), m->shutdown_why));
	else if (m->state == MACHINE_RESUMING)
		resume_failed(m, *said ? said : how);
	else
		machine_fail(m, true, xasprintf("QEMU of '%s' died while the machine was %s: %s%s%s", name,
					   machine_state_name(m->state), how, *said ? ": " : "", said));
}

static void exit_ready(void *arg, uint32_t events)
{
	struct machine *m = arg;
	int status = 0;

	(void)events;
	waitpid(m->pid, &status, 0);
	fd_close(&m->pidfd);
	loop_unwatch(m->loop, &m->exit_watch);
	if (m->state == MACHINE_STOPPING)
		stop_as(m, MACHINE_OFF);
	else
		exited(m, status);
}

static void deadline_passed(void *arg)
{
	struct machine *m = arg;
	const char *name = m->spec->name;

	if (m->console.panic) {
		machine_fail(m, false, xasprintf("the kernel of '%s' panicked: %s", name, m->console.panic));
		return;
	}
	if (m->state == MACHINE_STOPPING) {
		machine_fail(m, false, xasprintf("'%s' did not power off in time", name));
		return;
	}
	machine_fail(m, m->state != MACHINE_SETTLING,
		xasprintf("'%s' did not boot within %.0f s (VMTAP_BOOT_TIMEOUT) under %s: it was still %s%s", name,
			  m->world->boot_timeout, accel_names[m->world->accel->kind],
			  machine_state_name(m->state),
			  m->state == MACHINE_BOOTING ? " and its agent had not said hello" : ""));
}

static void panicked(void *arg)
{
	struct machine *m = arg;

	/* QEMU normally ends by itself (panic=-1); this is for a kernel that only hangs. */
	if (m->state != MACHINE_OFF && m->state != MACHINE_GONE)
		loop_timer(m->loop, &m->deadline, clock_now() + PANIC_GRACE_MS * NS_PER_MS);
}

/* ---- QMP ---- */

static void qmp_event(void *arg, const char *name, const struct json *message)
{
	struct machine *m = arg;
	const char *reason = json_text(message, "data.reason");
	const char *status = json_text(message, "data.status");
	const char *detail = reason ? reason : status;

	log_verbose("%s: QEMU says %s%s%s", m->spec->name, name, detail ? " " : "", detail ? detail : "");
	if (strcmp(name, "SHUTDOWN") == 0 && !m->shutdown_why)
		m->shutdown_why = xstrdup(reason ? reason : "unknown reason");
	/* A machine that was stopped when it was saved is loaded stopped. */
	if (strcmp(name, "MIGRATION") == 0 && m->state == MACHINE_RESUMING && status &&
	    strcmp(status, "completed") == 0)
		qmp_send(&m->qmp, "cont", NULL, NULL, NULL);
	if (strcmp(name, "RESUME") == 0 && m->state == MACHINE_RESUMING)
		handshake_configure(m);
}

static void qmp_greeted(void *arg, const char *version)
{
	struct machine *m = arg;

	snprintf(m->qemu_version, sizeof(m->qemu_version), "%s", version);
}

/* QEMU refuses the stream, or only begins to read it: RESUME or its exit says how that went. */
static void incoming_answer(void *arg, const struct json *reply, const char *error)
{
	struct machine *m = arg;

	(void)reply;
	if (!error)
		return;
	log_verbose("%s: QEMU refuses the template: %s", m->spec->name, error);
	kill(m->pid, SIGKILL);
}

static void incoming_fd_answer(void *arg, const struct json *reply, const char *error)
{
	struct machine *m = arg;

	(void)reply;
	if (error) /* it may want the file by name (saving.c) */
		qmp_send(&m->qmp, "migrate-incoming", TEMPLATE_URI_FILE, incoming_answer, m);
}

static void qmp_lost(void *arg, const char *why)
{
	/* The exit of the process tells more, and comes right behind. */
	(void)arg;
	(void)why;
}

/* ---- requests to the agent ---- */

static void agent_frame(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct request **at = &m->requests;
	struct request *r;

	if (f->type == WIRE_HELLO) {
		handshake_hello(m, f);
		return;
	}
	while (*at && (*at)->id != f->id)
		at = &(*at)->next;
	r = *at;
	if (!r)
		return; /* the tail of a request that was forgotten */
	if (f->type == WIRE_OUTPUT) {
		r->answer(r->arg, f);
		return;
	}
	if (f->type != WIRE_DONE && f->type != WIRE_FAIL && f->type != WIRE_EXIT) {
		machine_refuse(m, "unknown message");
		return;
	}
	*at = r->next;
	r->answer(r->arg, f);
	free(r);
}

static void agent_lost(void *arg, const char *why)
{
	struct machine *m = arg;

	/* QEMU closes the socket when it exits, which is told better by its exit. */
	if (strcmp(why, "closed the connection") != 0)
		machine_refuse(m, why);
}

uint32_t machine_request(struct machine *m, request_frame_fn *answer, void *arg)
{
	struct request *r = xcalloc(1, sizeof(*r));

	*r = (struct request){.id = ++m->next_id, .answer = answer, .arg = arg, .next = m->requests};
	m->requests = r;
	return r->id;
}

void machine_forget(struct machine *m, uint32_t id)
{
	struct request **at = &m->requests;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	if (*at) {
		struct request *r = *at;

		*at = r->next;
		free(r);
	}
}

void machine_cancel(struct machine *m, uint32_t id)
{
	wire_end(&m->agent.out, wire_begin(&m->agent.out, WIRE_CANCEL, id));
	link_flush(&m->agent);
}

/* ---- templates ---- */

static void forget_memory(struct machine *m)
{
	free(m->memory.ram);
	free(m->memory.state);
	m->memory = (struct machine_memory){0};
}

/*
 * A saved machine in folder @dir: a private copy of its memory, resumed from
 * its state. In a world whose machines are to be saved, the copy is a file.
 * @generic: it has no identity of its own yet.
 */
static void resume_from(struct machine *m, const char *dir, bool generic)
{
	struct err err = {0};

	m->copied = generic;
	if (!m->world->save_to) {
		m->memory.ram = path_join(dir, TEMPLATE_RAM);
		m->memory.state = path_join(dir, TEMPLATE_STATE);
		machine_boot(m);
	} else if (machine_take_copy(m, dir, layer_path(m->world->save_to, m->spec->name, "ram"), &err) < 0) {
		machine_fail(m, true, xasprintf("cannot copy the memory of '%s': %s", m->spec->name, err.text));
	} else {
		machine_boot(m);
	}
}

int machine_take_copy(struct machine *m, const char *dir, char *ram, struct err *err)
{
	cleanup_free char *from = path_join(dir, TEMPLATE_RAM);

	m->memory = (struct machine_memory){.ram = ram, .state = path_join(dir, TEMPLATE_STATE), .shared = true};
	return ram_copy(from, ram, err);
}

/* What setup left of this machine. */
static void resume_layer(struct machine *m)
{
	m->memory.ram = layer_path(m->world->layer, m->spec->name, "ram");
	m->memory.state = layer_path(m->world->layer, m->spec->name, "state");
	machine_boot(m);
}

/* The child process that made the template has ended. */
static void forged(void *arg, struct forge_result *r)
{
	bool generic;
	struct machine *m = arg;
	cleanup_free char *dir = r->made ? template_find(m->world, m->index, &generic) : NULL;

	m->forge = NULL;
	if (r->lost) {
		console_feed(&m->console, r->console, strlen(r->console));
		machine_fail(m, r->infra, xstrdup(r->reason));
	} else if (dir) {
		resume_from(m, dir, generic);
	} else {
		m->no_template = xasprintf("no template, so this machine boots: %s",
					   r->made ? "it is gone from the cache" : r->reason);
		machine_boot(m);
	}
}

/* From a template if there is one or one can be made, else booted. */
static void start_any_way(struct machine *m)
{
	struct err err = {0};
	cleanup_free char *dir = NULL;
	bool generic;

	if (layer_has(m->world->layer, m->spec->name) && !m->layer_used) {
		m->layer_used = true;
		resume_layer(m);
		return;
	}
	if (m->world->cold || m->spec->cold || m->no_template) {
		machine_boot(m);
		return;
	}
	dir = template_find(m->world, m->index, &generic);
	if (dir) {
		resume_from(m, dir, generic);
		return;
	}
	m->state = MACHINE_FORGING;
	m->forge = template_forge(m->world, m->index, m->loop, forged, m, &err);
	if (!m->forge)
		machine_fail(m, true, xasprintf("cannot prepare '%s': %s", m->spec->name, err.text));
}

/* QEMU died while it loaded a template: that entry is useless, a boot is not. */
static void resume_failed(struct machine *m, const char *why)
{
	if (m->memory.shared) { /* a copy to be saved again: whoever wanted it knows what to do without */
		machine_fail(m, true, xasprintf("its template cannot be resumed: %s", why));
		return;
	}
	if (layer_has(m->world->layer, m->spec->name)) {
		m->layer_failed = true;
		machine_fail(m, true, xasprintf("'%s' cannot be resumed as setup left it: %s", m->spec->name, why));
		return;
	}
	m->no_template = xasprintf("its template cannot be resumed, so it boots: %s", why);
	release(m);
	template_discard(m->world, m->index);
	forget_memory(m);
	machine_boot(m);
}

/* ---- starting and stopping ---- */

void machine_be_up(struct machine *m)
{
	loop_timer(m->loop, &m->deadline, CLOCK_NEVER);
	m->state = MACHINE_UP;
	m->ever_up = true;
	m->owner->up(m->owner->arg, m);
}

void machine_boot(struct machine *m)
{
	struct err err = {0};

	m->used = true;
	m->state = m->memory.state ? MACHINE_RESUMING : MACHINE_BOOTING;
	if (wiring_connect(m, &err) < 0) {
		machine_fail(m, true, xasprintf("cannot start '%s': %s", m->spec->name, err.text));
		return;
	}
	loop_timer(m->loop, &m->deadline, seconds_from_now(m->world->boot_timeout));
	if (m->memory.ram) {
		qmp_send(&m->qmp, "migrate-set-capabilities", TEMPLATE_CAPABILITIES, NULL, NULL);
		qmp_send(&m->qmp, "migrate-set-parameters", TEMPLATE_PARAMETERS, NULL, NULL);
	}
	if (m->memory.state)
		qmp_send(&m->qmp, "migrate-incoming", TEMPLATE_URI, incoming_fd_answer, m);
}

void machine_resume(struct machine *m, const char *state)
{
	release(m);
	free(m->memory.state);
	m->memory.state = xstrdup(state);
	m->copied = false;
	machine_boot(m);
}

void machine_start(struct machine *m)
{
	assert(m->state == MACHINE_OFF);
	m->used = true;
	free(m->shutdown_why);
	m->shutdown_why = NULL;
	forget_memory(m);
	m->copied = false;
	if (m->spec->broken)
		machine_fail(m, true, xstrdup(m->spec->broken));
	else if (!m->world->qemu)
		machine_fail(m, true, xstrdup(m->world->qemu_missing));
	else
		start_any_way(m);
}

static void poweroff_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct wire_reader r = wire_read(f);

	if (f->type == WIRE_FAIL) {
		cleanup_free char *why = wire_get_str(&r);

		machine_fail(m, false, xasprintf("'%s' could not be shut down: %s", m->spec->name, why));
	}
}

void machine_shutdown(struct machine *m, uint64_t deadline)
{
	assert(m->state == MACHINE_UP);
	m->state = MACHINE_STOPPING;
	loop_timer(m->loop, &m->deadline, deadline);
	wire_end(&m->agent.out, wire_begin(&m->agent.out, WIRE_POWEROFF, machine_request(m, poweroff_answer, m)));
	link_flush(&m->agent);
}

void machine_crash(struct machine *m)
{
	if (m->state == MACHINE_OFF || m->state == MACHINE_GONE)
		return;
	if (m->state == MACHINE_FORGING) {
		stop_as(m, MACHINE_OFF);
		return;
	}
	m->state = MACHINE_STOPPING;
	kill(m->pid, SIGKILL);
}

void machine_init(struct machine *m, const struct world_spec *w, size_t index, struct loop *l,
		  struct net_switch **switches, const struct machine_owner *owner)
{
	*m = (struct machine){
		.world = w,
		.spec = &w->machines[index],
		.index = index,
		.loop = l,
		.switches = switches,
		.owner = owner,
		.pidfd = -1,
		.exit_watch = {.ready = exit_ready, .arg = m},
		.deadline = {.expired = deadline_passed, .arg = m},
		.qmp = {.event = qmp_event, .greeted = qmp_greeted, .lost = qmp_lost, .arg = m},
		.agent = {.frame = agent_frame, .lost = agent_lost, .arg = m},
		.console = {.name = w->machines[index].name, .panicked = panicked, .arg = m},
		.errors = {.name = "qemu", .arg = m},
	};
	for (size_t i = 0; i < COMMAND_NICS_MAX; i++)
		m->ports[i] = -1;
}

void machine_free(struct machine *m)
{
	release(m);
	console_free(&m->console);
	console_free(&m->errors);
	forget_memory(m);
	checkpoint_free(m);
	free(m->gone);
	free(m->no_template);
	free(m->shutdown_why);
}
