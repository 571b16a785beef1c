/* interrupt.c - ^C for the one of several processes that is to hear it, whenever it is typed */
#include "base/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/signals.h"

void interrupt_hold(void)
{
	const sigset_t set = signals_only(SIGINT);

	sigprocmask(SIG_BLOCK, &set, NULL);
}

bool interrupt_forget(void)
{
	const sigset_t set = signals_only(SIGINT);

	return sigtimedwait(&set, NULL, &(struct timespec){0}) == SIGINT;
}

static bool is_held(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && sigismember(&pending, SIGINT) == 1;
}

/*
 * The child waits until it has been passed on: it has one then that came before it was there (a child begins without
 * pending signals), or had got the same one itself; the kernel makes one of two that are pending.
 */
pid_t interrupt_fork(void)
{
	int go[2];
	pid_t pid;
	char byte;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		close(go[1]);
		while (read(go[0], &byte, 1) < 0 && errno == EINTR)
			;
		close(go[0]);
		return 0;
	}
	if (pid > 0 && is_held())
		kill(pid, SIGINT);
	close(go[0]);
	close(go[1]);
	return pid;
}

void interrupt_hear(void (*handler)(int))
{
	const sigset_t set = signals_only(SIGINT);

	signal(SIGINT, handler);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}
