/* session.h - lines of C, run one after the other in a process that has the machines of a script
 *
 * Theory of operation
 *
 * A line may crash, or write over all memory that it can reach, and the session has to go on. So there are three
 * processes. The keeper (the caller) has the terminal and never runs any code of a script. The base has the variables
 * as the last line left them. For each line the base forks a runner, which compiles it and runs it:
 *
 *	keeper --line--> base --fork--> runner --reply--> keeper
 *
 * A runner that comes to the end of its line ends the base and takes its place. One that crashes, calls exit() or is
 * interrupted while it computes has changed nothing: the base says how it ended, and waits for the next line. The
 * machines belong to the world and do not notice. A failed check or command is no crash: it ends the line where it
 * stands, and what the line did so far stays.
 *
 * ^C is for the runner, and may be typed before there is one: the base holds it (base/interrupt.h) from the moment that
 * the terminal sends it.
 *
 * Rejected: one process that goes on behind the signal's handler. What a wild pointer has written over, the compiler's
 * tables or the heap, would end the session at some later line, where nobody could explain it.
 *
 * Or the base is a process that a script in the middle of its test has forked, at a failing line (halt.h): then it has the
 * variables as they are there. It is no child of the keeper's, nor in the group that the keeper's terminal sends signals
 * to; a warden, which is its parent, passes those on, and takes the keeper's place as the reaper. The terminal is not its
 * own: what interact() does there is done by the keeper, when the runner asks for it.
 *
 *	script --fork--> warden --fork--> base --fork--> runner --reply--> keeper
 *
 * Each line is a unit of its own for tcc. It sees all before it, as the compiler needs it: declarations (outline.h)
 * of the script and of earlier lines; and as the linker does: the addresses of what they define.
 */
#ifndef SCRIPT_SESSION_H
#define SCRIPT_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "script/script.h"

#define SESSION_LINE_MAX 65536 /* bytes of a line, that is of what is run at once */

/* What became of a line. */
enum session_reply {
	SESSION_DONE = 1,   /* it came to its end */
	SESSION_FAILED = 2, /* it did not compile, or a check or a command failed; why was printed */
	SESSION_UNDONE = 3, /* it crashed or ended its process: no variable has changed; why was printed */
	SESSION_KILLED = 4, /* its process was killed: what the world was asked is not known */
	SESSION_LOST = 5,   /* the world or the base is gone */
	SESSION_READY = 6,  /* of session_ready() */
	SESSION_VISIT = 7,  /* not over yet: the keeper is to do what interact() does (struct session_visit) */
};

/* What a runner that has no terminal asks for; the keeper answers with a byte when it is over. */
struct session_visit {
	char reply; /* SESSION_VISIT */
	unsigned machine;
	int call;
};

/**
 * struct session - As the keeper has it
 * @script:	Compiled; NULL of a session in the process of a script
 * @world:	Socket to the world
 * @interact:	What machine.interact() does in the runner, or NULL
 * @line:	Socket to the base
 * @warden:	Socket to it, or -1
 */
struct session {
	struct script *script;
	int world;
	script_interact_fn *interact;
	int line;
	int warden;
};

/* Start the base. The caller becomes the reaper of what its children leave. Return: 0, or -1. */
int session_start(struct session *s, struct err *err);

/* Add a line each of what a line of the session can begin with, and what that is in front. @here: or NULL */
struct locals;
void session_names(const struct script *s, const struct locals *here, struct buf *out);
#define SESSION_MACHINE 'm'
#define SESSION_LOCAL	'l' /* a variable of a function */
#define SESSION_NAME	'n' /* anything, machines as well */

/*
 * Begin one in the process of a script, with @world as its connection. @s: its @world, @interact and @warden are set.
 * @names: as session_names() has them there. Return: 0, or -1.
 */
int session_join(struct session *s, struct buf *names, struct err *err);

/* Pass ^C on to what runs a line, where the terminal does not: safe in a signal's handler. */
void session_interrupt(const struct session *s);

/*
 * Be the base of a session that was joined, in the warden's child: of the same script as this process. @frame: where the
 * functions of the script are to be looked for that are being executed.
 */
_Noreturn void session_serve(int line, int world, bool terminal, pid_t warden, uintptr_t frame);

/* A SIGINT that came before now is none for the next line: to be called when the terminal sends none. */
void session_ready(struct session *s);

/*
 * Run a line; what it prints goes to standard output, what is wrong with it to standard error. Blocks until it is over.
 * SIGINT of the terminal's process group interrupts it, also one that came since session_ready(): the caller ignores it.
 */
enum session_reply session_run(struct session *s, const char *text);

/* End the base. */
void session_end(struct session *s);

#endif
