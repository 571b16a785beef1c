/* task.c - a forked copy of this process that does one thing, sends one message, and ends
 *
 * Theory of operation
 *
 * The message comes through a pipe, the end of the child through a pidfd. Both
 * are watched. The pipe's end alone would not do: every process that the child
 * has forked holds the pipe as well, and one of them may stay. The pidfd alone
 * would not do either: a message larger than the pipe has to be read while the
 * child lives. When the child has ended, all that it wrote is in the pipe, so
 * one read without waiting gets the rest.
 */
#include "base/task.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/pidfd.h"
#include "base/proc.h"

#define READ_CHUNK 65536

static int message_pipe = -1; /* the child's */

/* Return: whether there may be more. */
static bool read_some(struct task *t)
{
	ssize_t n = read(t->pipe.fd, buf_reserve(&t->message, READ_CHUNK), READ_CHUNK);

	if (n > 0)
		buf_commit(&t->message, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

static void close_pipe(struct task *t)
{
	loop_unwatch(t->loop, &t->pipe);
	fd_close(&t->pipe.fd);
}

static void pipe_ready(void *arg, uint32_t events)
{
	struct task *t = arg;

	(void)events;
	if (read_some(t) && t->message.len <= t->limit)
		return;
	if (t->message.len > t->limit)
		task_stop(t);
	close_pipe(t); /* the end of the child, which mostly follows, is told by its pidfd */
	if (t->told && t->message.len && t->message.len <= t->limit)
		t->told(t->arg, &t->message);
}

static void child_ended(void *arg, uint32_t events)
{
	struct task *t = arg;
	int status = 0;

	(void)events;
	while (t->pipe.active && t->message.len <= t->limit && read_some(t))
		;
	close_pipe(t);
	task_stop(t); /* what the child has forked and left behind; the child itself is not yet waited for */
	waitpid(t->pid, &status, 0);
	loop_close(t->loop, &t->exit);
	t->pid = 0;
	t->ended(t->arg, &t->message, status);
}

static void be_child(task_work_fn *work, const void *order, int fd)
{
	struct buf message = {0};

	setpgid(0, 0);
	message_pipe = fd;
	work(order, &message);
	task_tell(&message);
	_exit(0);
}

void task_tell(const struct buf *message)
{
	int fd = fd_steal(&message_pipe);

	if (fd < 0)
		return;
	if (fd_write_all(fd, message->data, message->len) < 0)
		_exit(1);
	close(fd);
}

/* Watch a child that was just forked. @fd is owned in any case. */
static int watch_child(struct task *t, int fd, struct err *err)
{
	setpgid(t->pid, t->pid); /* the child does so, too: one of both is first */
	t->pipe.fd = fd;
	t->exit.fd = pidfd_open_child(t->pid);
	if (t->exit.fd < 0)
		return err_errno(err, "cannot watch process %ld", (long)t->pid);
	if (fd_set_nonblock(fd, 1) < 0)
		return err_errno(err, "cannot read from a pipe");
	if (loop_watch(t->loop, &t->pipe, fd, EPOLLIN, err) < 0)
		return -1;
	return loop_watch(t->loop, &t->exit, t->exit.fd, EPOLLIN, err);
}

int task_start(struct task *t, task_work_fn *work, const void *order, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	buf_clear(&t->message);
	t->pipe = (struct watch){.fd = -1, .ready = pipe_ready, .arg = t};
	t->exit = (struct watch){.fd = -1, .ready = child_ended, .arg = t};
	t->pid = proc_fork();
	if (t->pid == 0) {
		close(fds[0]);
		be_child(work, order, fds[1]);
	}
	if (t->pid < 0) {
		err_errno(err, "cannot fork");
		close(fds[0]);
		close(fds[1]);
		t->pid = 0;
		return -1;
	}
	close(fds[1]);
	if (watch_child(t, fds[0], err) == 0)
		return 0;
	task_kill(t);
	return -1;
}

void task_stop(struct task *t)
{
	if (t->pid <= 0)
		return;
	kill(-t->pid, SIGKILL);
	kill(t->pid, SIGKILL);
}

void task_finish(struct task *t, uint64_t deadline)
{
	bool busy = t->pid > 0;
	char rest[4096];

	/* Without a pidfd there is no bound: but then the child was killed before it had done anything. */
	if (busy && (t->exit.fd < 0 || fd_await(t->exit.fd, deadline)))
		waitpid(t->pid, NULL, 0);
	t->pid = 0;
	/* Whatever the child has forked holds the pipe as well, so at its end all of them are gone. */
	while (busy && t->pipe.fd >= 0 && fd_await(t->pipe.fd, deadline) && read(t->pipe.fd, rest, sizeof(rest)) > 0)
		;
	if (busy) {
		close_pipe(t);
		loop_close(t->loop, &t->exit);
	}
	buf_free(&t->message);
}

void task_kill(struct task *t)
{
	task_stop(t);
	task_finish(t, clock_now() + TASK_END_MS * NS_PER_MS);
}
