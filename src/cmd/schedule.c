/* schedule.c - what runs when: tests in the order of the plan, as many at a time as there are jobs and memory for
 *
 * Theory of operation
 *
 * schedule_go() looks at the next test of the plan and starts it, or what it
 * waits for, until there is nothing to start: because there is no free job, no
 * room for its machines' memory, its script's images are being prepared, or its
 * script's setup runs. A test that is larger than all the room runs alone.
 * Everything that ends (a job, a preparation) calls schedule_go() again.
 *
 * Nothing is counted twice: which jobs are busy, and with how much memory, is
 * asked of the jobs.
 */
#include "cmd/schedule.h"

#include <string.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/host.h"
#include "base/mem.h"
#include "cmd/lacks.h"
#include "cmd/limits.h"
#include "cmd/work.h"
#include "report/artifacts.h"
#include "script/script.h"

#define QEMU_OVERHEAD_MIB 100 /* of a QEMU process beside its guest's memory (RSS 40, translation buffer) */
#define MEMORY_SHARE	  0.8 /* of what is free: the rest is for everybody else */

static struct file_run *file_of(const struct schedule *s, const struct plan_test *t)
{
	return &s->files[t->file - s->plan->files];
}

/* ---- jobs ---- */

/* Those that are held have places of their own, beyond the ones that the user allows. */
static struct job *find_free_job(const struct schedule *s)
{
	struct job *found = NULL;
	size_t under_way = 0;

	for (size_t i = 0; i < s->nplaces; i++) {
		under_way += job_is_under_way(&s->jobs[i]);
		found = job_is_busy(&s->jobs[i]) ? found : &s->jobs[i];
	}
	return under_way < s->njobs ? found : NULL;
}

/* Return: how many jobs are under way; @memory is set to the MiB that they may need, and those that are held. */
static size_t count_busy(const struct schedule *s, long *memory)
{
	size_t n = 0;

	*memory = 0;
	for (size_t i = 0; i < s->nplaces; i++) {
		n += job_is_under_way(&s->jobs[i]);
		if (job_is_busy(&s->jobs[i]))
			*memory += s->jobs[i].memory;
	}
	if (freeze_is_busy(&s->freeze))
		*memory += freeze_weigh(s->freeze.file, QEMU_OVERHEAD_MIB);
	return n;
}

/* Return: MiB that a test's machines may come to need, all of them started. */
static long weigh(const struct plan_test *t)
{
	const struct spec *w = &t->file->world;
	long mib = 0;

	for (size_t i = 0; i < w->nmachines; i++)
		mib += w->machines[i].memory + QEMU_OVERHEAD_MIB;
	return mib;
}

static bool has_room(const struct schedule *s, const struct plan_test *t)
{
	long used;

	return count_busy(s, &used) == 0 || (find_free_job(s) && weigh(t) <= s->room - used);
}

/* Fill in what of the world of a test's script depends on the run. */
static void set_world(const struct schedule *s, size_t number)
{
	const struct plan_test *t = &s->plan->tests[number];
	struct spec *w = &t->file->world;

	w->record = s->options->json || s->options->artifacts;
	w->seed = (uint64_t)s->options->seed;
	w->check_health = true;
	w->health = t->health;
	w->pictures = s->options->artifacts != NULL;
	w->accel = fallback_accel(s->fallback, &s->tests[number].fallback);
	w->cold = s->options->cold || s->fallback->no_templates || file_of(s, t)->fallback.no_templates;
	if (s->accel_error) { /* for the tests that use a machine, and only those */
		w->qemu = NULL;
		w->qemu_missing = s->accel_error;
	}
	limits_set(w, s->settings, t->timeout, s->options->timeout);
	kept_set(&s->options->kept, t, s->permits, !s->options->retry_infra || s->tests[number].infra, &w->visits);
}

