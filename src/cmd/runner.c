/* runner.c - running a plan: a world per test, points in plan order
 *
 * Theory of operation
 *
 * The runner compiles (plan.c), prints the plan, and forks a world per test
 * (job.c), which inherits the compiled script. Tests start in plan order, as
 * long as there is a free job and room for their machines' memory; a test that
 * is larger than all the room runs alone. A test that has ended waits until
 * all before it have, so that the output is the same however they overlap.
 *
 * Worlds are killed with SIGKILL when the runner has to stop: QEMU and the
 * script process are tied to their world by PDEATHSIG. What they were building
 * in the cache is removed once they are gone; after a SIGKILL of the runner
 * itself the next run does that.
 */
#include "cmd/runner.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/host.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/cached.h"
#include "cmd/job.h"
#include "cmd/progress.h"
#include "store/store.h"
#include "report/tap.h"

/* Seconds under KVM; multiplied by the accelerator's slowness. */
#define BOOT_TIMEOUT 30.0
#define CALL_TIMEOUT 60.0
#define TEST_TIMEOUT 300.0

#define QEMU_OVERHEAD_MIB 100 /* of a QEMU process beside its guest's memory (RSS 40, translation buffer) */
#define MEMORY_SHARE	  0.8 /* of what is free: the rest is for everybody else */

struct runner {
	struct plan *plan;
	const struct settings *settings;
	const struct runner_options *options;
	struct accel accel;
	char *accel_error;
	struct tap tap;
	struct loop loop;
	struct watch signals;
	struct job *jobs;
	size_t njobs, running;
	struct point **results; /* of tests that ended before one in front of them */
	struct progress progress;
	long room;    /* MiB left for machines */
	size_t next;  /* test to start */
	size_t printed;
	size_t failed, infra, uncompiled;
	int caught;  /* signal that ends the run, or 0 */
	bool closed; /* stdout is gone */
	bool no_templates; /* this QEMU cannot: said, not tried again */
};

/* ---- points ---- */

static void print_point(struct runner *r, struct point *result)
{
	if (point_has_failed(result)) {
		r->failed += !result->infra;
		r->infra += result->infra;
	}
	progress_clear(&r->progress);
	if (tap_point(&r->tap, result) < 0)
		r->closed = true;
	point_free(result);
	free(result);
}

/* A test has its result: print it, and those that waited for it. @result's content is taken over. */
static void settle(struct runner *r, size_t number, const struct point *result)
{
	r->results[number] = xmalloc(sizeof(*result));
	*r->results[number] = *result;
	while (!r->closed && r->printed < r->plan->ntests && r->results[r->printed]) {
		print_point(r, r->results[r->printed]);
		r->results[r->printed++] = NULL;
	}
}

/* A test that could not even be tried. */
static void settle_infra(struct runner *r, size_t number, const char *why)
{
	struct point result = {.name = xstrdup(r->plan->tests[number].name),
				.verdict = VERDICT_FAILED,
				.reason = xstrdup(why),
				.infra = true};

	settle(r, number, &result);
}

static void settle_uncompiled(struct runner *r, size_t number)
{
	const struct plan_test *t = &r->plan->tests[number];
	const char *text = t->file->error;
	size_t line = strcspn(text, "\n"), colon = strcspn(text, ":");
	struct point result = {
		.name = xstrdup(t->name), .verdict = VERDICT_FAILED, .reason = xstrndup(text, line)};

	/* "FILE:LINE: error: ..." */
	if (text[colon] == ':' && text[colon + 1] >= '0' && text[colon + 1] <= '9')
		result.at = xstrndup(text, colon + 1 + strcspn(text + colon + 1, ":"));
	if (text[line])
		point_add_field(&result, "diagnostics", text);
	r->uncompiled++;
	r->failed--; /* counted apart: exit status 2, not 1 */
	settle(r, number, &result);
}

static void settle_skipped(struct runner *r, size_t number)
{
	const struct plan_test *t = &r->plan->tests[number];
	struct point result = {
		.name = xstrdup(t->name), .verdict = VERDICT_SKIPPED, .reason = xstrdup(t->skip)};

	settle(r, number, &result);
}

