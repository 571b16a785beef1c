/* script.h - a test script: compiled in memory, looked at, run in a child
 *
 * The compile happens once, before anything boots; what it gives is inherited
 * through fork(). Nothing is read from the disk but the script and the scripts
 * that it uses.
 *
 *	struct err err = {0};
 *	struct script *s;
 *
 *	if (script_compile("t.c", NULL, &s, &err) < 0)
 *		puts(err.text);	// "t.c:3: error: 'suceed' undeclared" ...
 *	for (size_t i = 0; i < script_test_count(s); i++)
 *		if (fork() == 0)
 *			script_run(s, &(struct script_part){SCRIPT_NOTHING, script_test(s, i)->stage, i}, fd);
 */
#ifndef SCRIPT_SCRIPT_H
#define SCRIPT_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sha256.h"

#define SCRIPT_SIZE_MAX	    (1 << 20) /* bytes of one file */
#define SCRIPT_FILES_MAX    32	      /* files that one script uses, itself included */
#define SCRIPT_MACHINES_MAX 64	      /* elements of arrays counted one by one; SPEC_MACHINES_MAX */
#define SCRIPT_NETS_MAX	    16	      /* SPEC_NETS_MAX: cmd/plan.c compares them */
#define SCRIPT_TESTS_MAX    2000
#define SCRIPT_STAGES_MAX   64
#define SCRIPT_MEMORY_MAX   (1 << 30) /* bytes that a test allocates, or has vmtap keep for it */

struct script;
struct variant;	   /* vary.h */
struct vm_options; /* types.h */
struct net_options;
struct net;

/**
 * struct script_test - A test in the order of the file
 * @name:	As written; unique in its script, one line, not empty
 * @file:	Where it is: the script's path, or that of a used one
 * @line:	From 1
 * @timeout:	Seconds, or 0 for the default
 * @skip:	Why it is not to be run, or NULL
 * @needs:	What it cannot do without, a list that makes sense (needs.h), or NULL
 * @xfail:	Why it is expected to fail, or NULL
 * @health:	What may go wrong in its machines ("oom, units"), or NULL
 * @stage:	What it begins with: SCRIPT_BASE, or the number of a setup with a name
 */
struct script_test {
	const char *name;
	const char *file;
	int line;
	double timeout;
	const char *skip, *needs, *xfail;
	int stage;
	const char *health;
};

/* Places in a script from which a test or a setup can begin, beside those that setups with names leave. */
enum { SCRIPT_NOTHING = -2, SCRIPT_BASE = -1 }; /* the machines have not begun; what setups without a name leave */

/**
 * struct script_stage - A setup with a name, in the order of the file
 * @parent:	What it begins with: SCRIPT_BASE or the number of another, never itself by any way round
 */
struct script_stage {
	const char *name;
	const char *file;
	int line;
	int parent;
};

/**
 * struct script_machine - A machine in the order of the file; its place there
 * is its number in WIRE_CALL
 * @name:	"server"; "node0" for the first of an array
 * @declared:	Its name in vm() or vm_array(): "node"
 * @options:	As written and checked; 0 or NULL: not given
 * @cold:	.snapshot = 0 was given
 */
struct script_machine {
	const char *name, *declared;
	const struct vm_options *options;
	const char *file;
	int line;
	bool cold;
};

struct script_net {
	const char *name;
	const struct net_options *options;
	const char *file;
	int line;
};

#define SCRIPT_SOURCE_INDENT "    "

/**
 * script_compile() - Read, compile and check a script
 * @path:	Path as the user wrote it; messages use it
 * @variant:	Other values for fields of its machines, which must stay; or NULL
 * @out:	Set to the script, which lives as long as the process
 * @err:	All diagnostics, "FILE:LINE: error: ..." a line each, and behind it the
 *		source line, where there is one, with SCRIPT_SOURCE_INDENT in front; or
 *		why the file cannot be read
 *
 * Should be called before any fork() of a world, from one thread.
 *
 * Return: 0, or -1
 */
