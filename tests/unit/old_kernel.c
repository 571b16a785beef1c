/* old_kernel.c - what stands in for system calls that the host's kernel does not have, or its container refuses */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/host.h"
#include "base/mem.h"
#include "base/pidfd.h"
#include "base/proc.h"

#define PATIENCE_NS (10000 * NS_PER_MS)
#define LAST_OF_3_10 313 /* finit_module; what has a higher number came later */

/* From now on no call that is newer than Linux 3.10. */
static bool grow_old(unsigned why)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_OF_3_10, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | why),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Do it in a process that has an old kernel, then in one whose container refuses what it does not know. */
static void in_old_kernel(void (*work)(void))
{
	static const unsigned answers[] = {ENOSYS, EPERM};

	for (size_t i = 0; i < 2; i++) {
		int status = -1;
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0) {
			unit_failed = 0;
			CHECK(grow_old(answers[i]));
			work();
			fflush(stdout);
			_exit(unit_failed != 0);
		}
		waitpid(pid, &status, 0);
		CHECK_INT(status, 0);
	}
}

static bool can_be_read(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, 0) == 1;
}

/* Return: a child that lives until its standard input ends; @in: the other end of that. */
static pid_t start_reader(int *in, int *watched)
{
	char *argv[] = {"sh", "-c", "read x; exit 3", NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv, .nfds = 1};
	int ends[2];
	pid_t pid;

	CHECK_INT(pipe2(ends, O_CLOEXEC), 0);
	s.fds[0] = (struct proc_fd){ends[0], 0};
	pid = proc_start(&s, watched, NULL);
	CHECK(pid > 0);
	close(ends[0]);
	*in = ends[1];
	return pid;
}

static void check_ends(void)
{
	int in[2], watched[2], status = -1;
	pid_t pid[2];

	for (int i = 0; i < 2; i++)
		pid[i] = start_reader(&in[i], &watched[i]);
	CHECK(!can_be_read(watched[0]) && !can_be_read(watched[1]));
	close(in[1]);
	CHECK(fd_await(watched[1], clock_now() + PATIENCE_NS));
	CHECK(!can_be_read(watched[0]));
	proc_end(pid[1], watched[1], &status);
	CHECK_INT(WEXITSTATUS(status), 3);
	proc_end(pid[0], watched[0], &status);
	CHECK_INT(WTERMSIG(status), SIGKILL);
	close(in[0]);
	CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
	close(watched[0]);
	close(watched[1]);
}

TEST(old_kernel, the_end_of_a_child_is_told)
{
	in_old_kernel(check_ends);
}

/* The caller's number is another file's by then. */
static void check_closed_early(void)
{
	int in, watched, ends[2], byte;
	pid_t pid = start_reader(&in, &watched);

	close(watched);
	CHECK_INT(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	CHECK_INT(dup3(ends[1], watched, O_CLOEXEC), watched);
	close(in);
	waitpid(pid, NULL, 0);
	CHECK(read(ends[0], &byte, 1) < 0 && errno == EAGAIN);
}

TEST(old_kernel, a_descriptor_that_was_closed_is_not_written_to)
{
	in_old_kernel(check_closed_early);
}

/* A child that has ended before anybody looked; one that was waited for already. */
static void check_late(void)
{
	int in, watched, again;
	pid_t pid = start_reader(&in, &watched);

	close(in);
	CHECK(fd_await(watched, clock_now() + PATIENCE_NS));
	again = pidfd_stand_in(pid);
	CHECK(can_be_read(again));
	close(again);
	waitpid(pid, NULL, 0);
	again = pidfd_stand_in(pid);
	CHECK(can_be_read(again));
	close(again);
	close(watched);
}

TEST(old_kernel, an_end_before_the_watch_is_told_as_well)
{
	in_old_kernel(check_late);
}

/* A forked process has its parent's table, and tells nobody of children that are not its own. */
static void check_inherited(void)
{
	int in, watched, own_in, own;
	pid_t pid = start_reader(&in, &watched), fork_pid;
	int status = -1;

	fork_pid = fork();
	if (fork_pid == 0) {
		pid_t child = start_reader(&own_in, &own);

		close(own_in);
		_exit(!(fd_await(own, clock_now() + PATIENCE_NS) && !can_be_read(watched) && waitpid(child, NULL, 0) == child));
	}
	waitpid(fork_pid, &status, 0);
	CHECK_INT(status, 0);
	CHECK(!can_be_read(watched));
	close(in);
	CHECK(fd_await(watched, clock_now() + PATIENCE_NS));
	waitpid(pid, NULL, 0);
	close(watched);
}

TEST(old_kernel, each_process_has_children_of_its_own)
{
	in_old_kernel(check_inherited);
}

static void check_blocked(void)
{
	int in, watched;
	sigset_t set;
	pid_t pid;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL); /* as whoever starts us may leave it */
	pid = start_reader(&in, &watched);
	close(in);
	CHECK(fd_await(watched, clock_now() + PATIENCE_NS));
	waitpid(pid, NULL, 0);
	close(watched);
}

