/* asking.h - what all methods do: check arguments, ask the world, report a refusal
 *
 *	struct wording w = wording(machine, "wait_for_file");
 *
 *	check_name(w, path, "path", PATH_BYTES_MAX);
 *	ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_WAIT, .first = path, ...});
 *
 * What goes wrong is reported as the script's failure and ends its subtest or test: these return only when all is well.
 */
#ifndef SCRIPT_ASKING_H
#define SCRIPT_ASKING_H

#include <limits.h>

#include "script/call.h"
#include "script/types.h"

#define PATH_BYTES_MAX (PATH_MAX - 1) /* no file can be opened by a longer path, and waiting for one would be in vain */

/* A call as the script wrote it, for messages; no machine for start_all(). @shown: its argument, where the first one sent is another. */
struct wording {
	const char *machine, *method, *shown;
};

struct wording wording(unsigned machine, const char *method);

/* Return: "machine.method", or "start_all", for a message; kept until the test ends. */
const char *spoken(struct wording w);

/* It must not be a null pointer. @what: "command" */
void check_argument(struct wording w, const char *argument, const char *what);

/* Of an argument that names something; @max: bytes. */
void check_name(struct wording w, const char *argument, const char *what, size_t max);

/* Ask, and return only with a WIRE_OK or, where the question allows it, a WIRE_TIMED_OUT. All calls go through here. */
struct answer ask(struct wording w, const struct question *asked);

/* Run a command, whatever its status. */
struct answer execute(struct wording w, unsigned machine, const char *cmd);

struct result result_of(const struct answer *a);

/* Output as $(command) gives it (POSIX 2.6.3; NULs dropped, as all shells do): the answer's own copy, changed. */
char *substituted(struct answer *a);

/* Fail: a command did not end as it had to. @cmd: as it is shown. */
_Noreturn void command_failed(struct wording w, const char *cmd, const struct answer *a);

#endif
