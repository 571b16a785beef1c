/* runner.c - running a plan: a world per test, points in plan order
 *
 * Theory of operation
 *
 * The runner compiles (plan.c), prints the plan, and forks a world per test,
 * which inherits the compiled script. A world's verdict comes back as one
 * message on a pipe; its end of file, not the message, ends the test, so a
 * world that dies is noticed at once. Worlds are killed with SIGKILL when the
 * runner has to stop: QEMU and the script process are tied to their world by
 * PDEATHSIG, and nothing has a file that somebody would have to remove.
 */
#include "cmd/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/proc.h"
#include "report/tap.h"
#include "world/world.h"

/* Seconds under KVM; multiplied by the accelerator's slowness. */
#define BOOT_TIMEOUT 30.0
#define CALL_TIMEOUT 60.0
#define TEST_TIMEOUT 300.0

#define HEARTBEAT_S   30	/* a line on stderr while a test runs */
#define OUTCOME_MAX   (64 << 20) /* bytes of a world's message: its fields are bounded, so this is generous */

struct runner {
	struct plan *plan;
	const struct settings *settings;
	const struct runner_options *options;
	struct accel accel;
	bool accel_chosen;
	char *accel_error;
	struct tap tap;
	struct loop loop;
	struct watch signals, world;
	struct timer heartbeat;
	pid_t world_pid;
	uint64_t started;
	struct buf message;
	size_t current;
	size_t failed, infra, uncompiled;
	int caught;	/* signal that ends the run, or 0 */
	bool closed;	/* stdout is gone */
};

/* ---- one test ---- */

static void set_limits(struct runner *r, const struct plan_test *t)
{
	struct world_spec *w = &t->file->world;
	double boot = r->settings->boot_timeout;

	w->accel = &r->accel;
	if (r->accel_error) { /* for the tests that use a machine, and only those */
		w->qemu = NULL;
		w->qemu_missing = r->accel_error;
	}
	w->boot_timeout = boot > 0 ? boot : BOOT_TIMEOUT * r->accel.slow;
	w->call_timeout = CALL_TIMEOUT * r->accel.slow;
	w->test_timeout = t->timeout > 0		 ? t->timeout
			  : r->options->timeout > 0 ? r->options->timeout
						    : TEST_TIMEOUT * r->accel.slow;
}

static void close_quietly(struct runner *r)
{
	close(r->signals.fd);
	tap_close(&r->tap);
}

/* The world's process: run the test, send the outcome, end. */
static void be_world(struct runner *r, struct plan_test *t, int fd)
{
	struct world_outcome outcome;
	struct buf message = {0};
	sigset_t none;

	setpgid(0, 0); /* a terminal's ^C is the runner's to handle */
	close_quietly(r);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	world_run(&t->file->world, plan_run_script, t, &outcome);
	world_outcome_encode(&outcome, &message);
	_exit(fd_write_all(fd, message.data, message.len) < 0);
}

static int start_world(struct runner *r, struct plan_test *t, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	buf_clear(&r->message);
	r->started = clock_now();
	r->world_pid = proc_fork();
	if (r->world_pid == 0) {
		close(fds[0]);
		be_world(r, t, fds[1]);
	}
	close(fds[1]);
	if (r->world_pid < 0) {
		err_errno(err, "cannot fork");
		close(fds[0]);
		return -1;
	}
	return loop_watch(&r->loop, &r->world, fds[0], EPOLLIN, err);
}

static void kill_world(struct runner *r)
{
	if (r->world_pid <= 0)
		return;
	kill(r->world_pid, SIGKILL);
	waitpid(r->world_pid, NULL, 0);
	r->world_pid = 0;
	loop_unwatch(&r->loop, &r->world);
	fd_close(&r->world.fd);
}

/* ---- the points ---- */

static void print_point(struct runner *r, struct result *result)
{
	if (result_has_failed(result)) {
		r->failed += !result->infra;
		r->infra += result->infra;
	}
	if (tap_point(&r->tap, result) < 0)
		r->closed = true;
	result_free(result);
	r->current++;
}

