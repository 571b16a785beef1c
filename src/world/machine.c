/* machine.c - one virtual machine: QEMU's process, its console and its agent */
#include "world/machine.h"

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
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "wire/message.h"

#define ENTROPY_BYTES	 32
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
	"off", "booting", "being configured", "waiting for its init", "up", "shutting down", "gone",
};
static_assert(ARRAY_SIZE(state_names) == MACHINE_GONE + 1, "a name for every state");

const char *machine_state_name(enum machine_state s)
{
	return state_names[s];
}

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

static void be_gone(struct machine *m, bool infra, char *why)
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
	be_gone(m, false, xasprintf("the agent of '%s' broke the protocol: %s", m->spec->name, what));
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
		be_gone(m, false, xasprintf("the kernel of '%s' panicked: %s", name, m->console.panic));
	else if (m->shutdown_why && strcmp(m->shutdown_why, "guest-reset") == 0)
		be_gone(m, false, xasprintf("'%s' rebooted while it was %s, and `.reboot_ok` is not set", name,
					    machine_state_name(m->state)));
	else if (m->shutdown_why)
		be_gone(m, false, xasprintf("'%s' powered itself off while it was %s (%s)", name,
					    machine_state_name(m->state), m->shutdown_why));
	else
		be_gone(m, true, xasprintf("QEMU of '%s' died while the machine was %s: %s%s%s", name,
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
		be_gone(m, false, xasprintf("the kernel of '%s' panicked: %s", name, m->console.panic));
		return;
	}
	if (m->state == MACHINE_STOPPING) {
		be_gone(m, false, xasprintf("'%s' did not power off in time", name));
		return;
	}
	be_gone(m, m->state != MACHINE_SETTLING,
		xasprintf("'%s' did not boot within %.0f s under %s: it was still %s%s", name,
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

	log_verbose("%s: QEMU says %s%s%s", m->spec->name, name, reason ? " " : "", reason ? reason : "");
	if (strcmp(name, "SHUTDOWN") == 0 && !m->shutdown_why)
		m->shutdown_why = xstrdup(reason ? reason : "unknown reason");
}

static void qmp_greeted(void *arg, const char *version)
{
	struct machine *m = arg;

	snprintf(m->qemu_version, sizeof(m->qemu_version), "%s", version);
}

static void qmp_lost(void *arg, const char *why)
{
	/* The exit of the process tells more, and comes right behind. */
	(void)arg;
	(void)why;
}

/* ---- the agent's side of a boot ---- */

static void ready_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct wire_reader r = wire_read(f);

	if (f->type == WIRE_DONE) {
		loop_timer(m->loop, &m->deadline, CLOCK_NEVER);
		m->state = MACHINE_UP;
		m->ever_up = true;
		m->owner->up(m->owner->arg, m);
	} else if (f->type == WIRE_FAIL) {
		cleanup_free char *why = wire_get_str(&r);

		be_gone(m, false, xasprintf("'%s' booted, but its init failed: %s", m->spec->name, why));
	}
}

static void await_ready(struct machine *m)
{
	uint32_t id = machine_request(m, ready_answer, m);
	size_t mark = wire_begin(&m->agent.out, WIRE_WAIT, id);

	wire_put_u8(&m->agent.out, WIRE_WAIT_READY);
	wire_put_str(&m->agent.out, "");
	wire_put_str(&m->agent.out, "");
	wire_put_u32(&m->agent.out, 0);
	wire_end(&m->agent.out, mark);
	link_flush(&m->agent);
}

static void configure_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct wire_reader r = wire_read(f);

	if (f->type == WIRE_DONE) {
		m->state = MACHINE_SETTLING;
		await_ready(m);
	} else if (f->type == WIRE_FAIL) {
		cleanup_free char *why = wire_get_str(&r);

		be_gone(m, false, xasprintf("'%s' could not be configured: %s", m->spec->name, why));
	}
}

static void configure(struct machine *m)
{
	struct buf *out = &m->agent.out;
	cleanup_free char *hosts = spec_hosts(m->world);
	unsigned char entropy[ENTROPY_BYTES] = {0};
	size_t mark;

	m->state = MACHINE_CONFIGURING;
	if (getrandom(entropy, sizeof(entropy), 0) < 0 || getrandom(&m->nonce, sizeof(m->nonce), 0) < 0)
		log_line("cannot read random bytes: %s", strerror(errno));
	mark = wire_begin(out, WIRE_CONFIGURE, machine_request(m, configure_answer, m));
	wire_put_u64(out, m->nonce);
	wire_put_u64(out, clock_wall());
	wire_put_bytes(out, entropy, sizeof(entropy));
	wire_put_str(out, m->spec->hostname);
	wire_put_str(out, hosts);
	wire_put_u32(out, (uint32_t)m->spec->nnets);
	for (size_t i = 0; i < m->spec->nnets; i++) {
		const struct net_spec *net = &m->world->nets[m->spec->nets[i]];
		char text[ADDRESS_TEXT];

		address_mac(m->spec->nets[i], (int)m->index + 1, text);
		wire_put_str(out, text);
		address_ip(&net->subnet, (int)m->index + 1, 1, text);
		wire_put_str(out, text);
		wire_put_u32(out, (uint32_t)net->mtu);
	}
	wire_end(out, mark);
	link_flush(&m->agent);
}

static void hello(struct machine *m, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	uint32_t version = wire_get_u32(&r);
	cleanup_free char *release = wire_get_str(&r);
	cleanup_free char *init = wire_get_str(&r);
	cleanup_free char *warnings = wire_get_str(&r);
	cleanup_buf struct buf clean = {0};

	if (r.bad) {
		machine_refuse(m, "malformed hello");
		return;
	}
	if (version != WIRE_VERSION) {
		machine_refuse(m, "it speaks another version of it");
		return;
	}
	text_clean(&clean, warnings, strlen(warnings));
	if (clean.len)
		log_line("%s: %s", m->spec->name, buf_str(&clean));
	log_verbose("%s: agent is up, init is '%s'", m->spec->name, init);
	if (m->state == MACHINE_BOOTING)
		configure(m);
}

