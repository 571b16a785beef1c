/* qmp.c - QEMU's control socket */
#include "qemu/qmp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

#define READ_CHUNK 65536

static void flush_out(struct qmp *q)
{
	ssize_t n = q->out.len ? write(q->watch.fd, q->out.data, q->out.len) : 0;

	if (n > 0)
		buf_consume(&q->out, (size_t)n);
	loop_want(q->loop, &q->watch, q->out.len ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Remember who is to be told of the next answer. */
static void await_answer(struct qmp *q, qmp_reply_fn *done, void *arg)
{
	struct qmp_command *c = xcalloc(1, sizeof(*c));

	*c = (struct qmp_command){.done = done, .arg = arg};
	*q->last = c;
	q->last = &c->next;
}

/* The descriptor travels with the first byte of the command (unix(7), SCM_RIGHTS), so nothing may be before it. */
static int send_with_fd(struct qmp *q, int fd, const char *text, struct err *err)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)text, .iov_len = strlen(text)};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {
			     .cmsg_len = CMSG_LEN(sizeof(int)),
			     .cmsg_level = SOL_SOCKET,
			     .cmsg_type = SCM_RIGHTS,
		     }};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	flush_out(q);
	if (q->out.len || sendmsg(q->watch.fd, &message, MSG_NOSIGNAL) != (ssize_t)iov.iov_len)
		return err_errno(err, "cannot pass a descriptor to QEMU");
	await_answer(q, NULL, NULL);
	return 0;
}

int qmp_pass_fd(struct qmp *q, int fd, const char *name, struct err *err)
{
	cleanup_free char *text = xasprintf("{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"%s\"}}\r\n", name);

	return send_with_fd(q, fd, text, err);
}

int qmp_add_fd(struct qmp *q, int fd, unsigned set, struct err *err)
{
	cleanup_free char *text = xasprintf("{\"execute\":\"add-fd\",\"arguments\":{\"fdset-id\":%u}}\r\n", set);

	return send_with_fd(q, fd, text, err);
}

void qmp_send(struct qmp *q, const char *command, const char *arguments, qmp_reply_fn *done, void *arg)
{
	await_answer(q, done, arg);
	buf_addf(&q->out, "{\"execute\":\"%s\"%s%s}\r\n", command, arguments ? ",\"arguments\":" : "",
		 arguments ? arguments : "");
	if (q->watch.active)
		flush_out(q);
}

static void lose(struct qmp *q, const char *why)
{
	loop_unwatch(q->loop, &q->watch);
	if (q->lost)
		q->lost(q->arg, why);
}

static void answer(struct qmp *q, const struct json *message)
{
	struct qmp_command *c = q->first;
	const struct json *reply = json_get(message, "return");
	const char *error = json_text(message, "error.desc");

	if (!c)
		return;
	q->first = c->next;
	if (!q->first)
		q->last = &q->first;
	if (c->done)
		c->done(c->arg, reply, reply ? NULL : error ? error : "no reason given");
	free(c);
}

static void greet(struct qmp *q, const struct json *greeting)
{
	const char *major = json_text(greeting, "QMP.version.qemu.major");
	const char *minor = json_text(greeting, "QMP.version.qemu.minor");
	const char *micro = json_text(greeting, "QMP.version.qemu.micro");
	char version[64];

	snprintf(version, sizeof(version), "%s.%s.%s", major ? major : "?", minor ? minor : "?",
		 micro ? micro : "?");
	if (q->greeted)
		q->greeted(q->arg, version);
}

static int handle_line(struct qmp *q, const char *line, size_t n)
{
	struct json *j = json_parse(line, n, NULL);
	const char *event = j ? json_text(j, "event") : NULL;

	if (!j)
		return -1;
	if (json_get(j, "QMP"))
		greet(q, j);
	else if (event && q->event)
		q->event(q->arg, event, j);
	else if (!event)
		answer(q, j);
	json_free(j);
	return 0;
}

static void handle_lines(struct qmp *q)
{
	char *end;

	while (q->in.len && (end = memchr(q->in.data, '\n', q->in.len))) {
		size_t n = (size_t)(end - q->in.data);

		if (n > 1 && handle_line(q, q->in.data, n) < 0) {
			lose(q, "QEMU's control socket sent something that is not JSON");
			return;
		}
		buf_consume(&q->in, n + 1);
	}
	if (q->in.len > QMP_LINE_MAX)
		lose(q, "QEMU's control socket sent an endless line");
}

static void ready(void *arg, uint32_t events)
{
	struct qmp *q = arg;
	ssize_t n;

	if (events & EPOLLOUT)
		flush_out(q);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = read(q->watch.fd, buf_reserve(&q->in, READ_CHUNK), READ_CHUNK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose(q, "QEMU closed its control socket");
		return;
	}
	q->in.len += (size_t)n;
	handle_lines(q);
}

int qmp_start(struct qmp *q, struct loop *l, int fd, struct err *err)
{
	q->loop = l;
	q->last = &q->first;
	q->watch.ready = ready;
	q->watch.arg = q;
	fd_set_nonblock(fd, 1);
	if (loop_watch(l, &q->watch, fd, EPOLLIN, err) < 0) {
		close(fd);
		return -1;
	}
	qmp_send(q, "qmp_capabilities", NULL, NULL, NULL);
	return 0;
}

void qmp_stop(struct qmp *q)
{
	if (!q->loop)
		return;
	loop_unwatch(q->loop, &q->watch);
	close(q->watch.fd);
	buf_free(&q->in);
	buf_free(&q->out);
	while (q->first) {
		struct qmp_command *c = q->first;

		q->first = c->next;
		free(c);
	}
	q->loop = NULL;
}
