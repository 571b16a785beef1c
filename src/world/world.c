/* world.c - one test's world: its script process, its machines, its networks
 *
 * Theory of operation
 *
 * One loop, in a process of its own, until the script's process has ended. The
 * script sends a CALL and blocks; the world sees it through (call.h) and
 * answers. All else that happens is one of: a machine changes (machine.h tells
 * its life, the life tells the world, the world tells the call under way); the
 * script tells of a failure or a note (findings.h); a deadline passes.
 *
 * Three deadlines follow each other. A call has its own. The test's ends the
 * call under way with WIRE_OVERTIME, as well as every call that the script makes
 * afterwards, or interrupts a script that computes by SIGALRM. A script that
 * still has not ended a grace later is killed. The runner has a fourth, for a
 * world that does not end. The test's clock stands still during a call that a
 * person may take any time for (call_is_visit()). The script of a test that is to
 * be kept stands still at its first failure, and lives on (keep.h, script/halt.h).
 *
 * The end of the script's socket mostly means that its process is ending, which
 * tells more: that is waited for, HANG_UP_S at most, and then it is killed (player.h).
 *
 * Ownership. world_end() frees everything, in the order script, call, machines,
 * lives, networks. A call frees itself when it is answered, and says so first
 * (call_done()). Nothing of a machine is freed while the loop runs, so callbacks
 * may hold on to machines and lives, but never to a call.
 */
#include "world/world.h"

#include <assert.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"
#include "world/call.h"
#include "world/findings.h"
#include "world/forwards.h"
#include "world/health.h"
#include "world/jobs.h"
#include "world/journal.h"
#include "world/keep.h"
#include "world/layers.h"
#include "world/player.h"
#include "world/recorder.h"

#define SCRIPT_GRACE_S	5				   /* from the test's deadline to the script's SIGKILL; scaled */
#define HANG_UP_S	5				   /* from the end of the script's socket to that of its process; scaled */

struct world {
	const struct spec *spec;
	struct loop loop;
	struct machine *machines;
	struct life *lives; /* of each machine */
	struct net_switch *switches[SPEC_NETS_MAX];
	struct call_owner call_owner;
	struct call *call; /* under way, or NULL */
	struct jobs jobs;
	struct forwards forwards;

	struct player player;
	bool halted; /* the script stands still for people, or has ended since */
	struct layers layers;
	uint64_t deadline;
	char *overtime; /* why no call is begun any more, or NULL */
	struct timer test_timer, kill_timer;
	struct findings findings;
	struct recorder recorder;
	struct visitors visitors;
	uint64_t paused; /* the test's clock stands still since then, or 0 */
};

static uint64_t seconds_from_now(const struct world *w, double s)
{
	return clock_now() + (uint64_t)(s * w->spec->accel->slow * 1e9);
}

/* ---- the script ---- */

/* For a person who waits. */
static void show_call(const struct world *w)
{
	const struct call *c = w->call;
	cleanup_free char *text = c ? xasprintf("%s%s%s", c->words, *c->place ? ", " : "", c->place) : NULL;

	glimpse_set(w->spec->doing, text ? text : "", c ? c->begun : 0, c ? c->until : 0);
}

static void tell_script(struct world *w, enum wire_script_type what)
{
	struct buf *out = &w->player.link.stream.out;

	wire_end(out, wire_begin(out, what, 0));
	link_flush(&w->player.link);
}

/* The script waits for what it is told. Return: whether it is to stand still, which ends the test. */
static bool halt(struct world *w)
{
	if (!keep_wants(w->spec, &w->findings.outcome->result))
		return false;
	tell_script(w, WIRE_HALT);
	w->halted = true;
	loop_stop(&w->loop);
	return true;
}

static void answer_halt(struct world *w)
{
	if (!halt(w))
		tell_script(w, WIRE_GO);
}

static void begin_call(struct world *w, const struct frame *f)
{
	if (w->halted || halt(w)) /* what has failed without the script's doing, it comes to know here */
		return;
	if (w->call) {
		player_distrust(&w->player, "made a call while another one was under way");
		return;
	}
	w->call = call_begin(&w->call_owner, f, w->deadline);
	if (!w->call) {
		player_distrust(&w->player, "sent a malformed call");
		return;
	}
	recorder_call(&w->recorder, w->call);
	show_call(w);
	if (call_is_visit(w->call->kind)) { /* the test's time stands still */
		w->paused = clock_now();
		loop_timer(&w->loop, &w->test_timer, CLOCK_NEVER);
	}
	if (w->overtime) {
		call_expire(w->call, w->overtime);
		return;
	}
	layers_wake(&w->layers);
	if (w->call)
		call_go(w->call);
}

