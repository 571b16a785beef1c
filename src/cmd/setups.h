/* setups.h - what has become of a script's setups in this run, for the tests that begin with what they leave */
#ifndef CMD_SETUPS_H
#define CMD_SETUPS_H

#include "cmd/plan.h"
#include "report/point.h"
#include "report/report.h"
#include "script/script.h"
#include "world/world.h"

/* How far a setup is, for the tests that wait for it. */
enum setup_state {
	SETUP_NONE,    /* there is none, or each test runs it itself */
	SETUP_WANTED,  /* the first test that needs it has it run */
	SETUP_RUNNING, /* tests wait */
	SETUP_DONE,    /* what it left is in the store */
	SETUP_UNMET,   /* it failed or skipped, and so does each test */
};

/**
 * struct setup_run - What tests begin with, in this run
 * @layer:	When it is DONE; never freed: a few in a run
 * @result:	What became of it, when it is UNMET
 * @origin:	One before it that failed, for which it is UNMET; NULL: it did itself
 * @told_by:	Of an origin: number of the test that told it in full, from 1; 0 so far
 * @failed:	The name of the setup that this was, which may be one before it; NULL for one without a name
 */
struct setup_run {
	enum setup_state state;
	const char *layer, *failed;
	struct setup_run *origin;
	size_t told_by;
	struct point result;
};

/* Those of a script: the setup without a name, then those with names in the script's order. */
struct setups {
	struct setup_run *runs;
	size_t n;
};

/* Fill in @s before anything of the script is run; done once, however often it is called. */
void setups_expect(struct setups *s, const struct script *script);

/* A stage is that of script.h: SCRIPT_BASE, or the number of a setup with a name. */
struct setup_run *setups_at(const struct setups *s, int stage);

/* Return: the stage that @stage of @f's script begins with, or SCRIPT_NOTHING. */
int setups_parent(const struct plan_file *f, int stage);

/* What is next to be begun of @f goes to @stage, from the last that there is on the way: sets its stage, begun and layer. */
void setups_begin(const struct setups *s, struct plan_file *f, int stage);

/* Return: whether what @stage leaves is in the store; then it is DONE. */
bool setups_find(struct setups *s, struct plan_file *f, int stage);

/* As a setup is called in the status; the caller frees it. */
char *setups_title(const struct plan_file *f, int stage);

/* Each test that begins with @setup is told that it could not be run, and @why, which is taken over. */
void setups_break(struct setup_run *setup, char *why);

/* ... and that it is for want of what @setup begins with. */
void setups_break_like(struct setup_run *setup, struct setup_run *before);

/* Return: the one whose failure is that of @setup, which is UNMET: itself, or one before it. */
struct setup_run *setups_origin(struct setup_run *setup);

/**
 * setups_take() - The process of a setup has ended: its tests can go on, or cannot
 * @o:		What it told; its result is taken over if it failed
 * @died:	Why it told nothing, or NULL
 */
void setups_take(struct setups *s, struct plan_file *f, int stage, struct world_outcome *o, const char *died, struct report *report);

/**
 * setups_forget() - Ask whether what began with the layer of @stage is to run again without it
 *
 * It is when @o says that the layer cannot be resumed: from now on the setup
 * runs before all that begins with it.
 */
bool setups_forget(struct setups *s, struct plan_file *f, int stage, const struct world_outcome *o, struct report *report);

void setups_free(struct setups *s);

#endif
