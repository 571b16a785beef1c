/* guard.c - a piece of work is first done by a child that may die of it
 *
 * Theory of operation
 *
 * tcc is a part of this process, and tcc trusts its input: 20,000 parentheses
 * overflow its stack, a macro that doubles itself runs for hours, an assembler
 * directive asks for any amount of memory. One such script must not take
 * the run of all the other scripts with it.
 *
 * So a script that could hurt (sources_are_plain() tells) is compiled twice:
 * first in a forked child with limits, which sends the compiler's errors and
 * ends, then, when the child has survived and found no error, in this process.
 * The second time needs what the first time needed: the same code reads
 * the same text with no more stack in use, so it survives as well.
 *
 * Rejected: every compile in a child. The code must lie in the memory of the
 * process that forks the tests, so each script would be compiled twice, and a
 * plain script of a few kilobytes cannot hurt: the parser's recursion needs a
 * byte of text a level, and the stack holds over 10,000 levels.
 */
#include "script/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "script/limits.h"

#define READ_SIZE 4096

static const struct {
	int signo;
	const char *name;
} crashes[] = {{SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"}, {SIGFPE, "SIGFPE"},
	       {SIGABRT, "SIGABRT"}, {SIGTRAP, "SIGTRAP"}, {SIGKILL, "SIGKILL"}};

/* exit(), as tcc calls it without memory, is not to run what the parent has registered. */
static void leave_at_once(void)
{
	_exit(1);
}

static _Noreturn void be_child(guard_work_fn *work, void *arg, const struct guard_limits *limits, int fd)
{
	struct buf text = {0};
	size_t used = limits_memory().space;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	atexit(leave_at_once);
	if (null >= 0) /* tcc complains of memory there */
		dup2(null, STDERR_FILENO);
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++) /* a sanitizer would explain the crash at length */
		signal(crashes[i].signo, SIG_DFL);
	signal(SIGXCPU, SIG_DFL);
	/* The soft limits alone: at the hard limit of processor time the kernel sends SIGKILL, as it does without memory. */
	limits_lower(RLIMIT_CORE, 0);
	limits_lower(RLIMIT_CPU, limits->cpu);
	if (used)
		limits_lower(RLIMIT_AS, used + limits->memory);
	work(arg, &text);
	_exit(fd_write_all(fd, text.data, text.len) < 0);
}

/* Read until the child closes the pipe, which it does by ending. Return: 0, or -1 when the time is over. */
static int read_text(int fd, uint64_t end, struct buf *text)
{
	for (;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		uint64_t now = clock_now();
		ssize_t n;

		if (now >= end)
			return -1;
		if (poll(&p, 1, (int)((end - now) / NS_PER_MS) + 1) <= 0)
			continue;
		n = read(fd, buf_reserve(text, READ_SIZE), READ_SIZE);
		if (n == 0)
			return 0;
		if (n > 0)
			buf_commit(text, (size_t)n);
		else if (errno != EINTR)
			return 0;
	}
}

/* Put into words how the child ended. A status other than 0 is that of tcc and of mem.c without memory. */
static void describe(struct buf *text, int status, const struct guard_limits *limits)
{
	const int signo = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	buf_clear(text);
	if (!signo) {
		buf_addf(text, "needs more than %zu MiB of memory", limits->memory >> 20);
		return;
	}
	if (signo == SIGXCPU) {
		buf_addf(text, "took longer than %u s", limits->cpu);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(crashes); i++) {
		if (crashes[i].signo == signo) {
			buf_addf(text, "crashed (%s)", crashes[i].name);
			return;
		}
	}
	buf_addf(text, "crashed (signal %d)", signo);
}

int guard_try(guard_work_fn *work, void *arg, const struct guard_limits *limits, struct buf *text)
{
	uint64_t end = clock_now() + limits->wall * NS_PER_S;
	cleanup_fd int fd = -1;
	int fds[2], late, status = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0) {
		buf_addf(text, "cannot be tried: %s", strerror(errno));
		return -1;
	}
	fd = fds[0];
	pid = proc_fork();
	if (pid == 0)
		be_child(work, arg, limits, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		buf_addf(text, "cannot be tried: %s", strerror(errno));
		return -1;
	}
	late = read_text(fd, end, text);
	if (late)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!late && status == 0)
		return 0;
	describe(text, status, limits);
	if (late) {
		buf_clear(text);
		buf_addf(text, "took longer than %u s", limits->wall);
	}
	return -1;
}