/* Return: 0, or -1. */
static int start_job(struct schedule *s, size_t number, bool setup, int stage, struct err *err)
{
	struct plan_test *t = &s->plan->tests[number];
	struct job *j = find_free_job(s);

	set_world(s, number);
	setups_begin(&file_of(s, t)->setups, t->file, stage);
	if (s->options->cached) /* again: a test that was tried under KVM may be under TCG now */
		cached_name(t, &file_of(s, t)->inputs, &s->tests[number].key);
	free(steal(t->file->log_dir));
	if (s->options->artifacts && !setup)
		t->file->log_dir = artifacts_path(s->options->artifacts, number + 1, t->name);
	j->test = t;
	j->number = number;
	j->setup = setup;
	j->stage = stage;
	j->begun = t->file->begun;
	free(j->title);
	j->title = setup ? setups_title(t->file, stage) : NULL;
	t->file->world.finish_later = !setup; /* of what a setup leaves only a thawed machine can be frozen */
	j->accel = t->file->world.accel->kind;
	j->memory = weigh(t);
	j->life = script_may_interact(t->file->script) ? LIMITS_LIFE_WITH_PEOPLE : limits_life(&t->file->world, setup);
	t->file->world.doing = s->doing ? &s->doing[j - s->jobs] : NULL;
	glimpse_set(t->file->world.doing, "", 0, 0); /* of a world that was killed */
	return job_start(j, setup ? work_setup : work_test, err);
}

static int stage_of(const struct plan_test *t)
{
	return script_test(t->file->script, t->index)->stage;
}

static void start_test(struct schedule *s, size_t number)
{
	struct err err = {0};

	if (start_job(s, number, false, stage_of(&s->plan->tests[number]), &err) < 0)
		settle_infra(s->settle, number, err.text);
}

/* ---- setups ---- */

static void start_setup(struct schedule *s, struct setup_run *setup, size_t number, int stage)
{
	struct err err = {0};

	setup->state = SETUP_RUNNING;
	if (start_job(s, number, true, stage, &err) < 0)
		setups_break(setup, xstrdup(err.text));
}

/* For those who show what happened: a setup is no point of its own. */
static void tell_setup(struct schedule *s, const struct job *j, struct point *p)
{
	if (!p->trace)
		return;
	p->name = xasprintf("setup of %s%s", j->test->file->path, j->test->file->variant_name);
	p->script = xstrdup(j->test->file->path);
	p->duration_ms = (double)(clock_now() - j->started) / 1e6;
	report_setup(s->report, p);
}

/* Return: whether a test need not wait for a setup any more, which it begins with. */
static bool is_setup_over(struct schedule *s, size_t number, int stage)
{
	struct plan_test *t = &s->plan->tests[number];
	struct setups *setups = &file_of(s, t)->setups;
	struct setup_run *setup = setups_at(setups, stage), *before;
	int parent = setups_parent(t->file, stage);
	const struct spec *w = &t->file->world;

	if (setup->state != SETUP_WANTED)
		return setup->state != SETUP_RUNNING;
	set_world(s, number);
	if (w->cold || w->nmachines == 0) {
		setup->state = SETUP_NONE; /* nothing to save: each test runs it */
		return true;
	}
	if (setups_find(setups, t->file, stage))
		return true;
	if (parent != SCRIPT_NOTHING && !is_setup_over(s, number, parent))
		return false;
	before = parent == SCRIPT_NOTHING ? NULL : setups_at(setups, parent);
	if (before && before->state == SETUP_UNMET)
		setups_break_like(setup, before);
	else if (find_free_job(s)) /* a parent's may have taken the last one */
		start_setup(s, setup, number, stage);
	return setup->state != SETUP_RUNNING && setup->state != SETUP_WANTED;
}

/* ---- freezing ---- */

/* Finish the templates of a script whose tests have copied what there was, one script at a time and where there is room. */
static void freeze_next(struct schedule *s)
{
	for (size_t i = 0; i < s->plan->nfiles && !freeze_is_busy(&s->freeze); i++) {
		struct plan_file *plan = &s->plan->files[i];
		long used;

		if (s->files[i].frozen != FREEZE_WANTED ||
		    (count_busy(s, &used) && used + freeze_weigh(plan, QEMU_OVERHEAD_MIB) > s->room))
			continue;
		s->files[i].frozen = FREEZE_BEGUN;
		free(s->freezing);
		s->freezing = xasprintf("machines of '%s', made ready for later", plan->path);
		freeze_start(&s->freeze, plan);
	}
}

