/* proc.c - children that start, fail to start, and die with us */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/signals.h"

#define PATIENCE_MS 10000

/* Start /bin/sh -c @script with @fds. Return: its wait status; -1 with @err if it did not start. */
static int shell(const char *script, const struct proc_fd *fds, size_t nfds, struct err *err)
{
	char *argv[] = {"sh", "-c", (char *)script, NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv, .nfds = nfds};
	cleanup_fd int pidfd = -1;
	int status = -1;
	pid_t pid;

	for (size_t i = 0; i < nfds; i++)
		s.fds[i] = fds[i];
	pid = proc_start(&s, &pidfd, err);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return pid > 0 ? status : -1;
}

TEST(proc, exit_status_comes_back)
{
	CHECK_INT(WEXITSTATUS(shell("exit 3", NULL, 0, NULL)), 3);
}

TEST(proc, exec_error_is_told)
{
	char *argv[] = {"x", NULL};
	struct proc_spec s = {.path = "/nonexistent/x", .argv = argv};
	struct err err = {0};
	int pidfd = -1;

	CHECK_INT(proc_start(&s, &pidfd, &err), -1);
	CHECK_STR(err.text, "cannot run '/nonexistent/x': No such file or directory");
	s.path = "/etc/passwd";
	CHECK_INT(proc_start(&s, &pidfd, &err), -1);
	CHECK_STR(err.text, "cannot run '/etc/passwd': Permission denied");
	CHECK_INT(pidfd, -1);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* nobody left to wait for */
}

/* Run @check in a process that may have @most descriptors. Return: what it returns. */
static int with_limit(rlim_t most, int (*check)(void))
{
	const struct rlimit limit = {most, most};
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setrlimit(RLIMIT_NOFILE, &limit) < 0 ? 99 : check());
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static int starts_with_few(void)
{
	const struct proc_fd fds[] = {{STDOUT_FILENO, 1}, {STDERR_FILENO, 5}};

	return WEXITSTATUS(shell("exit 7", fds, 2, NULL));
}

static int tells_that_there_are_too_few(void)
{
	const struct proc_fd fds[] = {{STDOUT_FILENO, 1}, {STDERR_FILENO, 30}};
	struct err err = {0};

	return shell("exit 7", fds, 2, &err) == -1 && strstr(err.text, "(ulimit -n 24)") ? 8 : 9;
}

TEST(proc, few_descriptors_are_enough_or_it_is_told)
{
	CHECK_INT(with_limit(24, starts_with_few), 7);
	CHECK_INT(with_limit(24, tells_that_there_are_too_few), 8);
}

TEST(proc, unnamed_standard_fds_are_dev_null)
{
	CHECK_INT(shell("for fd in 0 1 2; do [ /proc/self/fd/$fd -ef /dev/null ] || exit 1; done", NULL, 0, NULL),
		  0);
}

TEST(proc, what_is_not_named_is_not_inherited)
{
	cleanup_fd int extra = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const struct proc_fd fds[] = {{extra, 9}};
	cleanup_free char *script = xasprintf("[ -e /proc/self/fd/9 ] && [ ! -e /proc/self/fd/%d ]", extra);

	CHECK_INT(shell(script, fds, 1, NULL), 0);
	/* nor any of the numbers used on the way */
	CHECK_INT(shell("for fd in /proc/self/fd/1??; do [ ! -e $fd ] || exit 1; done", fds, 1, NULL), 0);
}

/* Make @fd a pipe end that @text can be read from. */
static int source(const char *text, int fd)
{
	int ends[2];

	if (pipe(ends) < 0 || write(ends[1], text, strlen(text)) < 0)
		return -1;
	close(ends[1]);
	if (ends[0] != fd) {
		dup3(ends[0], fd, O_CLOEXEC);
		close(ends[0]);
	}
	return fd;
}