/* A test that cannot even be tried. */
static void print_infra(struct runner *r, struct plan_test *t, const char *why)
{
	struct result result = {
		.name = xstrdup(t->name), .verdict = VERDICT_FAILED, .reason = xstrdup(why), .infra = true};

	print_point(r, &result);
}

static void print_uncompiled(struct runner *r, const struct plan_test *t)
{
	const char *text = t->file->error;
	size_t line = strcspn(text, "\n");
	struct result result = {
		.name = xstrdup(t->name), .verdict = VERDICT_FAILED, .reason = xstrndup(text, line)};
	size_t colon = strcspn(text, ":");

	/* "FILE:LINE: error: ..." */
	if (text[colon] == ':' && text[colon + 1] >= '0' && text[colon + 1] <= '9')
		result.at = xstrndup(text, colon + 1 + strcspn(text + colon + 1, ":"));
	if (text[line])
		result_add_field(&result, "diagnostics", text);
	r->uncompiled++;
	r->failed--; /* counted apart: exit status 2, not 1 */
	print_point(r, &result);
}

static void print_skipped(struct runner *r, const struct plan_test *t)
{
	struct result result = {
		.name = xstrdup(t->name), .verdict = VERDICT_SKIPPED, .reason = xstrdup(t->skip)};

	print_point(r, &result);
}

/* A machine was lost under KVM before it was ever up: from now on TCG, and this test again. */
static bool retry_under_tcg(struct runner *r, struct world_outcome *o)
{
	cleanup_free char *note = NULL;

	if (!o->kvm_failed || r->accel.kind != ACCEL_KVM || r->accel.demanded)
		return false;
	note = xasprintf("KVM failed, so this and all later tests run under TCG: %s", o->kvm_failed);
	accel_remember_failure(&r->accel, r->settings->store, o->kvm_failed);
	tap_comment(&r->tap, note);
	return true;
}

static void take_outcome(struct runner *r, struct plan_test *t, struct world_outcome *o)
{
	struct result *result = &o->result;

	result->name = xstrdup(t->name);
	result->duration_ms = (double)(clock_now() - r->started) / 1e6;
	if (o->qemu_version[0]) {
		result_add_field(result, "accel", accel_names[r->accel.kind]);
		result_add_field(result, "qemu", o->qemu_version);
	}
	print_point(r, result);
	world_outcome_free(o);
}

static void next_test(struct runner *r);

/* The world's pipe is at its end: the test is over, one way or the other. */
static void world_ended(struct runner *r)
{
	struct plan_test *t = &r->plan->tests[r->current];
	struct world_outcome outcome;
	int status = 0;

	loop_unwatch(&r->loop, &r->world);
	fd_close(&r->world.fd);
	waitpid(r->world_pid, &status, 0);
	r->world_pid = 0;
	loop_timer(&r->loop, &r->heartbeat, CLOCK_NEVER);
	if (world_outcome_decode(&r->message, &outcome) < 0) {
		cleanup_free char *how = proc_status_text(status);
		cleanup_free char *why = xasprintf("the world's process ended without a verdict: %s", how);

		print_infra(r, t, why);
	} else if (retry_under_tcg(r, &outcome)) {
		world_outcome_free(&outcome);
	} else {
		take_outcome(r, t, &outcome);
	}
	next_test(r);
}

static void world_ready(void *arg, uint32_t events)
{
	struct runner *r = arg;
	ssize_t n = read(r->world.fd, buf_reserve(&r->message, 65536), 65536);

	(void)events;
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0 || r->message.len > OUTCOME_MAX) {
		world_ended(r);
		return;
	}
	r->message.len += (size_t)n;
}

/* ---- the run ---- */

