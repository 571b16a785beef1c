/* agent.c - the agent proper: HELLO, the table of requests, dispatch
 *
 * Theory of operation
 *
 * The host is trusted to be well-meaning, not to be free of bugs: a frame of
 * unknown type or with bad fields is answered with FAIL and changes nothing. A
 * stream that lost its place cannot be mended: the agent forgets the bytes that
 * it has, ends all that runs for the host, and says HELLO again. That HELLO is the
 * end of every request of before: none of them is answered after it. Answers that
 * were queued before it still go out ahead of it. Should more of the broken bytes
 * be on their way, the agent says HELLO once more for them.
 *
 * Back-pressure. Above PORT_OUT_HIGH bytes waiting for the host, no pipe and no
 * file is read any more, so a command that writes faster than the host reads
 * blocks in its own write(2), as with any pipe. Answers go out regardless: they
 * are bounded by the number of requests.
 *
 * Every frame that is sent fits into WIRE_PAYLOAD_MAX by construction: text is cut
 * at its limit (wire/agent.h), a result and a piece of output must keep to theirs.
 *
 * No handler blocks but in a file system, and each reads a bounded piece before
 * the loop goes on, so PING is answered whatever else runs.
 */
#include "agent/agent.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "agent/child.h"
#include "agent/configure.h"
#include "agent/connect.h"
#include "agent/exec.h"
#include "agent/files.h"
#include "agent/font.h"
#include "agent/health.h"
#include "agent/power.h"
#include "agent/shell.h"
#include "agent/trees.h"
#include "agent/wait.h"
#include "base/bytes.h"
#include "base/fd.h"
#include "base/mem.h"

#define FIELDS_MAX 16384 /* bytes of a frame's other fields, at most: the path of an init is the longest (PATH_MAX) */

static_assert(WIRE_WARNINGS_MAX + FIELDS_MAX <= WIRE_PAYLOAD_MAX, "a HELLO fits into a frame");
static_assert(WIRE_REASON_MAX + FIELDS_MAX <= WIRE_PAYLOAD_MAX, "a FAIL fits into a frame");
static_assert(WIRE_DONE_MAX + FIELDS_MAX <= WIRE_PAYLOAD_MAX, "a DONE fits into a frame");
static_assert(WIRE_CHUNK + FIELDS_MAX <= WIRE_PAYLOAD_MAX, "an OUTPUT fits into a frame");

void agent_log(const char *fmt, ...)
{
	cleanup_fd int fd = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[512] = "<4>vmtap: ";
	size_t n = strlen(line);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line + n, sizeof(line) - n, fmt, ap);
	va_end(ap);
	if (fd >= 0)
		(void)!write(fd, line, strlen(line));
}

/* ---- answers ---- */

static void send_bytes(struct agent *a, uint16_t type, uint32_t id, const void *data, size_t n)
{
	size_t mark = wire_begin(&a->port.out, type, id);

	wire_put_bytes(&a->port.out, data, n);
	wire_end(&a->port.out, mark);
	port_send(&a->port);
}

void agent_send_done(struct agent *a, uint32_t id, const void *data, size_t n)
{
	assert(n <= WIRE_DONE_MAX);
	send_bytes(a, WIRE_DONE, id, data, n);
}

void agent_send_fail(struct agent *a, uint32_t id, const char *fmt, ...)
{
	cleanup_buf struct buf reason = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&reason, fmt, ap);
	va_end(ap);
	send_bytes(a, WIRE_FAIL, id, buf_str(&reason), strnlen(buf_str(&reason), WIRE_REASON_MAX));
}

size_t agent_begin_output(struct agent *a, uint32_t id, enum wire_stream stream)
{
	size_t mark = wire_begin(&a->port.out, WIRE_OUTPUT, id);

	wire_put_u8(&a->port.out, (uint8_t)stream);
	wire_put_u32(&a->port.out, 0);
	return mark;
}

void agent_end_output(struct agent *a, size_t mark)
{
	struct buf *out = &a->port.out;
	size_t bytes = mark + WIRE_HEADER_SIZE + 1 + 4;

	assert(out->len - bytes <= WIRE_CHUNK);
	put_le32((uint8_t *)out->data + bytes - 4, (uint32_t)(out->len - bytes));
	wire_end(out, mark);
	port_send(&a->port);
	if (!a->full && port_waiting(&a->port) > PORT_OUT_HIGH) {
		a->full = true;
		child_pause_all(a);
	}
}

void agent_send_output(struct agent *a, uint32_t id, enum wire_stream stream, const void *data, size_t n)
{
	size_t mark = agent_begin_output(a, id, stream);

	buf_add(&a->port.out, data, n);
	agent_end_output(a, mark);
}

static void send_hello(struct agent *a)
{
	struct utsname u;
	size_t mark = wire_begin(&a->port.out, WIRE_HELLO, 0);

	uname(&u);
	wire_put_u32(&a->port.out, WIRE_VERSION);
	wire_put_str(&a->port.out, u.release);
	wire_put_str(&a->port.out, a->init);
	wire_put_bytes(&a->port.out, a->warnings, strnlen(a->warnings, WIRE_WARNINGS_MAX));
	wire_end(&a->port.out, mark);
	port_send(&a->port);
}

/* ---- the table ---- */

void request_open(struct request *q, struct agent *a, uint32_t id, const struct request_ops *ops)
{
	*q = (struct request){.agent = a, .ops = ops, .next = a->requests, .id = id};
	a->requests = q;
}

struct request *request_find(struct agent *a, uint32_t id)
{
	struct request *q = a->requests;

	while (q && q->id != id)
		q = q->next;
	return q;
}

