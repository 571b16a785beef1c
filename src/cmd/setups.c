/* setups.c - what has become of a script's setups in this run */
#include "cmd/setups.h"

#include "base/mem.h"
#include "cmd/work.h"

void setups_expect(struct setups *s, const struct script *script)
{
	if (s->runs)
		return;
	s->n = 1 + script_stage_count(script);
	s->runs = xcalloc(s->n, sizeof(*s->runs));
	s->runs[0].state = script_has_setup(script) ? SETUP_WANTED : SETUP_NONE;
	for (size_t i = 1; i < s->n; i++) {
		s->runs[i].state = SETUP_WANTED;
		s->runs[i].failed = script_stage(script, i - 1)->name;
	}
}

struct setup_run *setups_at(const struct setups *s, int stage)
{
	return &s->runs[stage - SCRIPT_BASE];
}

int setups_parent(const struct plan_file *f, int stage)
{
	return stage == SCRIPT_BASE ? SCRIPT_NOTHING : script_stage(f->script, (size_t)stage)->parent;
}

void setups_begin(const struct setups *s, struct plan_file *f, int stage)
{
	int at = stage;

	while (at != SCRIPT_NOTHING && setups_at(s, at)->state != SETUP_DONE)
		at = setups_parent(f, at);
	f->stage = stage;
	f->begun = at;
	f->world.layer = at == SCRIPT_NOTHING ? NULL : setups_at(s, at)->layer;
}

bool setups_find(struct setups *s, struct plan_file *f, int stage)
{
	struct setup_run *setup = setups_at(s, stage);

	if (!work_find_layer(f, stage))
		return false;
	setup->layer = f->world.layer;
	setup->state = SETUP_DONE;
	return true;
}

/* ---- what is said of them ---- */

char *setups_title(const struct plan_file *f, int stage)
{
	if (stage == SCRIPT_BASE)
		return xasprintf("setup of %s%s", f->path, f->variant_name);
	return xasprintf("setup \"%s\" of %s%s", script_stage(f->script, (size_t)stage)->name, f->path, f->variant_name);
}

/* From now on each test runs it itself. */
static void run_every_time(struct setup_run *setup, const struct plan_file *f, struct report *report, const char *why)
{
	cleanup_free char *words = setup->failed ? xasprintf("setup \"%s\"", setup->failed) : xstrdup("setup");

	report_notice(report, "%s: %s runs before every test%s", f->path, words, why);
	setup->state = SETUP_NONE;
}

/* ---- what becomes of them ---- */

void setups_break(struct setup_run *setup, char *why)
{
	setup->state = SETUP_UNMET;
	setup->result = (struct point){.verdict = VERDICT_FAILED, .reason = why, .infra = true};
}

void setups_break_like(struct setup_run *setup, struct setup_run *before)
{
	setup->state = SETUP_UNMET;
	setup->failed = before->failed;
	setup->origin = setups_origin(before);
	point_copy_result(&setup->result, &before->result);
}

struct setup_run *setups_origin(struct setup_run *setup)
{
	return setup->origin ? setup->origin : setup;
}

void setups_take(struct setups *s, struct plan_file *f, int stage, struct world_outcome *o, const char *died, struct report *report)
{
	struct setup_run *setup = setups_at(s, stage);
	cleanup_free char *why = NULL;

	if (died) {
		setups_break(setup, xasprintf("its process ended: %s", died));
	} else if (o->result.verdict != VERDICT_PASSED) {
		setup->state = SETUP_UNMET;
		setup->result = o->result;
		o->result = (struct point){0};
	} else if (o->unsaved || !setups_find(s, f, stage)) {
		why = xasprintf(", because what it leaves cannot be saved: %s", o->unsaved ? o->unsaved : "it is gone from the cache");
		run_every_time(setup, f, report, why);
	}
}

bool setups_forget(struct setups *s, struct plan_file *f, int stage, const struct world_outcome *o, struct report *report)
{
	cleanup_free char *why = NULL;

	if (!o->layer_failed || stage == SCRIPT_NOTHING)
		return false;
	why = xasprintf(": %s", o->layer_failed);
	if (setups_at(s, stage)->state == SETUP_DONE) /* another test may have said so */
		run_every_time(setups_at(s, stage), f, report, why);
	setups_at(s, stage)->state = SETUP_NONE;
	work_discard_layer(f, stage);
	return true;
}

void setups_free(struct setups *s)
{
	for (size_t i = 0; i < s->n; i++)
		point_free(&s->runs[i].result);
	free(s->runs);
}