static void freeze_done(void *arg)
{
	schedule_go(arg);
}

/* ---- what ends ---- */

/* A test that was run with --cached: keep its pass, and say why there was none. */
static void keep_pass(const struct plan_test *t, const struct cached_key *key, struct point *result)
{
	cleanup_free char *text = NULL;
	struct err err = {0};

	if (result->verdict == VERDICT_PASSED && !result->todo && cached_keep(t, key, &err) < 0)
		text = xasprintf("no: it cannot be kept: %.*s", (int)strcspn(err.text, "\n"), err.text);
	else
		text = xasprintf("no: %s", key->why ? key->why : "no earlier pass with these inputs");
	point_add_field(result, "cached", text);
}

static void take_result(struct schedule *s, const struct job *j, struct world_outcome *o)
{
	struct point *result = &o->result;

	result->duration_ms = (double)(clock_now() - j->started) / 1e6;
	if (o->qemu_version[0]) {
		point_add_field(result, "accel", accel_names[j->accel]);
		point_add_field(result, "qemu", o->qemu_version);
	}
	if (s->tests[j->number].infra)
		point_add_field(result, "tried_again", s->tests[j->number].infra);
	if (s->options->cached)
		keep_pass(j->test, &s->tests[j->number].key, result);
	settle_result(s->settle, j->number, result);
	o->result = (struct point){0};
}

/* Return: whether the test is a skip, as the host has not what it needs. */
static bool settle_lacking(struct schedule *s, size_t number)
{
	const struct lacks_host host = {.accel = s->accel_error ? NULL : &s->fallback->accel, .memory = s->memory};
	struct point result;

	if (!lacks_find(s->plan->tests[number].needs, &host, &result))
		return false;
	settle_result(s->settle, number, &result);
	return true;
}

/* Return: whether the infrastructure has failed the test, and it is to be tried once more. */
static bool retry_infra(struct schedule *s, size_t number, const struct point *result, const char *died)
{
	struct test_run *t = &s->tests[number];

	if (!s->options->retry_infra || t->infra || !(died || (point_has_failed(result) && result->infra)))
		return false;
	t->infra = xstrdup(died ? died : result->reason ? result->reason : "no reason given");
	return true;
}

/* Return: whether the job is to be done again without what it began with, which cannot be resumed. */
static bool without_layer(struct schedule *s, const struct job *j, const struct world_outcome *o)
{
	return setups_forget(&file_of(s, j->test)->setups, j->test->file, j->begun, o, s->report);
}

/* What is told of the test has its turn at once: those before it, which have not ended, are over, and none behind it is told. */
static void bail_out(struct schedule *s, const struct job *j, struct world_outcome *o)
{
	if (!o->bail || s->bail)
		return;
	s->bail = steal(o->bail);
	if (!j->setup)
		settle_before(s->settle, j->number);
}

static void job_done(void *arg, struct job *j, struct world_outcome *o, const char *died)
{
	struct schedule *s = arg;
	struct plan_file *plan = j->test->file;
	struct file_run *f = file_of(s, j->test);
	struct fallback_test *t = &s->tests[j->number].fallback;
	cleanup_free char *why = xasprintf("the world's process ended without a verdict: %s", died ? died : "");

	kept_tell(s->report, j, o);
	fallback_take_template(s->fallback, &f->fallback, &plan->world, o);
	if (o->unfinished && f->frozen == FREEZE_UNKNOWN)
		f->frozen = FREEZE_WANTED;
	bail_out(s, j, o);
	if (j->setup && (fallback_take_accel(s->fallback, &f->fallback, t, o) || (!died && without_layer(s, j, o)))) {
		setups_at(&f->setups, j->stage)->state = SETUP_WANTED;
	} else if (j->setup) {
		tell_setup(s, j, &o->result);
		setups_take(&f->setups, plan, j->stage, o, died, s->report);
	} else if ((!died && without_layer(s, j, o)) ||
		   (!died && fallback_take_accel(s->fallback, &f->fallback, t, o)) ||
		   retry_infra(s, j->number, &o->result, died)) {
		start_test(s, j->number);
	} else if (died) {
		settle_infra(s->settle, j->number, why);
	} else if (!t->kvm_failed || !settle_lacking(s, j->number)) { /* which without KVM is none of the test's */
		take_result(s, j, o);
	}
	world_outcome_free(o);
	schedule_go(s);
}

