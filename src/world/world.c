/* world.c - one test's world: its script process, its machines, its networks, its verdict */
#include "world/world.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "world/call.h"
#include "state/layer.h"
#include "machine/machine.h"

#define CALLS_MAX	 64 /* of one script at the same time; today's scripts make one */
#define SCRIPT_GRACE_S	 5  /* from the test's deadline to the script's SIGKILL; scaled */

struct world {
	const struct world_spec *spec;
	struct loop loop;
	struct machine *machines;
	struct net_switch *switches[WORLD_NETS_MAX];
	struct machine_owner owner;
	struct call_owner call_owner;
	struct call *calls[CALLS_MAX];

	pid_t script_pid;
	int script_pidfd;
	struct watch script_exit;
	struct link script;
	bool finished;	/* the script said so */
	bool faulted;	/* it told of a crash of its own */
	bool awake;	/* the machines that setup left are running */
	uint64_t deadline;
	struct timer test_timer, kill_timer;

	struct buf also, subtests; /* further failures; the subtests' verdicts */
	size_t nalso;
	struct world_outcome *outcome;
};

/* ---- the verdict ---- */

static void take_pairs(struct wire_reader *r, struct point *result)
{
	for (uint32_t n = wire_get_u32(r); n && !r->bad; n--) {
		cleanup_free char *key = wire_get_str(r);
		cleanup_free char *value = wire_get_str(r);

		if (!r->bad && (strcmp(key, "exit_status") == 0 || strcmp(key, "signal") == 0))
			point_add_number(result, key, strtoll(value, NULL, 10));
		else if (!r->bad)
			point_add_field(result, key, value);
	}
}

/* A failure that is not the first: its place, its message, its command and what that said last, a line each. */
static void list_failure(struct world *w, const char *at, const char *message, struct wire_reader *r)
{
	struct buf *out = &w->also;

	if (w->nalso++ >= WORLD_ALSO_FAILED)
		return;
	buf_addf(out, "%s%s: %.*s", out->len ? "\n" : "", at, (int)strcspn(message, "\n"), message);
	for (uint32_t n = wire_get_u32(r); n && !r->bad; n--) {
		cleanup_free char *key = wire_get_str(r);
		cleanup_free char *value = wire_get_str(r);
		const char *last = text_tail(value, strlen(value), 1, WORLD_ALSO_BYTES);

		if (*value && (strcmp(key, "command") == 0 || strcmp(key, "stderr") == 0))
			buf_addf(out, "\n    %s: %.*s", key, (int)strcspn(last, "\n"), last);
	}
}

/* The first failure is the test's message, with its details; the others are listed. */
static void take_failure(struct world *w, const char *at, const char *message, struct wire_reader *r)
{
	struct point *result = &w->outcome->result;

	if (result->verdict == VERDICT_FAILED) {
		list_failure(w, at, message, r);
		return;
	}
	result->verdict = VERDICT_FAILED;
	free(result->reason);
	result->reason = xstrdup(message);
	result->at = *at ? xstrdup(at) : NULL;
	take_pairs(r, result);
}

/* A failure that the world itself found; an earlier one stays the test's message. */
static void world_failure(struct world *w, const char *message)
{
	struct wire_reader none = {.bad = true};

	take_failure(w, "", message, &none);
}

static void take_subtest(struct world *w, const char *name, struct wire_reader *r)
{
	bool good = false;

	for (uint32_t n = wire_get_u32(r); n && !r->bad; n--) {
		cleanup_free char *key = wire_get_str(r);
		cleanup_free char *value = wire_get_str(r);

		if (strcmp(key, "result") == 0)
			good = strcmp(value, "ok") == 0;
	}
	buf_addf(&w->subtests, "%s%s: %s", w->subtests.len ? "\n" : "", good ? "passed" : "failed", name);
}

static void take_event(struct world *w, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	struct point *result = &w->outcome->result;
	enum wire_event kind = wire_get_u8(&r);
	cleanup_free char *at = wire_get_str(&r);
	cleanup_free char *message = wire_get_str(&r);

	if (r.bad) {
		world_failure(w, "the script process sent a malformed event: its memory is damaged");
		return;
	}
	switch (kind) {
	case WIRE_EVENT_FAULT:
		w->faulted = true;
		take_failure(w, at, message, &r);
		break;
	case WIRE_EVENT_FAILURE:
		take_failure(w, at, message, &r);
		break;
	case WIRE_EVENT_NOTE:
		point_add_note(result, message);
		break;
	case WIRE_EVENT_SKIP:
		if (result->verdict == VERDICT_PASSED) {
			result->verdict = VERDICT_SKIPPED;
			result->reason = xstrdup(message);
		}
		break;
	case WIRE_EVENT_SUBTEST:
		take_subtest(w, message, &r);
		break;
	}
}

/* ---- the script ---- */

/* The machines that setup left were running, all of them, and so they are for a test that uses any. */
static void wake_layer(struct world *w)
{
	if (w->awake || !w->spec->layer)
		return;
	w->awake = true;
	for (size_t i = 0; i < w->spec->nmachines; i++)
		if (layer_has(w->spec->layer, w->spec->machines[i].name))
			machine_start(&w->machines[i]);
}

