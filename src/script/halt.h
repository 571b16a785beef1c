/* halt.h - people in the process of a script that stands still
 *
 * Theory of operation
 *
 * A test that is kept for people stands still where it has failed, or where it waits in interact(): its functions are on
 * the stack there, with their variables. Who comes is let into that process, or rather into a copy of it (fork(2)), each
 * into one of his own: what he does to the variables is his, and the next one finds them as they were.
 *
 * He has passed us a socket by way of the world, and sends his terminal, his own connection to the world and a socket for
 * his lines behind it. All of that is for the base of a session (session.h). The process in between is its warden: it hears
 * on the first socket that he has typed ^C, or that he is gone, which ends all that he has begun.
 *
 * Rejected: a debugger's way, to read the variables out of the process from without. It could show numbers, but not call
 * a function of the script, nor follow a pointer without a second implementation of C.
 */
#ifndef SCRIPT_HALT_H
#define SCRIPT_HALT_H

/* script_enter_fn: let in who has the other end of @warden, which stays the caller's. Does not block. */
void halt_let_in(int warden);

#endif
