/* host.c - what a script may know and do of the host */
#include "script/host.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/pidfd.h"
#include "base/proc.h"
#include "script/blocks.h"
#include "script/output.h"
#include "script/run.h"
#include "wire/script.h"

#define READ_SIZE 65536

/* A command under way: our ends of its streams, -1 once they are at their end, and what came. */
struct command {
	pid_t pid;
	int pidfd;
	int fds[2];
	struct buf out[2];
};

static void start(struct command *c, const char *cmd)
{
	char *argv[] = {(char *)"/bin/sh", (char *)"-c", (char *)cmd, NULL};
	cleanup_fd int out = -1, error = -1;
	struct err err = {0};
	int pipes[2][2];

	if (pipe2(pipes[0], O_CLOEXEC) < 0 || pipe2(pipes[1], O_CLOEXEC) < 0)
		run_die(NULL, "host: cannot create a pipe");
	out = pipes[0][1];
	error = pipes[1][1];
	c->fds[0] = pipes[0][0];
	c->fds[1] = pipes[1][0];
	c->pid = proc_start(&(struct proc_spec){.path = argv[0], .argv = argv, .fds = {{out, 1}, {error, 2}}, .nfds = 2},
			    &c->pidfd, &err);
	if (c->pid < 0)
		run_die(NULL, "host: %s", err.text);
}

static void take(struct command *c, int i)
{
	ssize_t n = read(c->fds[i], buf_reserve(&c->out[i], READ_SIZE), READ_SIZE);

	if (n > 0)
		buf_commit(&c->out[i], (size_t)n);
	else if (n == 0 || errno != EINTR)
		fd_close(&c->fds[i]);
}

/*
 * Until its streams are at their end, it has ended (what it left in the background may hold them), or the deadline is
 * there. Return: whether it ended in time.
 */
static bool attend(struct command *c, uint64_t deadline)
{
	struct pollfd p[3];
	bool ended = false;

	while (!ended && clock_now() < deadline) {
		uint64_t left = (deadline - clock_now()) / NS_PER_MS;

		p[0] = (struct pollfd){.fd = c->fds[0], .events = POLLIN};
		p[1] = (struct pollfd){.fd = c->fds[1], .events = POLLIN};
		p[2] = (struct pollfd){.fd = c->pidfd, .events = POLLIN};
		if (poll(p, 3, left < 1000 ? (int)left + 1 : 1000) < 0)
			continue;
		for (int i = 0; i < 2; i++)
			if (p[i].revents)
				take(c, i);
		if (c->out[0].len > WIRE_CALL_OUTPUT_MAX || c->out[1].len > WIRE_CALL_OUTPUT_MAX)
			break;
		ended = p[2].revents && !(p[0].revents & POLLIN) && !(p[1].revents & POLLIN);
	}
	return ended;
}

struct result host_run(const char *cmd)
{
	struct command c = {.pidfd = -1};
	uint64_t begun = clock_now(), deadline = blocks_call_deadline();
	struct result r = {0};
	int status = 0;
	bool ended;

	if (!cmd)
		run_die(NULL, "host: the command is a null pointer");
	output_flush();
	start(&c, cmd);
	ended = attend(&c, deadline);
	proc_end(c.pid, c.pidfd, &status);
	fd_close(&c.pidfd);
	fd_close(&c.fds[0]);
	fd_close(&c.fds[1]);
	if (c.out[0].len > WIRE_CALL_OUTPUT_MAX || c.out[1].len > WIRE_CALL_OUTPUT_MAX)
		run_die(NULL, "host: the command wrote more than %d MiB to one stream", WIRE_CALL_OUTPUT_MAX >> 20);
	r.status = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
	r.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r.timed_out = !ended;
	r.out_len = c.out[0].len;
	r.err_len = c.out[1].len;
	r.out = r.out_len ? buf_steal(&c.out[0]) : run_keep_str("");
	r.err = r.err_len ? buf_steal(&c.out[1]) : run_keep_str("");
	r.seconds = (double)(clock_now() - begun) / NS_PER_S;
	return r;
}

bool host_accelerated(void)
{
	return run.part && run.part->accelerated;
}

double host_slowness(void)
{
	return run.part ? run.part->slow : 1;
}

char *host_log_dir(void)
{
	struct err err = {0};

	if (!run.part || !run.part->log_dir)
		return NULL;
	if (file_make_dirs(run.part->log_dir, &err) < 0)
		run_die(NULL, "log_dir: %s", err.text);
	return run_keep_str(run.part->log_dir);
}
