/* work.c - what the process of a job does: a test, or a script's setup */
#include "cmd/work.h"

#include <string.h>

#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/interact.h"
#include "store/store.h"
#include "script/halt.h"
#include "script/script.h"
#include "state/layer.h"
#include "state/template.h"

static _Noreturn void run_part(const struct plan_file *f, struct script_part part, int fd)
{
	part.interact = interact_is_ready() ? interact_in_test : NULL;
	part.enter = halt_let_in;
	part.keep = f->world.visits.keep;
	part.accelerated = f->world.accel->kind == ACCEL_KVM;
	part.slow = f->world.accel->slow;
	script_run(f->script, &part, fd);
}

/* ---- tests ---- */

static void run_test(void *arg, int fd)
{
	const struct plan_test *t = arg;
	const struct plan_file *f = t->file;

	run_part(f, (struct script_part){.begun = f->begun, .stage = script_test(f->script, t->index)->stage, .test = t->index, .log_dir = f->log_dir}, fd);
}

struct world *work_test(struct plan_test *t, struct world_outcome *out)
{
	return world_play(&t->file->world, run_test, t, out);
}

/* ---- setups ---- */

int work_add_key(const struct plan_file *f, struct sha256 *key, struct err *err)
{
	const struct spec *w = &f->world;

	sha256_add_str(key, VMTAP_VERSION);
	if (store_key_content(w->store, key, "/proc/self/exe", err) < 0)
		return -1;
	script_add_key(f->script, key);
	for (size_t i = 0; i < w->nmachines; i++)
		if (template_add_key(w, i, key, err) < 0)
			return -1;
	return 0;
}

static int layer_key(const struct plan_file *f, int stage, char out[SHA256_HEX], struct err *err)
{
	struct sha256 key;

	sha256_init(&key);
	if (work_add_key(f, &key, err) < 0)
		return -1;
	if (f->world.freezer && f->world.accel->kind == ACCEL_TCG)
		frozen_add_host(&f->world, &key);
	if (script_brings_files(f->script)) /* they may be others in the next run */
		sha256_add(&key, &f->loaded, sizeof(f->loaded));
	if (stage != SCRIPT_BASE)
		sha256_add_str(&key, script_stage(f->script, (size_t)stage)->name);
	sha256_hex(&key, out);
	return 0;
}

bool work_find_layer(struct plan_file *f, int stage)
{
	char key[SHA256_HEX], *path = NULL;

	if (f->world.cold || layer_key(f, stage, key, NULL) < 0 ||
	    !store_find(f->world.store, LAYER_KIND, key, &path))
		return false;
	f->world.layer = path;
	f->begun = stage;
	return true;
}

void work_discard_layer(struct plan_file *f, int stage)
{
	char key[SHA256_HEX];

	f->world.layer = NULL; /* not freed: once a setup, at most */
	f->begun = SCRIPT_NOTHING;
	if (layer_key(f, stage, key, NULL) == 0)
		store_discard(f->world.store, LAYER_KIND, key);
}

struct order {
	struct plan_test *test;
	struct world_outcome *outcome;
	struct world *kept;
	bool ran;
};

static void run_setup(void *arg, int fd)
{
	const struct plan_file *f = ((struct plan_test *)arg)->file;

	run_part(f, (struct script_part){.begun = f->begun, .stage = f->stage, .test = SCRIPT_NO_TEST}, fd);
}

static int build(const char *dir, void *arg, struct err *err)
{
	static struct spec spec; /* which a kept world still has when this is over */
	struct order *o = arg;

	spec = o->test->file->world;
	o->ran = true;
	spec.save_to = dir;
	o->kept = world_play(&spec, run_setup, o->test, o->outcome);
	if (o->outcome->unsaved)
		return err_set(err, "%s", o->outcome->unsaved);
	if (o->outcome->result.verdict != VERDICT_PASSED)
		return err_set(err, "setup did not pass"); /* why is in the outcome */
	return 0;
}

/* A setup that has failed and is kept waits for people here, where no other run waits for it. */
struct world *work_setup(struct plan_test *t, struct world_outcome *out)
{
	struct order o = {.test = t, .outcome = out};
	cleanup_free char *path = NULL;
	char key[SHA256_HEX];
	struct err err = {0};

	*out = (struct world_outcome){0};
	if (layer_key(t->file, t->file->stage, key, &err) == 0 &&
	    store_get(t->file->world.store, LAYER_KIND, key, build, &o, &path, &err) == 0)
		return NULL;
	/* What setup itself said is in @out; this is a store that cannot be used. */
	if (!o.ran || (out->result.verdict == VERDICT_PASSED && !out->unsaved))
		out->unsaved = xstrdup(err.text);
	return o.kept;
}
