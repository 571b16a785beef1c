/* plan.h - the scripts of a run, compiled, as a list of tests in order */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include <stdbool.h>

#include "base/sha256.h"
#include "cmd/settings.h"
#include "machine/spec.h"

struct plan_inputs; /* cached.c */
struct script;
struct point;
struct world_outcome;

/* How far the setup of a script is, for the tests that wait for it. */
enum plan_setup { SETUP_NONE, SETUP_WANTED, SETUP_RUNNING, SETUP_DONE, SETUP_FAILED };

/**
 * struct plan_file - One script
 * @path:	As the user wrote it
 * @error:	Why it did not compile (all diagnostics), or NULL
 * @script:	The compiled script, or NULL
 * @world:	Its machines and networks; filled by plan_resolve(), the accelerator
 *		and time limits by the runner
 * @setup:	SETUP_NONE: there is none, or each test runs it itself
 * @setup_result: Of a setup that failed
 * @no_templates: Its machines cannot be saved or resumed: said, not tried again
 * @inputs:	What results depend on, once it was asked for (cached.c), or NULL
 */
struct plan_file {
	const char *path;
	char *error;
	struct script *script;
	struct world_spec world;
	bool resolved, no_templates;
	enum plan_setup setup;
	struct point *setup_result;
	struct plan_inputs *inputs;
};

/**
 * struct plan_test - One point of the plan
 * @name:	With the script's name in front when there are several
 * @index:	Its number in the script; unused when the file did not compile
 * @key:	What its pass is kept under, or ""; set by cached_name()
 * @uncached:	Why it has no key, or NULL
 */
struct plan_test {
	char *name;
	struct plan_file *file;
	size_t index;
	double timeout;
	const char *skip;
	char key[SHA256_HEX];
	const char *uncached;
};

struct plan {
	struct plan_file *files;
	size_t nfiles;
	struct plan_test *tests;
	size_t ntests;
};

/**
 * plan_make() - Compile scripts and list their tests
 * @paths:	NULL-terminated
 * @filter:	POSIX extended regular expression on names, or NULL
 *
 * A script that does not compile is one test point of its own.
 *
 * Return: 0, or -1 when @filter is malformed
 */
int plan_make(struct plan *p, char **paths, const char *filter, struct err *err);

/**
 * plan_resolve() - Build what the machines of a script boot from
 *
 * Once per file, before its first test: images, initramfs, addresses. What
 * goes wrong with one machine is kept in its @broken, for the tests that use it.
 */
void plan_resolve(struct plan_file *f, const struct settings *s);

/**
 * plan_find_layer() - What the script's setup left in an earlier run, or in this one
 *
 * Sets @f's world.layer when it is in the store.
 *
 * Return: whether it is there
 */
bool plan_find_layer(struct plan_file *f);

/* Do without what the setup left: it cannot be resumed. It goes from the store once nobody uses it. */
void plan_discard_layer(struct plan_file *f);

/* Run the setup of @t's script in this process, and save what it leaves; a job_work_fn. */
void plan_work_setup(struct plan_test *t, struct world_outcome *out);

/* Run @t in this process; a job_work_fn. */
void plan_work_test(struct plan_test *t, struct world_outcome *out);

/* Return: whether any script declares a machine. */
bool plan_has_machines(const struct plan *p);

/* Print "FILE: N tests, M machines" and the tests' names. For `vmtap check`. */
void plan_print(const struct plan *p);

#endif
