/* shell.c - SHELL: a shell for a person, on a terminal or on pipes; SPAWN: a command that can be spoken to
 *
 * What the person types may be more than the shell takes: it waits here, and is
 * acknowledged when it was written, so no more than a window of it does. What
 * the shell writes may be more than the person's terminal takes: with a window
 * full of it on its way, the shell is not read (child_hold()).
 */
#include "agent/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/exec.h"
#include "base/fd.h"
#include "base/mem.h"

/**
 * struct shell - One of them
 * @to:		Where input goes: the terminal's master, or a pipe; -1 once that is closed
 * @tty:	It is a terminal
 * @input:	What it has not taken yet
 * @closing:	... after which comes the end of the input
 * @on_way:	Bytes of output that were not acknowledged
 */
struct shell {
	struct request request;
	struct child *child;
	int to;
	bool tty, closing;
	struct buf input;
	struct watch writable;
	size_t on_way;
};

/* ---- output ---- */

static void output(void *arg, enum wire_stream stream, const char *data, size_t n)
{
	struct shell *s = arg;

	agent_send_output(s->request.agent, s->request.id, stream, data, n);
	s->on_way += n;
	if (s->child && s->on_way >= WIRE_SHELL_WINDOW)
		child_hold(s->child, true);
}

static void ended(void *arg, const struct child *c)
{
	struct shell *s = arg;

	s->child = NULL;
	exec_send_exit(&s->request, c);
	request_close(&s->request);
}

static const struct child_ops child_ops = {.output = output, .ended = ended};

/* ---- input ---- */

static void close_input(struct shell *s)
{
	loop_unwatch(&s->request.agent->loop, &s->writable);
	fd_close(&s->to);
}

static void acknowledge(struct shell *s, size_t n)
{
	struct buf *out = &s->request.agent->port.out;
	size_t mark = wire_begin(out, WIRE_TAKEN, s->request.id);

	wire_put_u32(out, (uint32_t)n);
	wire_end(out, mark);
	port_send(&s->request.agent->port);
}

/* A shell that takes no more input (it has closed it, or ended) loses what is left. */
static void write_input(struct shell *s)
{
	struct loop *l = &s->request.agent->loop;

	while (s->to >= 0 && s->input.len) {
		ssize_t n = write(s->to, s->input.data, s->input.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!s->writable.active)
				loop_watch(l, &s->writable, s->to, EPOLLOUT, NULL);
			return;
		}
		if (n < 0)
			n = (ssize_t)s->input.len;
		acknowledge(s, (size_t)n);
		buf_consume(&s->input, (size_t)n);
	}
	loop_unwatch(l, &s->writable);
	if (s->closing && s->to >= 0)
		close_input(s);
}

static void writable(void *arg, uint32_t events)
{
	(void)events;
	write_input(arg);
}

/* ---- the request ---- */

static void cancel(struct request *q)
{
	child_kill(container_of(q, struct shell, request)->child);
}

static void drop(struct request *q)
{
	struct shell *s = container_of(q, struct shell, request);

	close_input(s);
	if (s->child)
		child_abandon(s->child);
	buf_free(&s->input);
	free(s);
}

static const struct request_ops shell_ops = {.cancel = cancel, .drop = drop};

static struct shell *find(struct agent *a, uint32_t id)
{
	struct request *q = request_find(a, id);

	return q && q->ops == &shell_ops ? container_of(q, struct shell, request) : NULL;
}

static void set_size(int tty, uint32_t columns, uint32_t rows)
{
	struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};

	ioctl(tty, TIOCSWINSZ, &size);
}

/* Set @to to the master of a new terminal. Return: its other side, or -1. */
static int open_terminal(int *to, struct err *err)
{
	int unlock = 0, number, slave;
	char path[32];

	*to = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (*to < 0 || ioctl(*to, TIOCSPTLCK, &unlock) < 0 || ioctl(*to, TIOCGPTN, &number) < 0)
		return err_errno(err, "cannot open a terminal (/dev/ptmx)");
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	slave = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return slave >= 0 ? slave : err_errno(err, "cannot open a terminal (%s)", path);
}

/* Set @to to where its input goes. Return: the shell's end, or -1. */
static int open_pipe(int *to, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(err, "cannot create a pipe");
	*to = fds[1];
	fd_set_nonblock(fds[1], 1);
	return fds[0];
}

/* With its input: on a terminal, or a pipe. Return: the shell's side of that, or -1. */
static int open_request(struct shell *s, struct agent *a, uint32_t id, struct err *err)
{
	*s = (struct shell){.to = -1, .tty = s->tty, .writable = {.ready = writable, .arg = s}};
	request_open(&s->request, a, id, &shell_ops);
	return s->tty ? open_terminal(&s->to, err) : open_pipe(&s->to, err);
}

static void answer_start(struct shell *s, const struct err *err)
{
	if (s->child)
		acknowledge(s, 0);
	else
		request_fail(&s->request, err->text);
}

void shell_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	cleanup_free char *term = wire_get_str(r);
	uint32_t columns = wire_get_u32(r), rows = wire_get_u32(r);
	struct err err = {0};
	struct shell *s;
	cleanup_fd int in = -1;

	if (r->bad) {
		agent_send_fail(a, id, "malformed SHELL");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->tty = columns > 0;
	in = open_request(s, a, id, &err);
	if (in >= 0 && s->tty)
		set_size(s->to, columns, rows);
	if (in >= 0) {
		const struct child_shell shell = {.in = in, .master = s->tty ? s->to : -1, .term = term};

		s->child = child_start_shell(a, &shell, &child_ops, s, &err);
	}
	answer_start(s, &err);
}

void shell_handle_spawn(struct agent *a, uint32_t id, struct wire_reader *r)
{
	cleanup_free char *command = wire_get_str(r);
	struct err err = {0};
	struct shell *s;
	cleanup_fd int in = -1;

	if (r->bad) {
		agent_send_fail(a, id, "malformed SPAWN");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	in = open_request(s, a, id, &err);
	if (in >= 0)
		s->child = child_start_fed(a, command, in, &child_ops, s, &err);
	answer_start(s, &err);
}

void shell_handle_signal(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct shell *s = find(a, id);
	uint32_t signal = wire_get_u32(r);

	if (s && s->child && !r->bad)
		child_signal(s->child, (int)signal);
}

void shell_handle_input(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct shell *s = find(a, id);
	size_t n;
	const char *bytes = wire_get_bytes(r, &n);

	if (!s || r->bad)
		return;
	if (n == 0)
		s->closing = !s->tty;
	buf_add(&s->input, bytes, n);
	write_input(s);
}

void shell_handle_resize(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct shell *s = find(a, id);
	uint32_t columns = wire_get_u32(r), rows = wire_get_u32(r);

	if (s && s->tty && !r->bad && s->to >= 0)
		set_size(s->to, columns, rows);
}

void shell_handle_taken(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct shell *s = find(a, id);
	uint32_t n = wire_get_u32(r);

	if (!s || r->bad)
		return;
	s->on_way -= n < s->on_way ? n : s->on_way;
	if (s->child && s->child->held && s->on_way < WIRE_SHELL_WINDOW)
		child_hold(s->child, false);
}