/* ---- jobs ---- */

static void set_limits(struct runner *r, const struct plan_test *t)
{
	struct world_spec *w = &t->file->world;
	double boot = r->settings->boot_timeout;

	w->accel = &r->accel;
	w->cold = r->options->cold || r->no_templates || t->file->no_templates;
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

/* MiB that a test's machines may come to need, all of them started. */
static long weight(const struct plan_test *t)
{
	const struct world_spec *w = &t->file->world;
	long mib = 0;

	for (size_t i = 0; i < w->nmachines; i++)
		mib += w->machines[i].memory + QEMU_OVERHEAD_MIB;
	return mib;
}

static void in_child(void *arg)
{
	struct runner *r = arg;

	close(r->signals.fd);
	tap_close(&r->tap);
}

static struct job *free_job(struct runner *r)
{
	for (size_t i = 0; i < r->njobs; i++)
		if (!r->jobs[i].test)
			return &r->jobs[i];
	return NULL;
}

static void start_job(struct runner *r, struct plan_test *t, size_t number)
{
	struct job *j = free_job(r);
	struct err err = {0};

	set_limits(r, t);
	if (r->options->cached)
		cached_name(t); /* again: a test that was tried under KVM may be under TCG now */
	j->setup = t->file->setup == SETUP_RUNNING;
	if (job_start(j, t, number, j->setup ? plan_work_setup : plan_work_test, in_child, &err) < 0) {
		settle_infra(r, number, err.text);
		return;
	}
	r->running++;
	r->room -= weight(t);
}

/* ---- passes of earlier runs ---- */

/* Return: whether the test has passed before with all that it depends on. */
static bool settle_cached(struct runner *r, size_t number)
{
	struct plan_test *t = &r->plan->tests[number];
	struct point result = {.verdict = VERDICT_PASSED};
	cleanup_free char *text = NULL;
	char when[CACHED_WHEN];

	if (!r->options->cached)
		return false;
	set_limits(r, t);
	if (!cached_find(t, when))
		return false;
	text = xasprintf("passed %s", when);
	result.name = xstrdup(t->name);
	point_add_field(&result, "cached", text);
	settle(r, number, &result);
	return true;
}

/* A test that was run with --cached: keep its pass, and say why there was none. */
static void keep_result(const struct plan_test *t, struct point *result)
{
	cleanup_free char *text = NULL;
	struct err err = {0};

	if (result->verdict == VERDICT_PASSED && cached_keep(t, &err) < 0)
		text = xasprintf("no: it cannot be kept: %.*s", (int)strcspn(err.text, "\n"), err.text);
	else
		text = xasprintf("no: %s", t->uncached ? t->uncached : "no earlier pass with these inputs");
	point_add_field(result, "cached", text);
}

/* ---- setups ---- */

/* A setup that failed is the failure of each of its tests, with its own reason and place. */
static void settle_setup_failed(struct runner *r, size_t number)
{
	struct plan_test *t = &r->plan->tests[number];
	const struct point *setup = t->file->setup_result;
	struct point result = {.name = xstrdup(t->name),
				.verdict = VERDICT_FAILED,
				.reason = xasprintf("setup failed: %s", setup->reason ? setup->reason : "no reason given"),
				.at = setup->at ? xstrdup(setup->at) : NULL,
				.infra = setup->infra};

	for (size_t i = 0; i < setup->nfields; i++)
		point_add_field(&result, setup->fields[i].key, setup->fields[i].value);
	settle(r, number, &result);
}

/* The setup's process has ended: its tests can go on, or cannot. */
static void setup_done(struct plan_file *f, struct world_outcome *o, const char *died)
{
	if (died || o->result.verdict != VERDICT_PASSED) {
		f->setup = SETUP_FAILED;
		f->setup_result = xcalloc(1, sizeof(*f->setup_result));
		*f->setup_result = o->result;
		o->result = (struct point){0};
		if (died)
			f->setup_result->reason = xasprintf("its process ended: %s", died);
	} else if (!o->unsaved && plan_find_layer(f)) {
		f->setup = SETUP_DONE;
	} else {
		log_line("%s: setup runs before every test, because what it leaves cannot be saved: %s", f->path,
			 o->unsaved ? o->unsaved : "it is gone from the cache");
		f->setup = SETUP_NONE;
	}
}

/* Return: false when the test has to wait for its script's setup. */
static bool setup_ready(struct runner *r, struct plan_test *t, size_t number)
{
	struct plan_file *f = t->file;

	if (f->setup == SETUP_RUNNING)
		return false;
	if (f->setup != SETUP_WANTED)
		return true;
	set_limits(r, t);
	if (f->world.cold || f->world.nmachines == 0) {
		f->setup = SETUP_NONE; /* nothing to save: each test runs it */
	} else if (plan_find_layer(f)) {
		f->setup = SETUP_DONE;
	} else {
		f->setup = SETUP_RUNNING;
		start_job(r, t, number);
		return false;
	}
	return true;
}

/* Return: false when the next test has to wait for room. */
static bool start_next(struct runner *r)
{
	size_t number = r->next;
	struct plan_test *t = &r->plan->tests[number];

	if (t->file->error) {
		settle_uncompiled(r, number);
	} else if (t->skip) {
		settle_skipped(r, number);
	} else {
		plan_resolve(t->file, r->settings);
		if (settle_cached(r, number)) {
			r->next++;
			return true;
		}
		if (r->running && (!free_job(r) || weight(t) > r->room))
			return false;
		if (!setup_ready(r, t, number))
			return false;
		if (t->file->setup == SETUP_FAILED)
			settle_setup_failed(r, number);
		else
			start_job(r, t, number);
	}
	r->next++;
	return true;
}

static void start_all(struct runner *r)
{
	while (!r->closed && !r->caught && r->next < r->plan->ntests && start_next(r))
		;
	if (!r->running)
		loop_stop(&r->loop);
	progress_update(&r->progress, r->jobs, r->njobs, r->printed, r->plan->ntests);
}

/*
 * A machine had to boot, because QEMU cannot save or resume it. It would each
 * time, so it is said once, and not tried again: not by this script when
 * arguments of `.qemu` may be the reason, else by none.
 */
static void take_no_template(struct runner *r, struct plan_file *f, const char *why)
{
	bool own = false;

	if (!why)
		return;
	if (!r->no_templates && !f->no_templates) {
		progress_clear(&r->progress);
		log_line("%s", why);
	}
	for (size_t i = 0; i < f->world.nmachines; i++)
		own |= f->world.machines[i].extra != NULL;
	f->no_templates = true;
	r->no_templates |= !own;
}

/* What setup left cannot be resumed: from now on it runs before every test, and this one runs again. */
static bool retry_without_layer(struct runner *r, struct plan_file *f, const struct world_outcome *o)
{
	if (!o->layer_failed)
		return false;
	if (f->setup == SETUP_DONE) {
		progress_clear(&r->progress);
		log_line("%s: setup runs before every test: %s", f->path, o->layer_failed);
	}
	f->setup = SETUP_NONE;
	plan_discard_layer(f);
	return true;
}

/* A machine was lost under KVM before it was ever up: from now on TCG, and this test again. */
static bool retry_under_tcg(struct runner *r, const struct world_outcome *o)
{
	cleanup_free char *note = NULL;

	if (!o->kvm_failed || r->accel.demanded)
		return false;
	if (r->accel.kind == ACCEL_TCG)
		return true; /* another test has found out already */
	note = xasprintf("KVM failed, so this and all later tests run under TCG: %s", o->kvm_failed);
	accel_remember_failure(&r->accel, r->settings->store, o->kvm_failed);
	progress_clear(&r->progress);
	tap_comment(&r->tap, note);
	return true;
}

static void take_outcome(struct runner *r, const struct job *j, struct world_outcome *o)
{
	struct point *result = &o->result;

	result->name = xstrdup(j->test->name);
	result->duration_ms = (double)(clock_now() - j->started) / 1e6;
	if (o->qemu_version[0]) {
		point_add_field(result, "accel", accel_names[r->accel.kind]);
		point_add_field(result, "qemu", o->qemu_version);
	}
	if (r->options->cached)
		keep_result(j->test, result);
	settle(r, j->number, result);
	o->result = (struct point){0};
}

static void job_done(void *arg, struct job *j, struct world_outcome *o, const char *died)
{
	struct runner *r = arg;
	struct plan_test *t = j->test;
	size_t number = j->number;

	r->running--;
	r->room += weight(t);
	take_no_template(r, t->file, o->no_template);
	if (j->setup && !retry_under_tcg(r, o)) {
		setup_done(t->file, o, died);
	} else if (j->setup) {
		t->file->setup = SETUP_WANTED;
	} else if (died) {
		cleanup_free char *why = xasprintf("the world's process ended without a verdict: %s", died);

		settle_infra(r, number, why);
	} else if (retry_without_layer(r, t->file, o) || retry_under_tcg(r, o)) {
		j->test = NULL;
		start_job(r, t, number);
	} else {
		take_outcome(r, j, o);
	}
	if (j->task.pid <= 0)
		j->test = NULL;
	world_outcome_free(o);
	start_all(r);
}

/* ---- the run ---- */

static void kill_all(struct runner *r)
{
	for (size_t i = 0; i < r->njobs; i++)
		job_kill(&r->jobs[i]);
	r->running = 0;
}

static void signal_ready(void *arg, uint32_t events)
{
	struct runner *r = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(r->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		r->caught = (int)info.ssi_signo;
	kill_all(r);
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
	progress_clear(&r->progress);
	if (r->caught) {
		cleanup_free char *why = xasprintf("interrupted by signal %d (%s); all machines are gone", r->caught,
						   strsignal(r->caught));

		tap_bail_out(&r->tap, why);
		return EXIT_INFRA;
	}
	if (r->closed) {
		log_line("the run was ended, all machines are gone");
		return EXIT_INFRA;
	}
	return r->failed ? EXIT_FAILED : r->infra ? EXIT_INFRA : r->uncompiled ? EXIT_WRONG : EXIT_PASSED;
}

static int runner_init(struct runner *r, struct err *err)
{
	const struct runner_options *o = r->options;
	long memory = host_memory_mib();

	r->njobs = (size_t)(o->jobs > 0 ? o->jobs : host_cpus());
	if (r->njobs > RUNNER_JOBS_MAX)
		r->njobs = RUNNER_JOBS_MAX;
	r->room = memory > 0 ? (long)((double)memory * MEMORY_SHARE) : 1L << 40;
	r->jobs = xcalloc(r->njobs, sizeof(*r->jobs));
	for (size_t i = 0; i < r->njobs; i++)
		r->jobs[i] = (struct job){.task.loop = &r->loop, .done = job_done, .arg = r};
	r->results = xcalloc(r->plan->ntests + 1, sizeof(struct point *));
	if (tap_open(&r->tap, err) < 0 || loop_init(&r->loop, err) < 0 || watch_signals(r, err) < 0)
		return -1;
	progress_init(&r->progress, &r->loop);
	return 0;
}

static void runner_free(struct runner *r)
{
	kill_all(r);
	for (size_t i = r->printed; i < r->plan->ntests; i++) {
		if (r->results[i])
			point_free(r->results[i]);
		free(r->results[i]);
	}
	free(r->results);
	free(r->jobs);
	free(r->accel_error);
	close(r->signals.fd);
	tap_close(&r->tap);
	loop_free(&r->loop);
}

enum exit_status runner_run(struct plan *p, const struct settings *s, const struct runner_options *o)
{
	struct runner r = {.plan = p, .settings = s, .options = o};
	struct err err = {0};
	enum exit_status status;

	if (runner_init(&r, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_INFRA;
	}
	if (p->ntests == 0) {
		r.closed = tap_skip_all(&r.tap, "no test matches the filter") < 0;
	} else if (tap_plan(&r.tap, p->ntests) < 0) {
		r.closed = true;
	} else {
		choose_accel(&r);
		start_all(&r);
		store_temp_clean(s->store, 0); /* of a run before this one that was killed */
		if (r.running)
			loop_run(&r.loop, &err);
	}
	kill_all(&r);
	if (r.caught || r.closed)
		store_temp_clean(s->store, STORE_DYING_MS);
	status = conclude(&r);
	runner_free(&r);
	return status;
}