static void agent_frame(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct request **at = &m->requests;
	struct request *r;

	if (f->type == WIRE_HELLO) {
		hello(m, f);
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

/* ---- starting and stopping ---- */

/* Our ends of what connects us to QEMU, and QEMU's; unused ones are -1. */
struct wiring {
	int ours[COMMAND_FD_NIC + COMMAND_NICS_MAX];
	int theirs[COMMAND_FD_NIC + COMMAND_NICS_MAX];
};

static void wiring_close(struct wiring *w)
{
	for (size_t i = 0; i < ARRAY_SIZE(w->ours); i++) {
		fd_close(&w->ours[i]);
		fd_close(&w->theirs[i]);
	}
}

static int wiring_open(struct wiring *w, size_t nics, struct err *err)
{
	int fds[2];

	for (size_t i = 0; i < ARRAY_SIZE(w->ours); i++)
		w->ours[i] = w->theirs[i] = -1;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	w->ours[2] = fds[0];
	w->theirs[2] = fds[1];
	for (int fd = COMMAND_FD_QMP; fd < COMMAND_FD_NIC; fd++) {
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
			return err_errno(err, "cannot create a socket pair");
		w->ours[fd] = fds[0];
		w->theirs[fd] = fds[1];
	}
	for (size_t i = 0; i < nics; i++)
		if (switch_socketpair(&w->ours[COMMAND_FD_NIC + i], &w->theirs[COMMAND_FD_NIC + i], err) < 0)
			return -1;
	return 0;
}

static int spawn(struct machine *m, struct wiring *w, struct err *err)
{
	char macs[COMMAND_NICS_MAX][ADDRESS_TEXT];
	struct command c;
	struct proc_spec p;
	char **argv;

	spec_command(m->world, m->index, macs, &c);
	argv = command_argv(&c);
	p = (struct proc_spec){.path = c.binary, .argv = argv};
	for (int fd = 0; fd < (int)ARRAY_SIZE(w->theirs); fd++)
		if (w->theirs[fd] >= 0)
			p.fds[p.nfds++] = (struct proc_fd){.from = w->theirs[fd], .to = fd};
	m->pid = proc_start(&p, &m->pidfd, err);
	command_argv_free(argv);
	return m->pid < 0 ? -1 : 0;
}

static int connect_all(struct machine *m, struct wiring *w, struct err *err)
{
	struct loop *l = m->loop;

	if (console_start(&m->errors, l, fd_steal(&w->ours[2]), err) < 0 ||
	    qmp_start(&m->qmp, l, fd_steal(&w->ours[COMMAND_FD_QMP]), err) < 0 ||
	    link_start(&m->agent, l, fd_steal(&w->ours[COMMAND_FD_AGENT]), err) < 0 ||
	    console_start(&m->console, l, fd_steal(&w->ours[COMMAND_FD_CONSOLE]), err) < 0)
		return -1;
	for (size_t i = 0; i < m->spec->nnets; i++) {
		m->ports[i] = switch_attach(m->switches[m->spec->nets[i]], w->ours[COMMAND_FD_NIC + i], err);
		if (m->ports[i] < 0)
			return -1;
		w->ours[COMMAND_FD_NIC + i] = -1;
	}
	return loop_watch(l, &m->exit_watch, m->pidfd, EPOLLIN, err);
}

static int boot(struct machine *m, struct err *err)
{
	struct wiring w;
	int r;

	r = wiring_open(&w, m->spec->nnets, err);
	if (r == 0)
		r = spawn(m, &w, err);
	if (r == 0)
		r = connect_all(m, &w, err);
	wiring_close(&w);
	return r;
}

void machine_start(struct machine *m)
{
	struct err err = {0};

	assert(m->state == MACHINE_OFF);
	m->used = true;
	m->state = MACHINE_BOOTING;
	free(m->shutdown_why);
	m->shutdown_why = NULL;
	if (m->spec->broken) {
		be_gone(m, true, xstrdup(m->spec->broken));
	} else if (!m->world->qemu) {
		be_gone(m, true, xstrdup(m->world->qemu_missing));
	} else if (boot(m, &err) < 0) {
		be_gone(m, true, xasprintf("cannot start '%s': %s", m->spec->name, err.text));
	} else {
		loop_timer(m->loop, &m->deadline, seconds_from_now(m->world->boot_timeout));
	}
}

static void poweroff_answer(void *arg, const struct frame *f)
{
	struct machine *m = arg;
	struct wire_reader r = wire_read(f);

	if (f->type == WIRE_FAIL) {
		cleanup_free char *why = wire_get_str(&r);

		be_gone(m, false, xasprintf("'%s' could not be shut down: %s", m->spec->name, why));
	}
}

void machine_shutdown(struct machine *m, uint64_t deadline)
{
	size_t mark;

	assert(m->state == MACHINE_UP);
	m->state = MACHINE_STOPPING;
	loop_timer(m->loop, &m->deadline, deadline);
	mark = wire_begin(&m->agent.out, WIRE_POWEROFF, machine_request(m, poweroff_answer, m));
	wire_put_u8(&m->agent.out, WIRE_POWEROFF_ORDERLY);
	wire_end(&m->agent.out, mark);
	link_flush(&m->agent);
}

void machine_crash(struct machine *m)
{
	if (m->state == MACHINE_OFF || m->state == MACHINE_GONE)
		return;
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
	free(m->gone);
	free(m->shutdown_why);
}
