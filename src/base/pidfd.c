/* pidfd.c - a descriptor that tells the end of a child, also where the kernel has no pidfds
 *
 * Theory of operation
 *
 * The stand-in is an eventfd, to which a handler of SIGCHLD adds once the child
 * can be waited for. The handler writes through a copy of its own: the caller
 * closes its descriptor when it likes, and the number may then be another file's.
 * It looks without waiting (WNOWAIT), so the child stays to be waited for; a child
 * that somebody has waited for already has ended as well.
 *
 * SIGCHLD is sent for each end, so each child is seen once, and what was watched
 * for it goes at the next call. A forked process inherits the table, and with it
 * its parent's children: the table says whose it is, and is begun anew.
 *
 * Only the table's owner is interrupted, and calls are restarted (SA_RESTART);
 * poll() and epoll_wait() are not, but whoever calls them expects EINTR.
 *
 * Rejected: a pipe whose other end the child holds. Its end comes before the end
 * of the process and, through what the child has started, possibly long after.
 */
#include "base/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/signals.h"

struct child {
	pid_t pid;
	int fd; /* the handler's own; -1 when the end has been told */
	struct child *next;
};

static struct child *children;
static pid_t owner; /* the process whose children they are */

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};
	int r = waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);

	return r < 0 ? errno == ECHILD : info.si_pid == pid;
}

static void tell_ends(void)
{
	const uint64_t one = 1;

	for (struct child *c = children; c; c = c->next) {
		if (c->fd < 0 || !has_ended(c->pid))
			continue;
		(void)!write(c->fd, &one, sizeof(one));
		close(c->fd);
		c->fd = -1;
	}
}

/* Async-signal-safe, and its errno is nobody else's. */
static void child_signal(int sig)
{
	int saved = errno;

	(void)sig;
	if (owner == getpid())
		tell_ends();
	errno = saved;
}

/* Forget those whose end was told; all of them in a process that has inherited them. */
static void forget(bool all)
{
	for (struct child **at = &children; *at;) {
		struct child *c = *at;

		if (!all && c->fd >= 0) {
			at = &c->next;
			continue;
		}
		if (c->fd >= 0)
			close(c->fd);
		*at = c->next;
		free(c);
	}
}

static int install_handler(void)
{
	struct sigaction action = {.sa_handler = child_signal, .sa_flags = SA_RESTART | SA_NOCLDSTOP};

	sigemptyset(&action.sa_mask);
	return sigaction(SIGCHLD, &action, NULL);
}

/* With SIGCHLD blocked. */
static int add_child(pid_t pid)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int own = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	struct child *c;

	if (own < 0 || install_handler() < 0) {
		int why = errno;

		if (fd >= 0)
			close(fd);
		if (own >= 0)
			close(own);
		errno = why;
		return -1;
	}
	forget(owner != getpid());
	owner = getpid();
	c = xcalloc(1, sizeof(*c));
	*c = (struct child){pid, own, children};
	children = c;
	tell_ends(); /* it may have ended before there was a handler */
	return fd;
}

int pidfd_stand_in(pid_t pid)
{
	const sigset_t set = signals_only(SIGCHLD);
	sigset_t before;
	int fd;

	sigprocmask(SIG_BLOCK, &set, &before);
	fd = add_child(pid);
	sigdelset(&before, SIGCHLD); /* whoever started us may have blocked it */
	sigprocmask(SIG_SETMASK, &before, NULL);
	return fd;
}

int pidfd_open_child(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	/* It is close-on-exec by itself. Containers of 2019 and 2020 refuse what they do not know. */
	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	return pidfd_stand_in(pid);
}