static void heartbeat(void *arg)
{
	struct runner *r = arg;

	log_line("still running '%s' (%.0f s)", r->plan->tests[r->current].name,
		 (double)(clock_now() - r->started) / 1e9);
	loop_timer(&r->loop, &r->heartbeat, clock_now() + HEARTBEAT_S * NS_PER_S);
}

static void start_test(struct runner *r, struct plan_test *t)
{
	struct err err = {0};

	if (t->file->error) {
		print_uncompiled(r, t);
	} else if (t->skip) {
		print_skipped(r, t);
	} else {
		plan_resolve(t->file, r->settings);
		set_limits(r, t);
		if (start_world(r, t, &err) < 0)
			print_infra(r, t, err.text);
	}
	if (r->world_pid > 0)
		loop_timer(&r->loop, &r->heartbeat, clock_now() + HEARTBEAT_S * NS_PER_S);
}

static void next_test(struct runner *r)
{
	while (!r->closed && !r->caught && r->world_pid <= 0 && r->current < r->plan->ntests)
		start_test(r, &r->plan->tests[r->current]);
	if (r->world_pid <= 0)
		loop_stop(&r->loop);
}

static void signal_ready(void *arg, uint32_t events)
{
	struct runner *r = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(r->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		r->caught = (int)info.ssi_signo;
	kill_world(r);
	loop_stop(&r->loop);
}

static int watch_signals(struct runner *r, struct err *err)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		return err_errno(err, "cannot watch signals");
	r->signals = (struct watch){.ready = signal_ready, .arg = r};
	return loop_watch(&r->loop, &r->signals, fd, EPOLLIN, err);
}

/* Say what machines run on, once, before the first point. */
static void choose_accel(struct runner *r)
{
	struct err err = {0};
	cleanup_free char *text = NULL;

	r->accel.slow = 1.0;
	if (!plan_has_machines(r->plan))
		return;
	if (accel_choose(r->options->accel, r->settings->store, &r->accel, &err) < 0) {
		r->accel_error = xstrdup(err.text);
		r->accel.slow = 1.0;
		return;
	}
	text = xasprintf("accelerator: %s (%s)%s%s", accel_names[r->accel.kind], r->accel.reason,
			 r->accel.hint[0] ? "; for KVM: " : "", r->accel.hint);
	tap_comment(&r->tap, text);
}

static enum exit_status conclude(struct runner *r)
{
	if (r->caught) {
		cleanup_free char *why = xasprintf("interrupted by signal %d (%s); all machines are gone", r->caught,
						   strsignal(r->caught));

		tap_bail_out(&r->tap, why);
		return EXIT_INFRA;
	}
	if (r->closed) {
		log_line("cannot write the results to standard output: the run was ended, all machines are gone");
		return EXIT_INFRA;
	}
	return r->failed ? EXIT_FAILED : r->infra ? EXIT_INFRA : r->uncompiled ? EXIT_WRONG : EXIT_PASSED;
}

enum exit_status runner_run(struct plan *p, const struct settings *s, const struct runner_options *o)
{
	struct runner r = {.plan = p, .settings = s, .options = o};
	struct err err = {0};
	enum exit_status status;

	r.world = (struct watch){.fd = -1, .ready = world_ready, .arg = &r};
	r.heartbeat = (struct timer){.expired = heartbeat, .arg = &r};
	if (tap_open(&r.tap, &err) < 0 || loop_init(&r.loop, &err) < 0 || watch_signals(&r, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_INFRA;
	}
	if (p->ntests == 0) {
		r.closed = tap_skip_all(&r.tap, "no test matches the filter") < 0;
	} else if (tap_plan(&r.tap, p->ntests) < 0) {
		r.closed = true;
	} else {
		choose_accel(&r);
		next_test(&r);
		if (r.world_pid > 0)
			loop_run(&r.loop, &err);
	}
	status = conclude(&r);
	kill_world(&r);
	buf_free(&r.message);
	free(r.accel_error);
	close_quietly(&r);
	loop_free(&r.loop);
	return status;
}
