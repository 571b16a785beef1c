/* relay.h - a person's terminal, or a pipe, and a shell in a guest: the script's side of WIRE_CALL_SHELL */
#ifndef CMD_RELAY_H
#define CMD_RELAY_H

#include <stddef.h>

#include "cmd/terminal.h"
#include "wire/script.h"

#define RELAY_REASON_MAX 4096 /* bytes of a reason, with its NUL */
#define RELAY_AHEAD_MAX	 4096 /* bytes: as many as a terminal's queue holds */

/**
 * struct relay_result - What became of the shell; in memory that both processes share
 * @over:	It has ended, and the rest is known
 * @status:	As a shell would say: its exit status, or 128 and the signal
 * @reason:	Why there was none, or it was lost; "" otherwise
 */
struct relay_result {
	int over, status;
	char reason[RELAY_REASON_MAX];
};

/**
 * struct relay_ahead - Keys that came before somebody could read them; in memory that both processes share
 * @n:		How many; who takes them sets it to 0
 */
struct relay_ahead {
	size_t n;
	char keys[RELAY_AHEAD_MAX];
};

/**
 * struct relay - What to do
 * @call:	WIRE_CALL_SHELL, or WIRE_CALL_CONSOLE
 * @machine:	Whose shell, or console
 * @all:	The other machines are to run as well
 * @visit:	The shell is one call of many that the world gets: its end is not that of the script
 * @ahead:	What the terminal's keys begin with, or NULL
 */
struct relay {
	enum wire_call call;
	unsigned machine;
	bool all, visit;
	struct terminal terminal;
	struct relay_result *result;
	struct relay_ahead *ahead;
};

/**
 * relay_run() - Be the script of a world: start the machines, then pass on what is typed and what is shown
 * @arg:	A struct relay
 * @fd:		The socket to the world
 *
 * On a terminal every key goes to the guest, except that "~." at the start of a line ends the session, as with ssh. Ends
 * the process, with the terminal as it was.
 */
_Noreturn void relay_run(void *arg, int fd);

#endif
