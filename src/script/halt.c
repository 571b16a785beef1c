/* halt.c - people in the process of a script that stands still */
#include "script/halt.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "script/run.h"
#include "script/session.h"

/* What he sends, in this order. */
enum { IN, OUT, ERR, WORLD, LINE, THINGS };

/* Return: whether all has come, with whether he is at a terminal. */
static bool receive(int socket, int things[THINGS], bool *terminal)
{
	char byte;

	for (int i = 0; i < THINGS; i++) {
		if (fd_receive(socket, &byte, 1, &things[i]) != 1 || things[i] < 0)
			return false;
		*terminal = byte == 't';
	}
	return true;
}

/* His streams are ours. */
static _Noreturn void be_base(int things[THINGS], bool terminal, uintptr_t frame)
{
	setpgid(0, 0);
	signal(SIGTTOU, SIG_IGN); /* the terminal may be the run's as well, which is in the background then */
	for (int i = 0; i < WORLD; i++) {
		dup2(things[i], i);
		fd_close(&things[i]);
	}
	session_serve(things[LINE], things[WORLD], terminal, getppid(), frame);
}

static _Noreturn void be_warden(int socket, uintptr_t frame)
{
	int things[THINGS] = {-1, -1, -1, -1, -1};
	bool terminal = false;
	char byte;
	pid_t pid;

	close(run.world);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	pid = receive(socket, things, &terminal) ? proc_fork() : -1;
	if (pid == 0) {
		close(socket);
		be_base(things, terminal, frame);
	}
	for (int i = 0; i < THINGS; i++)
		fd_close(&things[i]);
	if (pid < 0)
		_exit(1);
	setpgid(pid, pid); /* whoever comes first */
	for (;;) {
		const ssize_t n = recv(socket, &byte, 1, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		kill(-pid, SIGINT);
	}
	kill(-pid, SIGKILL);
	_exit(0);
}

void halt_let_in(int warden)
{
	const uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	while (waitpid(-1, NULL, WNOHANG) > 0) /* those of people who have left */
		;
	if (proc_fork() == 0)
		be_warden(warden, frame);
}
