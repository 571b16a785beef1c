/* terminal.h - the terminal that vmtap runs on, lent to a shell in a guest and taken back */
#ifndef CMD_TERMINAL_H
#define CMD_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

/**
 * struct terminal - How it was
 * @is_tty:	Standard input and standard output are one; otherwise none of the calls does anything
 * @group:	The process group that had it
 */
struct terminal {
	bool is_tty;
	struct termios was;
	pid_t group;
};

/* Look at it. */
void terminal_look(struct terminal *t);
/* Take it for this process's group, which may be in the background, and pass every key on as it comes. */
void terminal_lend(const struct terminal *t);
/* The same after a SIGCONT, when a shell may have changed it; not when the shell goes on in the foreground itself. */
void terminal_lend_again(const struct terminal *t);
/* Take it back as it was, for this process's group. May be called more than once, by any process that has looked. */
void terminal_restore(const struct terminal *t);
/* The same, for the group that had it. */
void terminal_give_back(const struct terminal *t);
/* Return: whether there is one, and this process's group has it, as when it was not started in the background. */
bool terminal_is_ours(const struct terminal *t);
/* Set the size; 80 times 24 where the terminal does not know its own. */
void terminal_size(unsigned *columns, unsigned *rows);

#endif
