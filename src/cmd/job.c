/* job.c - one test under way: its world's process and the verdict on its way back */
#include "cmd/job.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"

#define OUTCOME_MAX (64 << 20) /* bytes of a world's message: its fields are bounded, so this is generous */
#define READ_CHUNK  65536
#define END_MS	    1000 /* for the processes of a killed world to end; what a script forked itself may stay */

/* The world's process: do the work, send the outcome, end. */
static void be_world(struct plan_test *t, job_work_fn *work, int fd)
{
	struct world_outcome outcome;
	struct buf message = {0};
	sigset_t none;

	setpgid(0, 0); /* a terminal's ^C is the runner's to handle */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	work(t, &outcome);
	world_outcome_encode(&outcome, &message);
	_exit(fd_write_all(fd, message.data, message.len) < 0);
}

/* The pipe is at its end: the test is over, one way or the other. */
static void ended(struct job *j)
{
	struct world_outcome outcome = {0};
	cleanup_free char *how = NULL;
	int status = 0;

	loop_unwatch(j->loop, &j->watch);
	fd_close(&j->watch.fd);
	waitpid(j->pid, &status, 0);
	j->pid = 0;
	if (world_outcome_decode(&j->message, &outcome) < 0)
		how = proc_status_text(status);
	j->done(j->arg, j, &outcome, how);
}

static void ready(void *arg, uint32_t events)
{
	struct job *j = arg;
	ssize_t n = read(j->watch.fd, buf_reserve(&j->message, READ_CHUNK), READ_CHUNK);

	(void)events;
	if (n < 0 && errno == EINTR)
		return;
	if (n > 0)
		j->message.len += (size_t)n;
	if (n <= 0 || j->message.len > OUTCOME_MAX)
		ended(j);
}

int job_start(struct job *j, struct plan_test *t, size_t number, job_work_fn *work, void (*in_child)(void *arg),
	      struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	buf_clear(&j->message);
	j->test = t;
	j->number = number;
	j->started = clock_now();
	j->watch = (struct watch){.fd = -1, .ready = ready, .arg = j};
	j->pid = proc_fork();
	if (j->pid == 0) {
		close(fds[0]);
		in_child(j->arg);
		be_world(t, work, fds[1]);
	}
	close(fds[1]);
	if (j->pid > 0 && loop_watch(j->loop, &j->watch, fds[0], EPOLLIN, err) == 0)
		return 0;
	if (j->pid < 0)
		err_errno(err, "cannot fork");
	close(fds[0]);
	job_kill(j);
	return -1;
}

/* Whatever the world has forked holds the pipe as well, so at its end all of them are gone. */
static void await_end(int fd)
{
	uint64_t end = clock_now() + END_MS * NS_PER_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char rest[4096];

	while (clock_now() < end && poll(&p, 1, END_MS) > 0 && read(fd, rest, sizeof(rest)) > 0)
		;
}

void job_kill(struct job *j)
{
	if (j->pid > 0) {
		kill(j->pid, SIGKILL);
		waitpid(j->pid, NULL, 0);
	}
	j->pid = 0;
	j->test = NULL;
	if (j->watch.active) {
		loop_unwatch(j->loop, &j->watch);
		await_end(j->watch.fd);
		fd_close(&j->watch.fd);
	}
	buf_free(&j->message);
}
