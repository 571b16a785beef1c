/* proc.c - starting programs that cannot outlive us */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pidfd.h"
#include "base/signals.h"

/* Die with the parent; a parent that died before the prctl() is noticed by its pid. */
static void tie_to_parent(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(127);
}

pid_t proc_fork(void)
{
	pid_t parent = getpid();
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0)
		tie_to_parent(parent);
	return pid;
}

/* Return: the first number above all that the child gets: no higher, as the limit on open files may be low. */
static int first_free(const struct proc_spec *s)
{
	int free = STDERR_FILENO + 1;

	for (size_t i = 0; i < s->nfds; i++)
		if (s->fds[i].to >= free)
			free = s->fds[i].to + 1;
	return free;
}

/* Copy @fd to a number from @lowest on. The kernel calls it an invalid argument when there are not as many. */
static int park(int fd, int lowest)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, lowest);

	if (copy < 0 && errno == EINVAL)
		errno = EMFILE;
	return copy;
}

/*
 * Park every descriptor above the numbers that the child wants, then put each
 * in its place: a swap such as 5->6, 6->5 then needs no care. @low: /dev/null
 */
static int place_fds(const struct proc_spec *s, int low)
{
	int parked[PROC_FDS_MAX];
	int lowest = first_free(s);
	int null = park(low, lowest); /* @low may be 0, 1 or 2 itself */

	if (null < 0)
		return -1;
	for (size_t i = 0; i < s->nfds; i++) {
		parked[i] = park(s->fds[i].from, lowest);
		if (parked[i] < 0)
			return -1;
	}
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	for (size_t i = 0; i < s->nfds; i++)
		if (dup2(parked[i], s->fds[i].to) < 0)
			return -1;
	return 0;
}

static int set_limits(const struct proc_spec *s)
{
	for (size_t i = 0; i < s->nlimits; i++) {
		struct rlimit l;

		if (getrlimit(s->limits[i].resource, &l) < 0)
			return -1;
		if (l.rlim_max > s->limits[i].value)
			l.rlim_max = s->limits[i].value;
		l.rlim_cur = l.rlim_max;
		if (setrlimit(s->limits[i].resource, &l) < 0)
			return -1;
	}
	return 0;
}

/*
 * Containers whose engine is older than clone3() (Docker before 20.10.10) refuse it, and glibc makes no thread then: it
 * goes back to clone() only if the call does not exist (ENOSYS). Of two filters that refuse, the later one says how.
 */
static void deny_clone3(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {ARRAY_SIZE(code), code};

	if (syscall(SYS_clone3, NULL, 0) < 0 && errno == EPERM) /* it would be EINVAL */
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void run_child(const struct proc_spec *s, pid_t parent, int null, int status_fd)
{
	int code, fd;

	tie_to_parent(parent);
	setpgid(0, 0);
	signals_reset();
	fd_keep_from_exec(STDERR_FILENO + 1); /* what we were started with ourselves (make's job server, ...) */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	deny_clone3();
	fd = set_limits(s) < 0 ? -1 : park(status_fd, first_free(s)); /* out of the way of every @to */
	if (fd >= 0 && place_fds(s, null) == 0) {
		if (s->envp)
			execve(s->path, s->argv, s->envp);
		else
			execv(s->path, s->argv);
	}
	code = errno;
	(void)!write(fd < 0 ? status_fd : fd, &code, sizeof(code));
	_exit(127);
}

pid_t proc_start(const struct proc_spec *s, int *pidfd, struct err *err)
{
	cleanup_fd int status = -1, null = open("/dev/null", O_RDWR | O_CLOEXEC);
	pid_t parent = getpid();
	pid_t pid;
	int pipe_fds[2];
	int code = 0;

	if (null < 0) {
		err_errno(err, "cannot open '/dev/null'");
		return errno == ENOENT ? err_hint(err, "a root without a /dev needs this one file in it") : -1;
	}
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	status = pipe_fds[0];
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		run_child(s, parent, null, pipe_fds[1]);
	close(pipe_fds[1]);
	if (pid < 0)
		return err_errno(err, "cannot fork");
	if (fd_read_full(status, &code, sizeof(code)) == (ssize_t)sizeof(code)) {
		waitpid(pid, NULL, 0);
		errno = code;
		return err_errno(err, "cannot run '%s'", s->path);
	}
	*pidfd = pidfd_open_child(pid);
	if (*pidfd >= 0)
		return pid;
	err_errno(err, "cannot watch process %ld", (long)pid);
	proc_end(pid, -1, NULL);
	return -1;
}

void proc_end(pid_t pid, int pidfd, int *status)
{
	cleanup_fd int own = pidfd < 0 ? pidfd_open_child(pid) : -1;
	int watched = pidfd < 0 ? own : pidfd;
	int killed = SIGKILL; /* as a status */

	/* Until the child is waited for, nobody else can have its number, nor its group's. */
	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	if (watched < 0 || fd_await(watched, clock_now() + PROC_END_MS * NS_PER_MS))
		waitpid(pid, status ? status : &killed, 0);
	else if (status)
		*status = killed;
}

bool proc_ends_well(pid_t pid, int pidfd, unsigned ms)
{
	bool in_time = fd_await(pidfd, clock_now() + ms * NS_PER_MS);
	int status;

	proc_end(pid, pidfd, &status);
	return in_time && status == 0;
}

char *proc_status_text(int status)
{
	if (WIFSIGNALED(status))
		return xasprintf("killed by signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	return xasprintf("exit status %d", WEXITSTATUS(status));
}

char *proc_find(const char *name)
{
	const char *path = getenv("PATH");
	struct stat st; /* a folder can be "executable" too */

	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
	for (const char *p = path ? path : "/usr/bin:/bin"; *p;) {
		size_t n = strcspn(p, ":");
		cleanup_free char *dir = n ? xstrndup(p, n) : xstrdup(".");
		cleanup_free char *full = path_join(dir, name);

		if (stat(full, &st) == 0 && S_ISREG(st.st_mode) && access(full, X_OK) == 0)
			return steal(full);
		p += n + (p[n] == ':');
	}
	return NULL;
}
