/* terminal.c - the terminal that vmtap runs on, lent to a shell in a guest and taken back */
#include "cmd/terminal.h"

#include <errno.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

void terminal_look(struct terminal *t)
{
	t->is_tty = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && tcgetattr(STDIN_FILENO, &t->was) == 0;
	t->group = t->is_tty ? tcgetpgrp(STDIN_FILENO) : -1;
}

/* A process in the background that changes the terminal is stopped by SIGTTOU, unless it ignores that. */
static void take(const struct termios *how, pid_t group)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

	sigaction(SIGTTOU, &ignore, &before);
	tcsetpgrp(STDIN_FILENO, group);
	while (tcsetattr(STDIN_FILENO, TCSADRAIN, how) < 0 && errno == EINTR) /* by SIGWINCH: nothing was changed */
		;
	sigaction(SIGTTOU, &before, NULL);
}

void terminal_lend(const struct terminal *t)
{
	struct termios raw = t->was;

	cfmakeraw(&raw);
	if (t->is_tty)
		take(&raw, getpgrp());
}

void terminal_lend_again(const struct terminal *t)
{
	pid_t front = t->is_tty ? tcgetpgrp(STDIN_FILENO) : -1;

	if (front >= 0 && (front == t->group || front == getpgrp()))
		terminal_lend(t);
}

void terminal_restore(const struct terminal *t)
{
	if (t->is_tty)
		take(&t->was, getpgrp());
}

void terminal_give_back(const struct terminal *t)
{
	if (t->is_tty)
		take(&t->was, t->group);
}

bool terminal_is_ours(const struct terminal *t)
{
	return t->is_tty && t->group == getpgrp();
}

void terminal_size(unsigned *columns, unsigned *rows)
{
	struct winsize w;
	bool known = ioctl(STDIN_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col && w.ws_row;

	*columns = known ? w.ws_col : 80;
	*rows = known ? w.ws_row : 24;
}
