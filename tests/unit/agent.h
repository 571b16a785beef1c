/* agent.h - an agent in a process of its own, at the other end of a socket, as the host sees it
 *
 * A case that waits in vain is ended by SIGALRM, and the program with it.
 */
#ifndef UNIT_AGENT_H
#define UNIT_AGENT_H

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/agent.h"
#include "base/fd.h"
#include "base/mem.h"

#define PATIENCE_S 60

struct host {
	int fd;
	pid_t pid;
	struct buf in, out;
	size_t used; /* of the frame that was looked at last */
};

static inline void host_begin(struct host *h, const char *warnings)
{
	int fds[2];

	alarm(PATIENCE_S);
	*h = (struct host){0};
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	h->pid = fork();
	if (h->pid == 0) {
		close(fds[0]);
		CHECK_INT(fd_set_nonblock(fds[1], 1), 0);
		agent_serve(fds[1], "init", warnings, false, NULL);
		_exit(1);
	}
	close(fds[1]);
	h->fd = fds[0];
}

static inline void host_end(struct host *h)
{
	kill(h->pid, SIGKILL);
	waitpid(h->pid, NULL, 0);
	close(h->fd);
	buf_free(&h->in);
	buf_free(&h->out);
	alarm(0);
}

static inline void host_send(struct host *h)
{
	CHECK_INT(fd_write_all(h->fd, h->out.data, h->out.len), 0);
	buf_clear(&h->out);
}

/* A message whose only field is a text, or that has none. */
static inline void host_say(struct host *h, enum wire_type type, uint32_t id, const char *text)
{
	size_t mark = wire_begin(&h->out, (uint16_t)type, id);

	if (text)
		wire_put_str(&h->out, text);
	wire_end(&h->out, mark);
	host_send(h);
}

static inline void host_write_file(struct host *h, uint32_t id, const char *path, const char *text)
{
	size_t mark = wire_begin(&h->out, WIRE_WRITE_FILE, id);

	wire_put_str(&h->out, path);
	wire_put_u32(&h->out, 0644);
	wire_end(&h->out, mark);
	host_say(h, WIRE_DATA, id, text);
	host_say(h, WIRE_END, id, NULL);
}

/* Wait for the next frame. Return: it, valid until the next call. */
static inline struct frame host_hear(struct host *h)
{
	struct frame f = {0};
	int got;

	buf_consume(&h->in, h->used);
	h->used = 0;
	while ((got = wire_next(&h->in, &f)) == 0) {
		ssize_t n = read(h->fd, buf_reserve(&h->in, WIRE_CHUNK), WIRE_CHUNK);

		if (n <= 0)
			break;
		buf_commit(&h->in, (size_t)n);
	}
	CHECK_INT(got, 1);
	h->used = got > 0 ? wire_size(&f) : 0;
	return f;
}

/* Pass over OUTPUT. Return: the frame that ends a request. */
static inline struct frame host_hear_end(struct host *h)
{
	struct frame f;

	do
		f = host_hear(h);
	while (f.type == WIRE_OUTPUT);
	return f;
}

/* Return: the text of a FAIL, which the caller frees; "" of another frame. */
static inline char *host_reason(const struct frame *f)
{
	struct wire_reader r = wire_read(f);

	CHECK_INT(f->type, WIRE_FAIL);
	return f->type == WIRE_FAIL ? wire_get_str(&r) : xstrdup("");
}

#endif