static void call_done(void *arg, struct call *c)
{
	struct world *w = arg;

	assert(w->call == c);
	recorder_answer(&w->recorder, c);
	w->call = NULL;
	show_call(w);
	if (c->kind == WIRE_CALL_INTERACT)
		visitors_dismiss(&w->visitors);
	if (w->paused && !w->overtime) {
		w->deadline += clock_now() - w->paused;
		loop_timer(&w->loop, &w->test_timer, w->deadline);
	}
	w->paused = 0;
}

static bool keep_picture(void *arg, const struct call *c, const struct buf *png)
{
	return recorder_picture(&((struct world *)arg)->recorder, c, png);
}

/* A call may have been answered while the frame was on its way. */
static void relay(struct world *w, const struct frame *f)
{
	if (w->call)
		call_relay(w->call, f);
}

static void interrupt(struct world *w)
{
	if (w->call)
		call_expire(w->call, "interrupted");
}

/* What a setup has left running ends with it, also where no other world has run it (--cold). */
static void end_setup(struct world *w)
{
	jobs_kill(&w->jobs);
	forwards_free(&w->forwards); /* a port of the host is no part of what a setup leaves */
}

static void script_frame(void *arg, const struct frame *f)
{
	struct world *w = arg;

	if (f->type == WIRE_EVENT)
		recorder_event(&w->recorder, f);
	if (f->type == WIRE_EVENT && f->len && f->payload[0] == WIRE_EVENT_BODY)
		end_setup(w);
	if (f->type == WIRE_CALL)
		begin_call(w, f);
	else if (f->type == WIRE_INPUT || f->type == WIRE_RESIZE || f->type == WIRE_TAKEN)
		relay(w, f);
	else if (f->type == WIRE_EVENT && findings_event(&w->findings, f) < 0)
		player_distrust(&w->player, "sent a malformed event");
	else if (f->type == WIRE_FINISHED)
		w->player.finished = true;
	else if (f->type == WIRE_INTERRUPT)
		interrupt(w);
	else if (f->type == WIRE_HALT)
		answer_halt(w);
	else if (f->type != WIRE_EVENT)
		player_distrust(&w->player, "sent an unknown message");
}

static void explain_end(struct world *w, int status)
{
	cleanup_free char *how = proc_status_text(status);
	cleanup_free char *why = xasprintf("the script process ended in the middle of the test: %s", how);

	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		findings_fail_infra(&w->findings, why); /* nothing in a script does that: the OOM killer, or a person */
	else
		findings_fail(&w->findings, why);
}

static void script_failed(void *arg, const char *message)
{
	struct world *w = arg;

	if (!w->halted)
		findings_fail(&w->findings, message);
}

static void script_ended(void *arg, int status)
{
	struct world *w = arg;

	if (w->halted) { /* the test was over before */
		player_settle(&w->player);
		return;
	}
	loop_stop(&w->loop);
	if (!w->player.finished && !w->findings.faulted && !w->player.killed)
		explain_end(w, status);
}

/* ---- deadlines ---- */

static void test_overtime(void *arg)
{
	struct world *w = arg;

	w->overtime = xasprintf("the test's time limit of %.0f s passed", w->spec->test_timeout);
	loop_timer(&w->loop, &w->kill_timer, seconds_from_now(w, SCRIPT_GRACE_S) + w->call_owner.grace);
	if (w->call)
		call_expire(w->call, w->overtime);
	else
		player_interrupt(&w->player);
}

static void script_stuck(void *arg)
{
	struct world *w = arg;

	findings_fail(&w->findings, "the test's time limit passed and the script did not stop");
	player_kill(&w->player);
}

/* ---- machines ---- */

static void machine_began(void *arg, struct machine *m)
{
	struct world *w = arg;

	recorder_began(&w->recorder, &w->lives[m->index]);
}

static void console_said(void *arg, const struct machine *m, const char *line)
{
	recorder_console(&((struct world *)arg)->recorder, m, line);
}

static void machine_heard(void *arg, struct machine *m)
{
	struct world *w = arg;

	if (w->call)
		call_machine_heard(w->call, m);
	visitors_machine_heard(&w->visitors, m);
}

static void machine_changed(void *arg, struct machine *m)
{
	struct world *w = arg;

	recorder_changed(&w->recorder, m);
	if (w->call)
		call_machine_changed(w->call, m);
	visitors_machine_changed(&w->visitors, m);
	forwards_machine_changed(&w->forwards, m);
	layers_machine_changed(&w->layers);
}

