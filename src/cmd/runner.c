/* runner.c - running a plan: a world per test, points in plan order
 *
 * Theory of operation
 *
 * The runner tells the plan and forks a world per test (job.c), which inherits
 * the compiled script. What starts when is schedule.c's; what becomes of it is
 * settle.c's, so that the output is the same however tests overlap; what is
 * done without when it does not work is fallback.c's. All that the runner says
 * goes to reporters (report/).
 *
 * The runner itself never waits for long but in its event loop: what takes time
 * is a child, and a report whose reader stalls hears signals. A signal that ends
 * the run stops the loop. Worlds are killed with SIGKILL then: QEMU and the
 * script process are tied to their world by PDEATHSIG. What they were building
 * in the cache is removed once they are gone; after a SIGKILL of the runner
 * itself the next run does that.
 */
#include "cmd/runner.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "cmd/failed.h"
#include "cmd/schedule.h"
#include "report/artifacts.h"
#include "report/events.h"
#include "report/github.h"
#include "report/junit.h"
#include "report/progress.h"
#include "report/summary.h"
#include "report/tap.h"
#include "store/store.h"

/**
 * struct runner - A run
 * @caught:	Signal that ends it, or 0
 * @closed:	stdout is gone, or events cannot be waited for
 */
struct runner {
	struct loop loop;
	struct watch signals;
	struct tap tap;
	struct progress progress;
	struct phases phases;
	struct junit junit;
	struct events events;
	struct artifacts artifacts;
	struct github github;
	struct summary summary;
	struct report report;
	struct settle settle;
	struct fallback fallback;
	struct schedule schedule;
	char *accel_error;
	int caught;
	bool closed;
};

/* ---- signals ---- */

