/* plan.h - the scripts of a run, compiled, as a list of tests in order */
#ifndef CMD_PLAN_H
#define CMD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "cmd/operands.h"
#include "cmd/settings.h"
#include "machine/spec.h"
#include "script/vary.h"

struct script;

/**
 * struct plan_file - One script
 * @path:	As the user wrote it; several of a plan have one path where it is run in variants
 * @variant:	Its values for what is varied, and @variant_name " [server.image=a.tar]"; none: NULL and ""
 * @lines:	That the user named, @nlines of them, or none for the whole script (operands.h)
 * @error:	Why it did not compile (all diagnostics), or NULL
 * @script:	The compiled script, or NULL
 * @world:	Its machines and networks, once they are described; the
 *		accelerator and the time limits are the run's to fill in
 * @loaded:	Drawn when it was read: of no other run
 * @described:	plan_describe() was here
 * @stage:	What the work that is begun next is to come to (script.h)
 * @log_dir:	For what the test that is begun next leaves; owned; or NULL
 * @begun:	What @world's layer was left by, or SCRIPT_NOTHING where it has none
 */
struct plan_file {
	const char *path, *variant_name;
	const struct variant *variant;
	const int *lines;
	size_t nlines;
	char *error;
	struct script *script;
	struct spec world;
	uint64_t loaded;
	bool described;
	char *log_dir;
	int stage, begun;
};

/**
 * struct plan_test - One point of the plan
 * @name:	With the script's name in front when there are several, and behind it which of several times this is
 * @own_name:	As the script has it, with its variant behind it, and the line there; NULL and 0 when the file did not
 *		compile
 * @index:	Its number in the script; unused when the file did not compile
 * @timeout:	Seconds, not scaled; 0 for the run's
 * @skip:	Why it is skipped, or NULL
 * @xfail:	Why it is expected to fail, or NULL
 * @health:	What may go wrong in its machines, or NULL
 * @needs:	What it cannot do without (script/needs.h), or NULL
 */
struct plan_test {
	char *name;
	const char *own_name;
	int line;
	struct plan_file *file;
	size_t index;
	double timeout;
	const char *skip, *needs, *xfail, *health;
};

/**
 * struct plan - What is to be run
 * @several:	The user named several scripts
 */
struct plan {
	struct plan_file *files;
	size_t nfiles;
	bool several;
	struct plan_test *tests;
	size_t ntests;
};

/**
 * plan_make() - Compile one script and list its tests, for people who want its machines: there may be none
 * @path:	Of the script; must stay
 *
 * One that does not compile is a test point of its own.
 */
void plan_make(struct plan *p, char *path);

/**
 * plan_make_varied() - Compile scripts to be run, each in all its variants, one after the other
 * @o:		The scripts; must stay
 * @v:		What is varied, from varies_read(); must stay
 * @err:	A machine that no script has; too many variants of one
 *
 * A script that does not compile, or has no test, is one test point of its own. Which of all these are to be run is choose()'s.
 *
 * Return: 0, or -1
 */
int plan_make_varied(struct plan *p, const struct operands *o, const struct varies *v, struct err *err);

/* Return: what the test of that number in a script that compiled is called in it, with its variant; the caller frees it. */
char *plan_own_name(const struct plan_file *f, size_t index);

/**
 * plan_find_path() - Where a path is that a script gives
 * @file:	The script; paths are looked for beside it, then from the current folder
 *
 * Return: the path, never NULL; the caller frees it
 */
char *plan_find_path(const char *file, const char *path);

/**
 * plan_describe() - Fill in the world of a script, but for what its machines boot from
 *
 * Once a file: addresses, sizes, names. What is wrong with one machine is kept
 * in its @broken, for the tests that use it.
 */
void plan_describe(struct plan_file *f, const struct settings *s);

/**
 * plan_prepare() - Make or find what a machine of a described script boots from
 * @i:		Number of the machine, which has no @broken
 * @err:	"FILE:LINE: machine 'NAME': ..."
 *
 * Blocks for as long as its image takes to be built, or to be waited for while
 * another run builds it; not for long when store_set_quick() is on.
 *
 * Return: 0, or -1
 */
int plan_prepare(const struct plan_file *f, const struct settings *s, size_t i, struct err *err);

/* Give a machine UEFI instead of a BIOS. Return: 0, or -1: the host has none. */
int plan_add_firmware(struct machine_spec *m, struct err *err);

/* Both for all machines of a script, one after the other; what cannot be prepared is then broken. */
void plan_resolve(struct plan_file *f, const struct settings *s);

/* Return: whether any script declares a machine. */
bool plan_has_machines(const struct plan *p);

/* Return: whether any test needs @word (script/needs.h). */
bool plan_needs(const struct plan *p, const char *word);

/* Print "FILE: N tests, M machines" and the tests' names. For `vmtap check`. */
void plan_print(const struct plan *p);

#endif