void request_close(struct request *q)
{
	struct request **at = &q->agent->requests;

	while (*at != q)
		at = &(*at)->next;
	*at = q->next;
	q->ops->drop(q);
}

void request_done(struct request *q, const void *data, size_t n)
{
	agent_send_done(q->agent, q->id, data, n);
	request_close(q);
}

void request_fail(struct request *q, const char *reason)
{
	agent_send_fail(q->agent, q->id, "%s", reason);
	request_close(q);
}

static void drop_all(struct agent *a)
{
	while (a->requests)
		request_close(a->requests);
	a->full = false;
	child_resume_all(a);
}

/* ---- dispatch ---- */

static void cancel(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct request *q = request_find(a, id);

	a->last_words = r->left ? wire_get_u32(r) : 0;
	if (q) /* it may have been answered while the CANCEL was on its way */
		q->ops->cancel(q);
}

static void ping(struct agent *a, uint32_t id, struct wire_reader *r)
{
	(void)r;
	agent_send_done(a, id, "", 0);
}

/* Both are of what has a window: a connection, or a command. */
static void input(struct agent *a, uint32_t id, struct wire_reader *r)
{
	(connect_has(a, id) ? connect_handle_input : shell_handle_input)(a, id, r);
}

static void taken(struct agent *a, uint32_t id, struct wire_reader *r)
{
	(connect_has(a, id) ? connect_handle_taken : shell_handle_taken)(a, id, r);
}

/* @opens: it starts a request, whose number must be free. */
static const struct handler {
	enum wire_type type;
	bool opens;
	void (*run)(struct agent *a, uint32_t id, struct wire_reader *r);
} handlers[] = {
	{WIRE_CONFIGURE, true, configure_handle},
	{WIRE_EXEC, true, exec_handle},
	{WIRE_WAIT, true, wait_handle},
	{WIRE_CANCEL, false, cancel},
	{WIRE_READ_FILE, true, files_handle_read},
	{WIRE_WRITE_FILE, true, files_handle_write},
	{WIRE_DATA, false, files_handle_data},
	{WIRE_END, false, files_handle_end},
	{WIRE_POWEROFF, true, power_handle},
	{WIRE_PING, true, ping},
	{WIRE_SHELL, true, shell_handle},
	{WIRE_FONT, true, font_handle},
	{WIRE_HEALTH, true, health_handle},
	{WIRE_INPUT, false, input},
	{WIRE_RESIZE, false, shell_handle_resize},
	{WIRE_TAKEN, false, taken},
	{WIRE_PUT_TREE, true, trees_handle_put},
	{WIRE_RECORD, false, trees_handle_record},
	{WIRE_GET_TREE, true, trees_handle_get},
	{WIRE_SPAWN, true, shell_handle_spawn},
	{WIRE_SIGNAL, false, shell_handle_signal},
	{WIRE_CONNECT, true, connect_handle},
};

static void dispatch(struct agent *a, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	const struct handler *h = handlers;

	while (h < handlers + ARRAY_SIZE(handlers) && h->type != f->type)
		h++;
	if (h == handlers + ARRAY_SIZE(handlers))
		agent_send_fail(a, f->id, "the agent does not know message type %u", f->type);
	else if (h->opens && request_find(a, f->id))
		agent_send_fail(a, f->id, "request %u is already running", f->id);
	else
		h->run(a, f->id, &r);
}

static void received(void *arg)
{
	struct agent *a = arg;
	struct buf *in = &a->port.in;
	size_t used = 0;
	struct frame f;
	int got;

	for (;;) {
		struct buf rest = {.data = in->data + used, .len = in->len - used};

		got = wire_next(&rest, &f);
		if (got <= 0)
			break;
		dispatch(a, &f);
		used += wire_size(&f);
	}
	if (got == 0) {
		buf_consume(in, used);
		return;
	}
	agent_log("the stream from the host is broken, starting afresh");
	buf_clear(in);
	drop_all(a);
	send_hello(a);
}

static void connected(void *arg)
{
	send_hello(arg);
}

static void lost(void *arg)
{
	drop_all(arg);
}

static void drained(void *arg)
{
	struct agent *a = arg;
	struct request *next;

	if (!a->full)
		return;
	a->full = false;
	child_resume_all(a);
	for (struct request *q = a->requests; q && !a->full; q = next) {
		next = q->next;
		if (q->ops->resume)
			q->ops->resume(q);
	}
}

static const struct port_ops port_ops = {
	.connected = connected,
	.lost = lost,
	.received = received,
	.drained = drained,
};

/* ---- life ---- */

static void signalled(void *arg, uint32_t events)
{
	struct agent *a = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(a->signals.fd, &info, sizeof(info)) > 0)
		if (info.ssi_signo != SIGCHLD)
			power_signalled(a, (int)info.ssi_signo);
	child_reap_all(a);
}

static int watch_signals(struct agent *a, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGPIPE); /* a pipe that is written to may lose its reader: EPIPE says so */
	sigprocmask(SIG_BLOCK, &set, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	if (a->is_init)
		power_add_signals(&set);
	a->signals = (struct watch){.ready = signalled, .arg = a};
	return loop_signals(&a->loop, &a->signals, &set, err);
}

int agent_serve(int port, const char *init, const char *warnings, bool is_init, struct err *err)
{
	static struct agent a;

	a = (struct agent){.init = init, .warnings = warnings, .is_init = is_init};
	a.null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	a.random = open("/dev/urandom", O_WRONLY | O_CLOEXEC);
	if (loop_init(&a.loop, err) < 0 || watch_signals(&a, err) < 0)
		return -1;
	port_begin(&a.port, &a.loop, port, &port_ops, &a);
	return loop_run(&a.loop, err);
}
