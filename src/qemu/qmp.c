/* qmp.c - QEMU's control socket */
#include "qemu/qmp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/mem.h"

#define WAITING_MAX (1 << 20) /* bytes of commands that QEMU has not read */

/* The next answer is @done's. */
static void await_answer(struct qmp *q, qmp_reply_fn *done, void *arg)
{
	struct qmp_command *c = xcalloc(1, sizeof(*c));

	*c = (struct qmp_command){.done = done, .arg = arg};
	*q->last = c;
	q->last = &c->next;
}

/* The descriptor travels with the first byte of the command, so nothing may be before it. */
static int send_with_fd(struct qmp *q, int fd, const char *text, struct err *err)
{
	stream_flush(&q->stream);
	errno = EAGAIN; /* if it is for what is before it */
	if (stream_waiting(&q->stream) || fd_send(q->stream.watch.fd, text, strlen(text), fd) < 0)
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
	buf_addf(&q->stream.out, "{\"execute\":\"%s\"%s%s}\r\n", command, arguments ? ",\"arguments\":" : "",
		 arguments ? arguments : "");
	stream_flush(&q->stream);
}

void qmp_send_text(struct qmp *q, const char *command, qmp_reply_fn *done, void *arg)
{
	await_answer(q, done, arg);
	buf_addf(&q->stream.out, "%s\r\n", command);
	stream_flush(&q->stream);
}

void qmp_forget(struct qmp *q, const void *arg)
{
	for (struct qmp_command *c = q->first; c; c = c->next)
		if (c->arg == arg)
			c->done = NULL;
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

void qmp_take_version(struct qmp *q, const struct json *answer)
{
	const char *major = json_text(answer, "qemu.major");
	const char *minor = json_text(answer, "qemu.minor");
	const char *micro = json_text(answer, "qemu.micro");
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
		qmp_take_version(q, json_get(j, "QMP.version"));
	else if (event && q->event)
		q->event(q->arg, event, j);
	else if (!event)
		answer(q, j);
	json_free(j);
	return 0;
}

static void received(void *arg)
{
	struct qmp *q = arg;
	struct stream *s = &q->stream;
	unsigned life = stream_life(s);
	char *end;

	while (s->in.len && (end = memchr(s->in.data, '\n', s->in.len))) {
		size_t n = (size_t)(end - s->in.data);
		bool good = n <= 1 || handle_line(q, s->in.data, n) == 0;

		if (stream_life(s) != life)
			return;
		if (!good) {
			stream_lose(s, "QEMU's control socket sent something that is not JSON");
			return;
		}
		buf_consume(&s->in, n + 1);
	}
	if (s->in.len > QMP_LINE_MAX)
		stream_lose(s, "QEMU's control socket sent an endless line");
}

static void lost(void *arg, const char *why)
{
	struct qmp *q = arg;

	if (q->lost)
		q->lost(q->arg, why);
}

int qmp_start(struct qmp *q, struct loop *l, int fd, struct err *err)
{
	q->last = &q->first;
	q->stream.out_max = WAITING_MAX;
	q->stream.received = received;
	q->stream.lost = lost;
	q->stream.arg = q;
	if (stream_open(&q->stream, l, fd, err) < 0)
		return -1;
	qmp_send(q, "qmp_capabilities", NULL, NULL, NULL);
	return 0;
}

void qmp_stop(struct qmp *q)
{
	stream_close(&q->stream);
	while (q->first) {
		struct qmp_command *c = q->first;

		q->first = c->next;
		free(c);
	}
	q->last = &q->first;
}