/* A kept world has ended, in the middle of the run or when all else is over. */
static void job_left(void *arg, struct job *j)
{
	struct schedule *s = arg;

	(void)j;
	if (!s->holding)
		schedule_go(s);
	else if (schedule_count_kept(s) == 0)
		loop_stop(s->loop);
}

static void prepare_done(void *arg)
{
	struct schedule *s = arg;

	s->files[s->prepare.file - s->plan->files].prepared = true;
	schedule_go(s);
}

/* ---- what starts ---- */

/* Return: whether the machines of a script need not be waited for any more. */
static bool is_prepared(struct schedule *s, struct plan_file *plan)
{
	struct file_run *f = &s->files[plan - s->plan->files];

	if (f->prepared || prepare_is_busy(&s->prepare))
		return f->prepared;
	plan_describe(plan, s->settings);
	setups_expect(&f->setups, plan->script);
	f->prepared = !prepare_start(&s->prepare, plan);
	if (!f->prepared) {
		free(s->preparing);
		s->preparing = xasprintf("images of '%s'", plan->path);
	}
	return f->prepared;
}

/* Return: whether the test has passed before with all that it depends on. */
static bool settle_from_cache(struct schedule *s, size_t number)
{
	struct plan_test *t = &s->plan->tests[number];
	struct cached_key *key = &s->tests[number].key;
	char when[CACHED_WHEN];

	if (!s->options->cached)
		return false;
	set_world(s, number);
	cached_name(t, &file_of(s, t)->inputs, key);
	if (!cached_find(t, key, when))
		return false;
	settle_cached(s->settle, number, when);
	return true;
}

/* Return: false when the next test, which can be run, has to wait. */
static bool start_next(struct schedule *s, size_t number)
{
	struct plan_test *t = &s->plan->tests[number];
	struct setup_run *setup;

	if (!is_prepared(s, t->file))
		return false;
	if (settle_from_cache(s, number))
		return true;
	if (!has_room(s, t) || !is_setup_over(s, number, stage_of(t)))
		return false;
	setup = setups_at(&file_of(s, t)->setups, stage_of(t));
	if (setup->state == SETUP_UNMET)
		settle_like_setup(s->settle, number, &setup->result, setup->failed, &setups_origin(setup)->told_by);
	else
		start_test(s, number);
	return true;
}

/* Return: false when the next test has to wait. */
static bool take_next(struct schedule *s)
{
	const struct plan_test *t = &s->plan->tests[s->next];

	if (t->file->error)
		settle_uncompiled(s->settle, s->next);
	else if (t->skip)
		settle_skipped(s->settle, s->next);
	else if (!settle_lacking(s, s->next) && !start_next(s, s->next))
		return false;
	s->next++;
	return true;
}

static struct report_activity activity_of(const struct schedule *s, size_t i)
{
	const struct job *j = &s->jobs[i];

	return (struct report_activity){.what = j->setup ? j->title : j->test->name,
					.started = j->started,
					.doing = s->doing ? &s->doing[i] : NULL};
}

