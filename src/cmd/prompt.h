/* prompt.h - a C prompt: the process that reads lines and has them run */
#ifndef CMD_PROMPT_H
#define CMD_PROMPT_H

#include <stdbool.h>

#include "cmd/relay.h"
#include "script/script.h"

/**
 * struct prompt - What it has
 * @script:	Compiled: its machines, functions and variables are in scope. NULL: those of the process that @warden leads to
 * @warden:	As session_join() takes it, with an @script of NULL
 * @store:	The cache folder, where the history is
 * @visit:	The world goes on behind it
 * @terminal:	As it was; interact_init() has been called with it
 * @result:	What became of it, in memory that both processes share; its status is 1 when a line of a pipe failed
 */
struct prompt {
	struct script *script;
	int warden;
	const char *store;
	bool visit;
	struct terminal terminal;
	struct relay_result *result;
};

/**
 * prompt_run() - Be the script of a world, or a visitor of it: read lines from standard input, and have them run
 * @arg:	A struct prompt
 * @fd:		The socket to the world
 *
 * The caller is in a process group of its own. Ends the process, with the terminal as it was.
 */
_Noreturn void prompt_run(void *arg, int fd);

#endif