/* Look whether a signal has come; from then on nothing may wait for a reader. */
static void take_signal(struct runner *r)
{
	struct signalfd_siginfo info;

	if (read(r->signals.fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	r->caught = (int)info.ssi_signo;
	report_hurry(&r->report, clock_now() + REPORT_LAST_MS * NS_PER_MS);
}

static void signal_ready(void *arg, uint32_t events)
{
	struct runner *r = arg;

	(void)events;
	take_signal(r);
	loop_stop(&r->loop);
}

static int watch_signals(struct runner *r, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	r->signals = (struct watch){.ready = signal_ready, .arg = r};
	if (loop_signals(&r->loop, &r->signals, &set, err) < 0)
		return -1;
	report_interrupt(&r->report, r->signals.fd);
	return 0;
}

/* In each process that is forked. */
static void in_child(void *arg)
{
	struct runner *r = arg;
	sigset_t none;

	fd_close(&r->signals.fd);
	report_forget(&r->report);
	signal(SIGALRM, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- the run ---- */

/* Say what machines run on, once, before the first point. */
static void choose_accel(struct runner *r, const char *wanted)
{
	struct accel *a = &r->fallback.accel;
	struct err err = {0};
	cleanup_free char *text = NULL;

	a->slow = 1.0;
	if (!plan_has_machines(r->schedule.plan) && !plan_needs(r->schedule.plan, "kvm"))
		return;
	if (accel_choose(wanted, r->fallback.store, a, &err) < 0 ||
	    accel_choose("tcg", r->fallback.store, &r->fallback.tcg, &err) < 0) {
		r->schedule.accel_error = r->accel_error = xstrdup(err.text);
		a->slow = 1.0;
		return;
	}
	text = xasprintf("accelerator: %s (%s)%s%s", accel_names[a->kind], a->reason,
			 a->hint[0] ? "; for KVM: " : "", a->hint);
	report_comment(&r->report, text);
}

/* Tell the last words. */
static enum exit_status conclude(struct runner *r)
{
	if (r->caught) {
		cleanup_free char *why = xasprintf("interrupted by signal %d (%s); all machines are gone", r->caught,
						   strsignal(r->caught));

		report_hurry(&r->report, clock_now() + REPORT_LAST_MS * NS_PER_MS);
		report_bail_out(&r->report, why);
		return EXIT_INFRA;
	}
	if (r->closed) {
		report_end(&r->report);
		log_line("the run was ended, all machines are gone");
		return EXIT_INFRA;
	}
	if (r->schedule.bail) {
		report_bail_out(&r->report, r->schedule.bail);
		return EXIT_FAILED;
	}
	return report_end(&r->report) < 0 ? EXIT_INFRA : settle_status(&r->settle);
}

/* The reports that go to files. */
static int add_files(struct runner *r, struct err *err)
{
	const struct runner_options *o = r->schedule.options;

	phases_init(&r->phases);
	report_add(&r->report, &r->phases.reporter); /* before what shows the sums */
	if (o->junit && junit_open(&r->junit, o->junit, err) < 0)
		return -1;
	if (o->junit)
		report_add(&r->report, &r->junit.reporter);
	if (o->json && events_open(&r->events, o->json, VMTAP_VERSION, &r->phases, err) < 0)
		return -1;
	if (o->json)
		report_add(&r->report, &r->events.reporter);
	if (o->artifacts && artifacts_open(&r->artifacts, o->artifacts, &r->phases, o->again, err) < 0)
		return -1;
	if (o->artifacts)
		report_add(&r->report, &r->artifacts.reporter);
	return 0;
}

static int runner_init(struct runner *r, struct err *err)
{
	const struct runner_options *o = r->schedule.options;

	if (tap_open(&r->tap, err) < 0 || loop_init(&r->loop, err) < 0)
		return -1;
	r->tap.nested = o->nested;
	if (o->nested)
		r->tap.version = TAP_VERSION_MAX;
	progress_init(&r->progress, &r->loop);
	report_add(&r->report, &r->progress.reporter); /* before what prints on the same terminal */
	report_add(&r->report, &r->tap.reporter);
	if (add_files(r, err) < 0)
		return -1;
	github_init(&r->github);
	if (github_is_here())
		report_add(&r->report, &r->github.reporter);
	summary_init(&r->summary, r->tap.fd, &r->phases, o->again);
	report_add(&r->report, &r->summary.reporter);
	if (watch_signals(r, err) < 0)
		return -1;
	settle_init(&r->settle, &r->report, r->schedule.plan);
	schedule_init(&r->schedule);
	return 0;
}

static void runner_free(struct runner *r)
{
	schedule_free(&r->schedule);
	settle_free(&r->settle);
	free(r->accel_error);
	loop_unwatch(&r->loop, &r->signals);
	fd_close(&r->signals.fd);
	summary_free(&r->summary);
	github_free(&r->github);
	if (r->schedule.options->json)
		events_close(&r->events);
	artifacts_close(&r->artifacts);
	junit_close(&r->junit);
	phases_free(&r->phases);
	tap_close(&r->tap);
	loop_free(&r->loop);
}

/* Run all tests, or as many as a signal and stdout let us; nothing runs any more afterwards. */
static void run_tests(struct runner *r)
{
	const char *store = r->fallback.store;
	struct err err = {0};

	schedule_go(&r->schedule);
	store_temp_clean(store, 0); /* of a run before this one that was killed */
	if (!r->loop.stopped)
		loop_run(&r->loop, &err);
	if (err.text[0])
		report_notice(&r->report, "%s", err.text);
	if (r->settle.silenced)
		take_signal(r);
	r->closed = !r->caught && (r->settle.silenced || err.text[0]);
	schedule_stop(&r->schedule, r->caught || r->closed || r->schedule.bail);
	if (r->caught || r->closed || schedule_gave_up(&r->schedule))
		store_temp_clean(store, STORE_DYING_MS);
	if (!r->caught && !r->closed && !r->schedule.bail && schedule_gave_up(&r->schedule))
		settle_rest(&r->settle);
	failed_keep(store, &r->settle);
}

/* The results are told, and what is kept waits for people. A signal ends that, and changes no result. */
static void hold(struct runner *r)
{
	const size_t n = schedule_count_kept(&r->schedule);
	const double seconds = r->schedule.options->kept.seconds;
	struct err err = {0};

	if (n == 0)
		return;
	if (seconds > 0)
		log_line("%zu failed test%s kept for %g s, and as long after each visit: vmtap attach", n, n > 1 ? "s are" : " is",
			 seconds);
	else
		log_line("%zu failed test%s kept: vmtap attach, from another terminal; ^C ends", n, n > 1 ? "s are" : " is");
	r->schedule.holding = true;
	loop_run(&r->loop, &err);
	schedule_stop(&r->schedule, true);
	log_line("what was kept is gone");
}

enum exit_status runner_run(struct plan *p, const struct settings *s, const struct runner_options *o)
{
	struct runner r = {0};
	struct err err = {0};
	enum exit_status status;

	r.fallback = (struct fallback){.report = &r.report, .store = s->store};
	r.schedule = (struct schedule){
		.plan = p,
		.settings = s,
		.options = o,
		.loop = &r.loop,
		.report = &r.report,
		.settle = &r.settle,
		.fallback = &r.fallback,
		.in_child = in_child,
		.arg = &r,
	};
	if (runner_init(&r, &err) < 0) {
		log_line("%s", err.text);
		return EXIT_INFRA;
	}
	if (report_plan(&r.report, p->ntests, o->nothing) < 0) {
		take_signal(&r);
		r.closed = !r.caught;
	} else if (p->ntests > 0) {
		if (o->remark)
			report_comment(&r.report, o->remark);
		choose_accel(&r, o->accel);
		run_tests(&r);
	}
	status = conclude(&r);
	hold(&r);
	runner_free(&r);
	return status;
}
