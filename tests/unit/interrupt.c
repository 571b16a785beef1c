/* interrupt.c - SIGINT is heard once by the one that is to hear it, whenever it comes */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/interrupt.h"

static volatile sig_atomic_t heard;

static void hear(int signo)
{
	(void)signo;
	heard++;
}

/* SIGINT comes to a process that is about to fork, or else to the child before it listens. Return: how many the child hears. */
static int heard_by_child(bool before)
{
	int status = 0;
	pid_t pid;

	heard = 0;
	interrupt_hold();
	if (before)
		raise(SIGINT);
	pid = interrupt_fork();
	if (pid == 0) {
		if (!before)
			raise(SIGINT); /* as if it had come before it could listen */
		interrupt_hear(hear);
		_exit(heard);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WEXITSTATUS(status);
}

TEST(interrupt, one_from_before_the_fork_is_the_childs)
{
	CHECK_INT(heard_by_child(true), 1);
	CHECK(interrupt_forget()); /* what is left is to be forgotten */
	CHECK(!interrupt_forget());
	interrupt_hear(hear);
	CHECK_INT(heard, 0);
}

TEST(interrupt, one_from_before_the_handler_is_heard)
{
	CHECK_INT(heard_by_child(false), 1);
	CHECK(!interrupt_forget());
	interrupt_hear(hear);
	CHECK_INT(heard, 0);
}

TEST(interrupt, none_is_made_up)
{
	int status = 0;
	pid_t pid;

	heard = 0;
	interrupt_hold();
	pid = interrupt_fork();
	if (pid == 0) {
		interrupt_hear(hear);
		_exit(heard);
	}
	waitpid(pid, &status, 0);
	CHECK_INT(WEXITSTATUS(status), 0);
	interrupt_hear(hear);
}

TEST(interrupt, what_is_held_comes_when_it_is_heard)
{
	heard = 0;
	interrupt_hold();
	raise(SIGINT);
	CHECK_INT(heard, 0);
	interrupt_hear(hear);
	CHECK_INT(heard, 1);
}