static void machine_stopped(void *arg, struct machine *m)
{
	struct world *w = arg;

	findings_machine_stopped(&w->findings, m);
	machine_changed(w, m);
}

/* ---- people ---- */

static void arrived(void *arg)
{
	struct world *w = arg;

	for (size_t i = 0; i < w->spec->nmachines; i++)
		machine_resume(&w->machines[i]);
}

/* The script that waits for somebody goes on; without one, the world ends. */
static void go_on(struct world *w, bool somebody_came)
{
	if (w->call && w->call->kind == WIRE_CALL_INTERACT)
		call_result(w->call, WIRE_OK, somebody_came, 0, 0, "");
	else
		loop_stop(&w->loop);
}

static void left(void *arg)
{
	struct world *w = arg;

	if (w->call)
		go_on(w, true);
}

static void visits_over(void *arg)
{
	go_on(arg, false);
}

/* Let who has the other end of @fd into the script's process. Return: whether it was there to be told. */
static bool let_in(void *arg, int fd)
{
	struct world *w = arg;
	cleanup_buf struct buf out = {0};

	if (w->player.exit.fd < 0 || (!w->halted && !w->call))
		return false;
	wire_end(&out, wire_begin(&out, WIRE_ENTER, 0));
	return link_pass(&w->player.link, &out, fd) == 0;
}

/* The script has called interact() where there is no terminal. */
static void await_visit(void *arg, struct call *c)
{
	struct world *w = arg;
	struct err err = {0};

	if (keep_await(&w->visitors, c, &err) < 0)
		call_answer(c, WIRE_REFUSED, err.text);
}

/* ---- life ---- */

static void world_init(struct world *w, const struct spec *spec, struct world_outcome *out)
{
	*w = (struct world){
		.spec = spec,
		.findings.outcome = out,
		.player = {.loop = &w->loop,
			   .link.stream.out_max = CALL_OUT_MAX,
			   .patience = (uint64_t)(HANG_UP_S * spec->accel->slow * 1e9),
			   .heard = script_frame,
			   .failed = script_failed,
			   .ended = script_ended,
			   .arg = w},
		.test_timer = {.expired = test_overtime, .arg = w},
		.kill_timer = {.expired = script_stuck, .arg = w},
		.deadline = clock_now() + (uint64_t)(spec->test_timeout * 1e9),
	};
	player_init(&w->player);
	w->machines = xcalloc(spec->nmachines, sizeof(*w->machines));
	w->lives = xcalloc(spec->nmachines, sizeof(*w->lives));
	recorder_init(&w->recorder, spec);
	w->call_owner = (struct call_owner){
		.loop = &w->loop,
		.script = &w->player.link,
		.lives = w->lives,
		.nlives = spec->nmachines,
		.jobs = &w->jobs,
		.forwards = &w->forwards,
		.switches = w->switches,
		.world = spec,
		.grace = (uint64_t)(CALL_GRACE_S * spec->accel->slow * 1e9),
		.done = call_done,
		.keep = keep_picture,
		.await = await_visit,
		.arg = w,
	};
	w->layers = (struct layers){.loop = &w->loop, .spec = spec, .lives = w->lives, .switches = w->switches};
	w->visitors = (struct visitors){
		.loop = &w->loop,
		.lives = w->lives,
		.nlives = spec->nmachines,
		.jobs = &w->jobs,
		.forwards = &w->forwards,
		.switches = w->switches,
		.spec = spec,
		.grace = w->call_owner.grace,
		.seconds = spec->visits.seconds,
		.arrived = arrived,
		.left = left,
		.over = visits_over,
		.enter = let_in,
		.arg = w,
	};
}

/* Another generator for each network: what one loses, another does not. */
static void begin_network(struct world *w, size_t i)
{
	w->switches[i] = switch_new(&w->loop);
	faults_seed(switch_faults(w->switches[i]), w->spec->seed << 8 | i);
}

static void make_machines(struct world *w)
{
	const struct machine_owner owner = {.up = machine_changed,
					    .stopped = machine_stopped,
					    .began = machine_began,
					    .said = console_said,
					    .heard = machine_heard,
					    .arg = w};

	for (size_t i = 0; i < w->spec->nnets; i++)
		begin_network(w, i);
	for (size_t i = 0; i < w->spec->nmachines; i++) {
		machine_init(&w->machines[i], w->spec, i, &w->loop, w->switches, &owner);
		life_init(&w->lives[i], &w->machines[i], &owner);
	}
}

