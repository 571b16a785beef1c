/* watching.h - calls that look at what a machine says until it is what the script waits for
 *
 * The console's text is here, and so are QEMU's events, and a call that waits
 * for some of that is in the stage WATCHING: watching_look() is called whenever
 * there is more. The text of
 * a virtual terminal is in the guest, whose agent sends it anew whenever it has
 * changed; it is looked at here as well, because a guest is no place for a
 * script's expressions.
 */
#ifndef WORLD_WATCHING_H
#define WORLD_WATCHING_H

#include "world/call.h"

/* Rows of calls.def. */
bool order_console_text(struct call *c);
void order_console_send(struct call *c);
void order_console_wait(struct call *c);
void order_tty(struct call *c);
void order_qmp_event(struct call *c);

/* Compile the call's expression, which the script has done as well. Return: whether it is one; if not, the call is answered. */
bool watching_compile(struct call *c);

/* The call is WATCHING, and there may be something new to look at: it is answered, or goes on. */
void watching_look(struct call *c);

/* A terminal's text came. Return: whether it is the call's answer; if not, it goes on or was answered. */
bool watching_takes_tty(struct call *c, const char *text, size_t n);

/* Return: what a call that is WATCHING has not seen, for a message; the caller frees it. */
char *watching_for(const struct call *c);

#endif