TEST(proc, fds_can_swap_places)
{
	cleanup_fd int five = source("five\n", 5), six = source("six\n", 6);
	const struct proc_fd fds[] = {{5, 6}, {6, 5}};

	CHECK_INT(shell("read a <&5; read b <&6; [ \"$a $b\" = 'six five' ]", fds, 2, NULL), 0);
	CHECK(five == 5 && six == 6);
}

TEST(proc, one_fd_in_two_places)
{
	cleanup_fd int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
	const struct proc_fd fds[] = {{out, 1}, {out, 2}, {out, 9}};

	CHECK_INT(shell("[ /proc/self/fd/9 -ef /proc/self/fd/2 ]", fds, 3, NULL), 0);
}

TEST(proc, bad_fd_is_an_error)
{
	const struct proc_fd fds[] = {{999, 1}};
	struct err err = {0};

	CHECK_INT(shell("exit 0", fds, 1, &err), -1);
	CHECK_STR(err.text, "cannot run '/bin/sh': Bad file descriptor");
}

TEST(proc, environment_is_given)
{
	char *argv[] = {"sh", "-c", "[ \"$ONLY\" = this ] && [ -z \"$HOME\" ]", NULL};
	char *envp[] = {"ONLY=this", NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv, .envp = envp};
	cleanup_fd int pidfd = -1;
	int status = -1;

	waitpid(proc_start(&s, &pidfd, NULL), &status, 0);
	CHECK_INT(status, 0);
}

TEST(proc, signals_are_reset_in_the_child)
{
	sigset_t set, old;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(WTERMSIG(shell("kill -TERM $$; exit 1", NULL, 0, NULL)), SIGTERM);
	CHECK_INT(WTERMSIG(shell("kill -PIPE $$; exit 1", NULL, 0, NULL)), SIGPIPE);
	CHECK_INT(WTERMSIG(shell("kill -XFSZ $$; exit 1", NULL, 0, NULL)), SIGXFSZ);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
}

/* Return: the exit status of /bin/sh -c @script under limits; -1 with @err if it did not start. */
static int limited(const char *script, const struct proc_limit *limits, size_t n, struct err *err)
{
	char *argv[] = {"sh", "-c", (char *)script, NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv, .limits = limits, .nlimits = n};
	cleanup_fd int pidfd = -1;
	int status = -1;
	pid_t pid = proc_start(&s, &pidfd, err);

	if (pid > 0)
		waitpid(pid, &status, 0);
	return pid > 0 ? WEXITSTATUS(status) : -1;
}

TEST(proc, limits_are_the_childs_soft_and_hard)
{
	const struct proc_limit some[] = {{RLIMIT_CORE, 0}, {RLIMIT_NOFILE, 300}};
	struct rlimit before, after;

	getrlimit(RLIMIT_NOFILE, &before);
	CHECK_INT(limited("[ $(ulimit -Sc)$(ulimit -Hc) = 00 ] && [ $(ulimit -Sn)$(ulimit -Hn) = 300300 ]", some, 2, NULL), 0);
	getrlimit(RLIMIT_NOFILE, &after);
	CHECK(before.rlim_cur == after.rlim_cur && before.rlim_max == after.rlim_max);
}

TEST(proc, a_limit_of_ours_that_is_too_low_is_raised_as_far_as_it_goes)
{
	const struct proc_limit many = {RLIMIT_NOFILE, 300};
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork(); /* a hard limit is lowered for good */
	if (pid == 0) {
		if (setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 250}) < 0)
			_exit(2);
		_exit(limited("[ $(ulimit -Sn)$(ulimit -Hn) = 250250 ]", &many, 1, NULL));
	}
	waitpid(pid, &status, 0);
	CHECK_INT(status, 0);
}

TEST(proc, too_few_descriptors_are_an_error)
{
	const struct proc_limit few = {RLIMIT_NOFILE, 3};
	struct err err = {0};

	CHECK_INT(limited("exit 0", &few, 1, &err), -1);
	CHECK_HAS(err.text, "cannot run '/bin/sh': Too many open files");
}