static void tell_status(struct schedule *s)
{
	struct report_status status = {
		.activities = s->activities, .finished = s->settle->finished, .total = s->plan->ntests};

	for (size_t i = 0; i < s->nplaces; i++)
		if (job_is_under_way(&s->jobs[i]))
			s->activities[status.nactivities++] = activity_of(s, i);
	if (prepare_is_busy(&s->prepare))
		s->activities[status.nactivities++] =
			(struct report_activity){.what = s->preparing, .started = s->prepare.started};
	if (freeze_is_busy(&s->freeze))
		s->activities[status.nactivities++] = (struct report_activity){.what = s->freezing, .started = s->freeze.started};
	report_status(s->report, &status);
	if (status.nactivities == 0)
		loop_stop(s->loop);
}

bool schedule_gave_up(const struct schedule *s)
{
	return s->bail || (s->options->fail_fast && s->settle->failed < s->plan->ntests);
}

void schedule_go(struct schedule *s)
{
	while (!schedule_gave_up(s) && !s->settle->silenced && s->next < s->plan->ntests && take_next(s))
		;
	if (!s->settle->silenced && !schedule_gave_up(s))
		freeze_next(s);
	tell_status(s);
	if (s->settle->silenced || schedule_gave_up(s))
		loop_stop(s->loop);
}

/* ---- life ---- */

static void in_child(void *arg)
{
	const struct schedule *s = arg;

	s->in_child(s->arg);
}

void schedule_init(struct schedule *s)
{
	s->memory = host_memory_mib();
	s->njobs = (size_t)(s->options->jobs > 0 ? s->options->jobs : host_cpus());
	if (s->njobs > RUNNER_JOBS_MAX)
		s->njobs = RUNNER_JOBS_MAX;
	s->nplaces = s->njobs + (s->options->kept.keep ? KEPT_MAX : 0);
	s->room = s->memory > 0 ? (long)((double)s->memory * MEMORY_SHARE) : 1L << 40;
	s->jobs = xcalloc(s->nplaces, sizeof(*s->jobs));
	for (size_t i = 0; i < s->nplaces; i++)
		s->jobs[i] = (struct job){
			.task.loop = s->loop, .in_child = in_child, .done = job_done, .left = job_left, .arg = s};
	s->permits = s->options->kept.keep ? kept_permits() : -1;
	s->doing = glimpse_map(s->nplaces);
	s->activities = xcalloc(s->njobs + 2, sizeof(*s->activities)); /* and what is prepared, and frozen */
	s->prepare = (struct prepare){.task.loop = s->loop,
				      .settings = s->settings,
				      .in_child = in_child,
				      .done = prepare_done,
				      .arg = s};
	s->freeze = (struct freeze){.task.loop = s->loop, .in_child = in_child, .done = freeze_done, .arg = s};
	s->files = xcalloc(s->plan->nfiles, sizeof(*s->files));
	s->tests = xcalloc(s->plan->ntests, sizeof(*s->tests));
}

size_t schedule_count_kept(const struct schedule *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nplaces; i++)
		n += s->jobs[i].held;
	return n;
}

void schedule_stop(struct schedule *s, bool kept_as_well)
{
	uint64_t deadline;

	task_stop(&s->prepare.task);
	task_stop(&s->freeze.task);
	for (size_t i = 0; i < s->nplaces; i++)
		if (!s->jobs[i].held || kept_as_well)
			task_stop(&s->jobs[i].task);
	deadline = clock_now() + TASK_END_MS * NS_PER_MS;
	for (size_t i = 0; i < s->nplaces; i++)
		if (!s->jobs[i].held || kept_as_well)
			job_finish(&s->jobs[i], deadline);
	task_finish(&s->prepare.task, deadline);
	task_finish(&s->freeze.task, deadline);
}

void schedule_free(struct schedule *s)
{
	for (size_t i = 0; i < s->plan->nfiles; i++)
		setups_free(&s->files[i].setups);
	for (size_t i = 0; i < s->plan->ntests; i++) {
		free(s->tests[i].fallback.kvm_failed);
		free(s->tests[i].infra);
	}
	fd_close(&s->permits);
	for (size_t i = 0; i < s->nplaces; i++)
		free(s->jobs[i].title);
	free(s->jobs);
	free(s->activities);
	free(s->preparing);
	free(s->freezing);
	free(s->bail);
	free(s->files);
	free(s->tests);
}