static void begin_call(struct world *w, const struct frame *f)
{
	struct call **slot = w->calls;
	bool bad = false;

	while (slot < w->calls + CALLS_MAX && *slot)
		slot++;
	if (slot == w->calls + CALLS_MAX) {
		world_failure(w, "the script has too many calls under way");
		loop_stop(&w->loop);
		return;
	}
	*slot = call_begin(&w->call_owner, f, w->deadline, &bad);
	if (bad) {
		world_failure(w, "the script process sent a malformed call: its memory is damaged");
		loop_stop(&w->loop);
		return;
	}
	wake_layer(w);
	if (*slot)
		call_go(*slot);
}

static void call_done(void *arg, struct call *c)
{
	struct world *w = arg;

	for (size_t i = 0; i < CALLS_MAX; i++)
		if (w->calls[i] == c)
			w->calls[i] = NULL;
}

static void script_frame(void *arg, const struct frame *f)
{
	struct world *w = arg;

	if (f->type == WIRE_CALL)
		begin_call(w, f);
	else if (f->type == WIRE_EVENT)
		take_event(w, f);
	else if (f->type == WIRE_FINISHED)
		w->finished = true;
}

static void script_lost(void *arg, const char *why)
{
	/* Its exit, which follows, says more. */
	(void)arg;
	(void)why;
}

static void script_exited(void *arg, uint32_t events)
{
	struct world *w = arg;
	int status = 0;

	(void)events;
	waitpid(w->script_pid, &status, 0);
	fd_close(&w->script_pidfd);
	loop_stop(&w->loop);
	/* Frames that it wrote before it ended may still be in the socket. */
	if (w->script.watch.active) {
		fd_set_nonblock(w->script.watch.fd, 0);
		while (w->script.watch.active)
			w->script.watch.ready(w->script.watch.arg, EPOLLIN);
	}
	if (!w->finished && !w->faulted) {
		cleanup_free char *how = proc_status_text(status);
		cleanup_free char *why = xasprintf("the script process ended in the middle of the test: %s", how);

		world_failure(w, why);
	}
}

static int start_script(struct world *w, void (*script)(void *arg, int fd), void *arg, struct err *err)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "cannot create a socket pair for the script");
	w->script_pid = proc_fork();
	if (w->script_pid == 0) {
		close(fds[0]);
		script(arg, fds[1]);
		_exit(127);
	}
	close(fds[1]);
	if (w->script_pid < 0) {
		err_errno(err, "cannot fork");
		close(fds[0]);
		return -1;
	}
	w->script_pidfd = (int)syscall(SYS_pidfd_open, w->script_pid, 0);
	if (w->script_pidfd < 0) {
		close(fds[0]);
		return err_errno(err, "cannot watch the script process");
	}
	if (link_start(&w->script, &w->loop, fds[0], err) < 0)
		return -1;
	return loop_watch(&w->loop, &w->script_exit, w->script_pidfd, EPOLLIN, err);
}

/* ---- deadlines ---- */

/* A call in flight fails with the reason; a script that computes is interrupted, then killed. */
static void test_overtime(void *arg)
{
	struct world *w = arg;
	cleanup_free char *why = xasprintf("the test's time limit of %.0f s passed", w->spec->test_timeout);
	bool calling = false;

	w->deadline = 0;
	for (size_t i = 0; i < CALLS_MAX; i++) {
		if (w->calls[i]) {
			calling = true;
			call_expire(w->calls[i], why);
		}
	}
	if (!calling)
		kill(w->script_pid, SIGALRM);
	loop_timer(&w->loop, &w->kill_timer,
		   clock_now() + (uint64_t)(SCRIPT_GRACE_S * w->spec->accel->slow * 1e9) + w->call_owner.grace);
}

static void script_stuck(void *arg)
{
	struct world *w = arg;

	world_failure(w, "the test's time limit passed and the script did not stop");
	w->faulted = true;
	kill(w->script_pid, SIGKILL);
}

/* ---- machines ---- */

static void machine_changed(void *arg, struct machine *m)
{
	struct world *w = arg;

	for (size_t i = 0; i < CALLS_MAX; i++)
		if (w->calls[i])
			call_machine_changed(w->calls[i], m);
}

static void machine_stopped(void *arg, struct machine *m)
{
	struct world *w = arg;

	if (m->state == MACHINE_GONE && !m->ever_up && w->spec->accel->kind == ACCEL_KVM && m->infra &&
	    !m->spec->broken && !w->outcome->kvm_failed)
		w->outcome->kvm_failed = xstrdup(m->gone);
	if (m->state == MACHINE_GONE && m->infra)
		w->outcome->result.infra = true;
	machine_changed(w, m);
}

static void add_consoles(struct world *w, struct point *result)
{
	cleanup_buf struct buf b = {0};

	for (size_t i = 0; i < w->spec->nmachines; i++) {
		const struct machine *m = &w->machines[i];
		const char *text = buf_str(&m->console.text);
		const char *p = text_tail(text, m->console.text.len, WORLD_CONSOLE_LINES, WORLD_CONSOLE_BYTES);

		while (m->used && *p) {
			size_t n = strcspn(p, "\n");

			buf_addf(&b, "%s%s| %.*s", b.len ? "\n" : "", m->spec->name, (int)n, p);
			p += n + (p[n] == '\n');
		}
	}
	if (b.len)
		point_add_field(result, "console", buf_str(&b));
}