TEST(proc, child_leads_its_group_and_gains_no_privileges)
{
	CHECK_INT(shell("[ $(cut -d' ' -f5 /proc/$$/stat) = $$ ]", NULL, 0, NULL), 0);
	CHECK_INT(shell("grep -q '^NoNewPrivs:.1' /proc/self/status", NULL, 0, NULL), 0);
}

TEST(proc, pidfd_tells_the_end)
{
	char *argv[] = {"sh", "-c", "exit 0", NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv};
	cleanup_fd int pidfd = -1;
	pid_t pid = proc_start(&s, &pidfd, NULL);
	struct pollfd p = {.fd = pidfd, .events = POLLIN};

	CHECK_INT(poll(&p, 1, PATIENCE_MS), 1);
	CHECK_INT(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	waitpid(pid, NULL, 0);
}

/* A shell whose own child holds a pipe. Return: whether the pipe closes when the shell is ended; @status: the shell's. */
static bool ends_with_group(const char *script, bool has_ended, int *status)
{
	char *argv[] = {"sh", "-c", (char *)script, NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv, .nfds = 1};
	cleanup_fd int pidfd = -1, out = -1;
	char byte = 0;
	int ends[2];
	pid_t pid;

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	out = ends[0];
	s.fds[0] = (struct proc_fd){ends[1], 7};
	pid = proc_start(&s, &pidfd, NULL);
	close(ends[1]);
	CHECK_INT(read(out, &byte, 1), 1);
	CHECK(!has_ended || fd_await(pidfd, clock_now() + PATIENCE_MS * NS_PER_MS));
	proc_end(pid, has_ended ? pidfd : -1, status);
	CHECK_INT(waitpid(pid, NULL, WNOHANG), -1);
	return fd_await(out, clock_now() + PATIENCE_MS * NS_PER_MS) && read(out, &byte, 1) == 0;
}

TEST(proc, end_takes_the_group_along_and_tells_how_the_child_ended)
{
	int status;

	CHECK(ends_with_group("sleep 1000 & printf '!' >&7; wait", false, &status));
	CHECK_INT(status, SIGKILL);
	CHECK(ends_with_group("sleep 1000 & printf '!' >&7; exit 3", true, &status));
	CHECK_INT(WEXITSTATUS(status), 3);
}

/* Return: what proc_ends_well() says of a shell that runs this. */
static bool ends_well(const char *script, unsigned ms)
{
	char *argv[] = {"sh", "-c", (char *)script, NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv};
	cleanup_fd int pidfd = -1;
	pid_t pid = proc_start(&s, &pidfd, NULL);
	bool well = proc_ends_well(pid, pidfd, ms);

	CHECK_INT(waitpid(pid, NULL, WNOHANG), -1);
	return well;
}

TEST(proc, ends_well_is_in_time_and_with_status_0)
{
	CHECK(ends_well("exit 0", PATIENCE_MS));
	CHECK(!ends_well("exit 3", PATIENCE_MS));
	CHECK(!ends_well("kill -9 $$", PATIENCE_MS));
	CHECK(!ends_well("exec sleep 1000", 1));
}

TEST(fd, a_message_takes_a_descriptor_along)
{
	int ends[2], passed[2];
	char text[8], space[CMSG_SPACE(sizeof(int))] = "";
	struct iovec iov = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
	int got;

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	CHECK_INT(pipe2(passed, O_CLOEXEC), 0);
	CHECK_INT(fd_send(ends[0], "hello", 5, passed[1]), 0);
	close(passed[1]);
	CHECK_INT(recvmsg(ends[1], &message, MSG_CMSG_CLOEXEC), 5);
	memcpy(&got, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(got));
	CHECK_INT(write(got, "!", 1), 1);
	CHECK_INT(read(passed[0], text, 1), 1);
	close(got);
	close(ends[1]);
	CHECK_INT(fd_send(ends[0], "hello", 5, passed[0]), -1);
	CHECK_INT(errno, EPIPE);
	close(passed[0]);
	close(ends[0]);
}

TEST(fd, await_ends_at_its_deadline)
{
	int ends[2];

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	CHECK(!fd_await(ends[0], clock_now()));
	CHECK(!fd_await(ends[0], clock_now() + NS_PER_MS));
	close(ends[1]);
	CHECK(fd_await(ends[0], clock_now() + PATIENCE_MS * NS_PER_MS));
	close(ends[0]);
}

/*
 * The middle process starts a grandchild that holds the pipe's write end, tells
 * us that it did, and hangs. Return: whether the pipe closes once it is killed.
 */
static bool dies_with_parent(void (*start)(int hold))
{
	int ends[2];
	char byte = 0;
	struct pollfd p;
	bool closed;
	pid_t middle;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	middle = fork();
	if (middle == 0) {
		close(ends[0]);
		start(ends[1]);
		_exit(1);
	}
	close(ends[1]);
	closed = read(ends[0], &byte, 1) == 1 && byte == '!';
	kill(middle, SIGKILL);
	waitpid(middle, NULL, 0);
	p = (struct pollfd){.fd = ends[0], .events = POLLIN};
	closed = closed && poll(&p, 1, PATIENCE_MS) == 1 && read(ends[0], &byte, 1) == 0;
	close(ends[0]);
	return closed;
}

static void start_program(int hold)
{
	char *argv[] = {"sh", "-c", "printf '!' >&7; exec sleep 1000", NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv, .fds = {{hold, 7}}, .nfds = 1};
	int pidfd;

	if (proc_start(&s, &pidfd, NULL) > 0)
		pause();
}

TEST(proc, program_dies_with_its_parent)
{
	CHECK(dies_with_parent(start_program));
}

static void start_fork(int hold)
{
	if (proc_fork() == 0)
		(void)!write(hold, "!", 1);
	pause();
}

TEST(proc, fork_dies_with_its_parent)
{
	CHECK(dies_with_parent(start_fork));
}

TEST(proc, status_in_words)
{
	cleanup_free char *exited = proc_status_text(3 << 8), *killed = proc_status_text(SIGKILL);

	CHECK_STR(exited, "exit status 3");
	CHECK_STR(killed, "killed by signal 9 (Killed)");
}

TEST(proc, find_looks_in_path)
{
	cleanup_free char *sh = NULL, *none = NULL, *folder = NULL, *absolute = NULL, *saved = NULL;

	saved = xstrdup(getenv("PATH") ? getenv("PATH") : "");
	setenv("PATH", "/nonexistent:/:/bin", 1); /* "/bin" is an executable folder in "/" */
	sh = proc_find("sh");
	none = proc_find("no-such-program");
	folder = proc_find("bin");
	absolute = proc_find("/bin/sh");
	setenv("PATH", saved, 1);
	CHECK_STR(sh, "/bin/sh");
	CHECK(!none);
	CHECK(!folder);
	CHECK_STR(absolute, "/bin/sh");
}

/* What a shell's '&', or a unit of systemd, hands on. */
TEST(proc, signals_are_as_a_new_program_expects_them)
{
	const sigset_t blocked = signals_only(SIGTERM);
	struct sigaction pipe, interrupt;
	sigset_t left;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		signal(SIGPIPE, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		sigprocmask(SIG_BLOCK, &blocked, NULL);
		signals_reset();
		sigaction(SIGPIPE, NULL, &pipe);
		sigaction(SIGINT, NULL, &interrupt);
		sigprocmask(SIG_BLOCK, NULL, &left);
		_exit(pipe.sa_handler != SIG_DFL || interrupt.sa_handler != SIG_DFL || sigismember(&left, SIGTERM));
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}