TEST(old_kernel, a_blocked_signal_does_not_hide_the_end)
{
	in_old_kernel(check_blocked);
}

static void check_descriptors(void)
{
	int plain = open("/dev/null", O_RDONLY), high = fcntl(plain, F_DUPFD, 200); /* NOLINT(android-cloexec-open) */

	fd_keep_from_exec(STDERR_FILENO + 1);
	CHECK_INT(fcntl(plain, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fcntl(high, F_GETFD), FD_CLOEXEC);
	CHECK_INT(fcntl(STDERR_FILENO, F_GETFD), 0);
	fd_close_all(STDERR_FILENO + 1, plain - 1);
	CHECK(fcntl(plain, F_GETFD) >= 0);
	fd_close_all(plain + 1, 1 << 20);
	CHECK_INT(fcntl(high, F_GETFD), -1);
	CHECK(fcntl(plain, F_GETFD) >= 0);
	close(plain);
}

TEST(old_kernel, descriptors_are_closed_and_kept_from_exec)
{
	check_descriptors();
	in_old_kernel(check_descriptors);
}

static void check_memory(void)
{
	cleanup_fd int fd = fd_memory("unit");
	struct stat st;

	CHECK_INT(fd_write_all(fd, "text", 4), 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == 4 && st.st_nlink == 0);
	CHECK_INT(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

static void check_no_memory(void)
{
	setenv("TMPDIR", "/nonexistent", 1);
	CHECK_INT(fd_memory("unit"), -1);
	CHECK_INT(errno, ENOENT);
}

TEST(old_kernel, a_file_in_memory_is_one_without_a_name)
{
	check_memory();
	in_old_kernel(check_memory);
	in_old_kernel(check_no_memory);
}

static void check_random(void)
{
	unsigned char a[32] = {0}, b[32] = {0};

	CHECK_INT(host_random(a, sizeof(a)), 0);
	CHECK_INT(host_random(b, sizeof(b)), 0);
	CHECK(memcmp(a, b, sizeof(a)) != 0);
	CHECK(host_fault() == NULL);
}

TEST(old_kernel, random_bytes_come_from_the_device)
{
	check_random();
	in_old_kernel(check_random);
}

TEST(old_kernel, ages_are_compared_by_number)
{
	CHECK(host_kernel_is_new_enough("3.10.0-1160.el7.x86_64"));
	CHECK(host_kernel_is_new_enough("3.11"));
	CHECK(host_kernel_is_new_enough("4.0.0"));
	CHECK(host_kernel_is_new_enough("10.2-rc1"));
	CHECK(!host_kernel_is_new_enough("3.9.99"));
	CHECK(!host_kernel_is_new_enough("2.6.32-754.el6.x86_64"));
	CHECK(host_kernel_is_new_enough("unknown"));
}

TEST(old_kernel, a_call_that_is_missing_is_told_with_the_kernel)
{
	struct err err = {0};

	errno = ENOSYS;
	err_errno(&err, "cannot create an event loop");
	CHECK_HAS(err.text, "cannot create an event loop: Function not implemented by this kernel (Linux ");
	CHECK_HAS(err.text, "vmtap needs what Linux 3.10 has");
}