/* ---- life ---- */

static void world_init(struct world *w, const struct world_spec *spec, struct world_outcome *out)
{
	uint64_t now = clock_now();

	*w = (struct world){
		.spec = spec,
		.outcome = out,
		.script_pidfd = -1,
		.script_exit = {.ready = script_exited, .arg = w},
		.script = {.frame = script_frame, .lost = script_lost, .arg = w},
		.test_timer = {.expired = test_overtime, .arg = w},
		.kill_timer = {.expired = script_stuck, .arg = w},
		.owner = {.up = machine_changed, .stopped = machine_stopped, .arg = w},
		.deadline = now + (uint64_t)(spec->test_timeout * 1e9),
	};
	w->machines = xcalloc(spec->nmachines, sizeof(*w->machines));
	w->call_owner = (struct call_owner){
		.loop = &w->loop,
		.script = &w->script,
		.machines = w->machines,
		.nmachines = spec->nmachines,
		.world = spec,
		.grace = (uint64_t)(CALL_GRACE_S * spec->accel->slow * 1e9),
		.done = call_done,
		.arg = w,
	};
}

static void world_end(struct world *w)
{
	if (w->script_pidfd >= 0) {
		kill(w->script_pid, SIGKILL);
		waitpid(w->script_pid, NULL, 0);
	}
	loop_unwatch(&w->loop, &w->script_exit);
	fd_close(&w->script_pidfd);
	for (size_t i = 0; i < CALLS_MAX; i++)
		if (w->calls[i])
			call_drop(w->calls[i]);
	link_stop(&w->script);
	for (size_t i = 0; i < w->spec->nmachines; i++)
		machine_free(&w->machines[i]);
	for (size_t i = 0; i < w->spec->nnets; i++)
		switch_free(w->switches[i]);
	free(w->machines);
	buf_free(&w->also);
	buf_free(&w->subtests);
	loop_free(&w->loop);
}

/* What of the machine could not be had that would have saved a boot, or a setup. */
static void add_lack(struct world_outcome *o, const struct machine *m)
{
	if (m->no_template && !o->no_template)
		o->no_template = xasprintf("%s: %s", m->spec->name, m->no_template);
	if (m->layer_failed && !o->layer_failed)
		o->layer_failed = xstrdup(m->gone);
}

static void finish_result(struct world *w)
{
	struct point *result = &w->outcome->result;

	if (w->subtests.len)
		point_add_field(result, "subtests", buf_str(&w->subtests));
	if (w->nalso > WORLD_ALSO_FAILED)
		buf_addf(&w->also, "\nand %zu more", w->nalso - WORLD_ALSO_FAILED);
	if (w->also.len)
		point_add_field(result, "also_failed", buf_str(&w->also));
	if (result->verdict != VERDICT_FAILED)
		result->infra = false;
	else
		add_consoles(w, result);
	for (size_t i = 0; i < w->spec->nmachines; i++)
		add_lack(w->outcome, &w->machines[i]);
	for (size_t i = 0; i < w->spec->nmachines && !w->outcome->qemu_version[0]; i++)
		snprintf(w->outcome->qemu_version, sizeof(w->outcome->qemu_version), "%s",
			 w->machines[i].qemu_version);
}

/* A setup came to its end: keep what it made. */
static void save(struct world *w)
{
	const struct world_spec *s = w->spec;
	struct err err = {0};

	if (!s->save_to || !w->finished || w->outcome->result.verdict != VERDICT_PASSED)
		return;
	if (layer_save(&w->loop, w->switches, s->nnets, w->machines, s->nmachines, s->save_to, s->call_timeout,
		       &err) < 0)
		w->outcome->unsaved = xstrdup(err.text);
}

void world_run(const struct world_spec *spec, void (*script)(void *arg, int fd), void *arg,
	       struct world_outcome *out)
{
	struct world w;
	struct err err = {0};

	*out = (struct world_outcome){0};
	world_init(&w, spec, out);
	if (loop_init(&w.loop, &err) == 0) {
		for (size_t i = 0; i < spec->nnets; i++)
			w.switches[i] = switch_new(&w.loop);
		for (size_t i = 0; i < spec->nmachines; i++)
			machine_init(&w.machines[i], spec, i, &w.loop, w.switches, &w.owner);
		loop_timer(&w.loop, &w.test_timer, w.deadline);
		if (start_script(&w, script, arg, &err) == 0)
			loop_run(&w.loop, &err);
		loop_timer(&w.loop, &w.test_timer, CLOCK_NEVER);
		loop_timer(&w.loop, &w.kill_timer, CLOCK_NEVER);
		if (!err.text[0])
			save(&w);
	}
	if (err.text[0]) {
		world_failure(&w, err.text);
		out->result.infra = true;
	}
	finish_result(&w);
	world_end(&w);
}
