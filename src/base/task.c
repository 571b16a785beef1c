/* task.c - a forked copy of this process that does one thing, sends one message, and ends */
#include "base/task.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"

#define READ_CHUNK 65536
#define END_MS	   1000 /* for what a killed child has forked to end; what a script forked itself may stay */

static void finish(struct task *t)
{
	int status = 0;

	loop_unwatch(t->loop, &t->watch);
	fd_close(&t->watch.fd);
	waitpid(t->pid, &status, 0);
	t->pid = 0;
	t->ended(t->arg, &t->message, status);
}

static void ready(void *arg, uint32_t events)
{
	struct task *t = arg;
	ssize_t n = read(t->watch.fd, buf_reserve(&t->message, READ_CHUNK), READ_CHUNK);

	(void)events;
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		buf_commit(&t->message, (size_t)n);
	if (n <= 0 || t->message.len > t->limit)
		finish(t);
}

static void be_child(task_work_fn *work, const void *order, int fd)
{
	struct buf message = {0};

	work(order, &message);
	_exit(fd_write_all(fd, message.data, message.len) < 0);
}

int task_start(struct task *t, task_work_fn *work, const void *order, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	buf_clear(&t->message);
	t->watch = (struct watch){.fd = -1, .ready = ready, .arg = t};
	t->pid = proc_fork();
	if (t->pid == 0) {
		close(fds[0]);
		be_child(work, order, fds[1]);
	}
	if (t->pid < 0)
		err_errno(err, "cannot fork");
	close(fds[1]);
	if (t->pid > 0 && loop_watch(t->loop, &t->watch, fds[0], EPOLLIN, err) == 0)
		return 0;
	close(fds[0]);
	task_kill(t);
	return -1;
}

/* Whatever the child has forked holds the pipe as well, so at its end all of them are gone. */
static void await_end(int fd)
{
	uint64_t end = clock_now() + END_MS * NS_PER_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char rest[4096];

	while (clock_now() < end && poll(&p, 1, END_MS) > 0 && read(fd, rest, sizeof(rest)) > 0)
		;
}

void task_kill(struct task *t)
{
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	t->pid = 0;
	if (t->watch.active) {
		loop_unwatch(t->loop, &t->watch);
		await_end(t->watch.fd);
		fd_close(&t->watch.fd);
	}
	buf_free(&t->message);
}