int script_compile(const char *path, const struct variant *variant, struct script **out, struct err *err);

/* Return: whether it has a setup { } without a name. */
bool script_has_setup(const struct script *s);

size_t script_stage_count(const struct script *s);
const struct script_stage *script_stage(const struct script *s, size_t i);

/* Feed the text of the script and of all that it uses: what setup does depends on nothing else. */
void script_add_key(const struct script *s, struct sha256 *key);

/**
 * script_uses_host() - Look for what makes a test depend on more than script_add_key() feeds
 * @word:	Set to a call that asks the host: fopen, env, time, ...
 * @file:	Set to where it is, and so is @line
 *
 * A function counts where the code refers to it, whatever else in the script
 * has its name; the macros and the assembler count by their words.
 *
 * Return: whether there is one
 */
bool script_uses_host(const struct script *s, const char **word, const char **file, int *line);

/* Return: whether a test may wait for a person: its script says interact() or console_interact() somewhere. */
bool script_may_interact(const struct script *s);

/* Return: whether it may suspend a machine, or wake one. */
bool script_may_suspend(const struct script *s);

/* Return: whether it brings files of the host into its machines, or what a command of the host says: a setup may depend on them. */
bool script_brings_files(const struct script *s);

/* Return: how many lines its file has, without those that it uses. */
int script_line_count(const struct script *s);

size_t script_test_count(const struct script *s);
const struct script_test *script_test(const struct script *s, size_t i);
size_t script_machine_count(const struct script *s);
const struct script_machine *script_machine(const struct script *s, size_t i);
size_t script_net_count(const struct script *s);
const struct script_net *script_net(const struct script *s, size_t i);

/* Return: the name of a network that a machine's options refer to; it is that of a script_net(). */
const char *script_net_name(const struct net *n);

#define SCRIPT_NO_TEST SIZE_MAX

/* Gives the terminal to a person until he has enough of it. @call: WIRE_CALL_SHELL or WIRE_CALL_CONSOLE; @world: the script's socket */
typedef void script_interact_fn(unsigned machine, int call, int world);

/* Lets somebody in who has the other end of the socket @warden, which is closed behind it (halt.h). */
typedef void script_enter_fn(int warden);

/**
 * struct script_part - What script_run() runs
 * @begun:	The machines are as this stage left them: what led there is not run. C variables that it has set are
 *		then as they were compiled
 * @stage:	The stage to come to from there
 * @test:	The test to run then, or SCRIPT_NO_TEST
 * @interact:	Gives the terminal to a person at a machine (script/run.h); NULL where there is none
 * @enter:	Lets a person into the process while it waits (halt.h); NULL: nobody can come in
 * @keep:	A failure is told and waited at: the world may want the process to stand still there
 * @log_dir:	For files that the test leaves, not there yet; or NULL
 * @accelerated, @slow: By what the machines run: KVM, and the factor on the default time limits
 */
struct script_part {
	int begun, stage;
	size_t test;
	script_interact_fn *interact;
	script_enter_fn *enter;
	const char *log_dir;
	bool keep, accelerated;
	double slow;
};

/**
 * script_run() - Run setups, a test or both, in a process of its own
 * @s:		Script
 * @part:	Which
 * @world_fd:	Stream socket to the world: WIRE_CALL, WIRE_EVENT and
 *		WIRE_FINISHED go out, WIRE_RESULT comes in
 *
 * Must be called in a child that was forked for it, on the main thread: it
 * takes over the signals that a fault raises, and SIGALRM, by which the world
 * tells that the test's time is over.
 *
 * Exit status: 0 after WIRE_FINISHED, 1 after a fault or when the world is gone
 */
_Noreturn void script_run(struct script *s, const struct script_part *part, int world_fd);

#endif
