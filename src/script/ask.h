/* ask.h - what the methods of a machine have in common: their words for a script, and asking the world */
#ifndef SCRIPT_ASK_H
#define SCRIPT_ASK_H

#include "script/call.h"

/* A call as the script wrote it, for messages; no machine for start_all(). */
struct wording {
	const char *machine, *method;
};

struct wording wording(unsigned machine, const char *method);

/* Return: "machine.method", or "start_all", for a message; kept until the test ends. */
const char *spoken(struct wording w);

/* A null pointer ends the test; @what: "path" */
void check_argument(struct wording w, const char *argument, const char *what);

/* So do "" and more than @max bytes: of an argument that names something. */
void check_name(struct wording w, const char *argument, const char *what, size_t max);

/* Ask, and return only with a WIRE_OK or, if it may time out, a WIRE_TIMED_OUT. All calls go through here. */
struct answer ask(struct wording w, const struct question *asked);

/* Return: the output as $(command) gives it (POSIX 2.6.3; NULs dropped, as all shells do): the answer's own copy, changed. */
char *substituted(struct answer *a);

#endif
