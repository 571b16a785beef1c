/* proc.h - starting programs that cannot outlive us */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/err.h"

#define PROC_FDS_MAX 24 /* descriptors handed to one child */

/**
 * struct proc_fd - A descriptor that a child gets
 * @from:	Ours (close-on-exec stays on)
 * @to:		Its number in the child
 */
struct proc_fd {
	int from, to;
};

/**
 * struct proc_limit - A limit of a child, soft and hard
 * @resource:	RLIMIT_... (<sys/resource.h>)
 * @value:	In the resource's unit; our own hard limit, if that is lower
 */
struct proc_limit {
	int resource;
	unsigned long long value;
};

/**
 * struct proc_spec - A program to start
 * @path:	Absolute path of the executable
 * @argv:	NULL-terminated
 * @envp:	NULL-terminated; NULL keeps ours
 * @fds:	What the child gets; all else is close-on-exec. 0, 1 and 2 that are
 *		not named become /dev/null
 * @nfds:	How many
 * @limits:	What is limited otherwise than ours, or NULL
 * @nlimits:	How many
 */
struct proc_spec {
	const char *path;
	char *const *argv;
	char *const *envp;
	struct proc_fd fds[PROC_FDS_MAX];
	size_t nfds;
	const struct proc_limit *limits;
	size_t nlimits;
};

/**
 * proc_start() - fork and exec, with the child's errors told to the parent
 * @s:		What to start
 * @pidfd:	Set to a pidfd of the child, close-on-exec; the caller owns it
 * @err:	"cannot run '...': ..." with the errno of the child's exec, or of what comes before it
 *
 * The child gets SIGKILL when the calling *thread's process* ends
 * (PR_SET_PDEATHSIG; the parent is checked again after it is set), is leader
 * of its own process group, has default signal handling (of signals that we
 * ignore, too) and an empty mask, and cannot gain privileges (PR_SET_NO_NEW_PRIVS).
 * A close-on-exec pipe carries the child's errno back.
 *
 * Return: its process id, or -1
 */
pid_t proc_start(const struct proc_spec *s, int *pidfd, struct err *err);

/* fork() whose child dies with us, as above, without exec. Return: as fork(). */
pid_t proc_fork(void);

/**
 * proc_end() - Kill a child and its process group, and wait for the child
 * @pid:	Not waited for yet; it may have ended by itself
 * @pidfd:	Of the child, which the caller closes; -1 for none
 * @status:	Set as by waitpid(2), or NULL; as if it was killed, when it does not end in time
 *
 * A killed process that does not end within PROC_END_MS (its storage does not answer, it has much memory to give back) is
 * left to the kernel. Where not even a descriptor can be had to watch it there is no such limit.
 */
void proc_end(pid_t pid, int pidfd, int *status);
#define PROC_END_MS 10000

/* Wait at most @ms for a child to end, then proc_end() it. Return: whether it ended by itself in time, with exit status 0. */
bool proc_ends_well(pid_t pid, int pidfd, unsigned ms);

/* Return: a wait status in words: "exit status 3", "killed by signal 9 (Killed)"; the caller frees it. */
char *proc_status_text(int status);

/**
 * proc_find() - Look a program up in PATH
 * Return: its absolute path, which the caller frees, or NULL
 */
char *proc_find(const char *name);

#endif