static void world_end(struct world *w)
{
	player_end(&w->player);
	visitors_close(&w->visitors);
	if (w->call)
		call_drop(w->call);
	player_free(&w->player);
	forwards_free(&w->forwards);
	for (size_t i = 0; i < w->spec->nmachines; i++) {
		machine_free(&w->machines[i]);
		life_free(&w->lives[i]);
	}
	jobs_free(&w->jobs);
	for (size_t i = 0; i < w->spec->nnets; i++)
		switch_free(w->switches[i]);
	free(w->machines);
	free(w->lives);
	free(w->overtime);
	findings_free(&w->findings);
	recorder_free(&w->recorder);
	loop_free(&w->loop);
	free(w);
}

/* What of the machines could not be had that would have saved a boot, or a setup. */
static void add_lacks(struct world *w, struct world_outcome *o)
{
	for (size_t i = 0; i < w->spec->nmachines; i++) {
		const struct life *l = &w->lives[i];

		if (l->no_template && !o->no_template)
			o->no_template = xasprintf("%s: %s", l->machine->spec->name, l->no_template);
		if (l->layer_failed && !o->layer_failed)
			o->layer_failed = xstrdup(l->machine->gone);
		o->unfinished |= l->unfinished;
	}
}

/* A setup came to its end: keep what it made. */
static void save(struct world *w, struct world_outcome *o)
{
	if (!w->spec->save_to || !w->player.finished || o->result.verdict != VERDICT_PASSED)
		return;
	end_setup(w);
	layers_save(&w->layers, w->machines, o);
}

/* A call that its script did not live to see answered is forgotten first, as the loop runs on. Return: whether machines can be asked. */
static bool forget_call(struct world *w)
{
	struct call *c = w->call;

	if (c && (c->stage != CALL_ASKED || !c->life))
		return false; /* its machine is busy */
	if (c)
		call_drop(c);
	w->call = NULL;
	return true;
}

/* What a setup left behind is told of the tests that begin with it. */
static void look_after(struct world *w, const struct world_outcome *o)
{
	const struct spec *s = w->spec;

	if (s->check_health && !s->save_to && o->result.verdict != VERDICT_SKIPPED && forget_call(w))
		health_check(&w->findings, &w->loop, w->machines, s->nmachines, s->health);
}

static void take_journals(struct world *w, const struct world_outcome *o)
{
	if (!w->spec->record || o->result.verdict != VERDICT_FAILED || !forget_call(w))
		return;
	journal_take(&w->loop, w->machines, w->spec->nmachines, w->recorder.trace);
}

static void run(struct world *w, void (*script)(void *arg, int fd), void *arg, struct err *err)
{
	loop_timer(&w->loop, &w->test_timer, w->deadline);
	if (player_start(&w->player, script, arg, err) == 0)
		loop_run(&w->loop, err);
	loop_timer(&w->loop, &w->test_timer, CLOCK_NEVER);
	loop_timer(&w->loop, &w->kill_timer, CLOCK_NEVER);
	player_settle(&w->player);
	if (!err->text[0]) /* a machine may have died while the script came to its end */
		loop_poll(&w->loop, err);
}

struct world *world_play(const struct spec *spec, void (*script)(void *arg, int fd), void *arg, struct world_outcome *out)
{
	struct world *w = xcalloc(1, sizeof(*w));
	struct err err = {0};

	*out = (struct world_outcome){0};
	world_init(w, spec, out);
	make_machines(w);
	if (loop_init(&w->loop, &err) == 0)
		run(w, script, arg, &err);
	if (err.text[0])
		findings_fail_infra(&w->findings, err.text);
	else
		look_after(w, out);
	findings_finish(&w->findings, w->machines, spec->nmachines);
	recorder_end(&w->recorder, spec->save_to != NULL);
	if (!err.text[0])
		take_journals(w, out);
	if (!err.text[0])
		save(w, out);
	add_lacks(w, out);
	out->result.trace = recorder_steal(&w->recorder);
	if (!err.text[0] && keep_begin(&w->visitors, w->machines, out))
		return w;
	world_end(w);
	return NULL;
}

void world_keep(struct world *w)
{
	struct err err = {0};

	if (w->call)
		call_abandon(w->call);
	w->call = NULL;
	loop_run(&w->loop, &err);
	world_end(w);
}

void world_run(const struct spec *spec, void (*script)(void *arg, int fd), void *arg, struct world_outcome *out)
{
	struct world *w = world_play(spec, script, arg, out);

	assert(!w);
}
