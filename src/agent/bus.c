/* bus.c - one question to systemd, over its private socket, without a fork
 *
 * Theory of operation
 *
 * A connection that is open is sent every signal: systemd then marshals a message
 * for each change of each unit, which slows down the very boot that is waited for.
 * To open one costs more than a call, as systemd then enters each of its methods
 * into tables: most of what the look at the end of each test took. So once the boot
 * is over one is kept (spare), in the copies of a saved machine too, until systemd
 * has said SPARE_MAX bytes on it that nobody asked for.
 *
 * Authentication (EXTERNAL: the kernel tells who we are) and BEGIN go out in one
 * write, answered by a line "OK <guid>". The call mustn't be in the same write,
 * though the protocol allows it: sd-bus reads it together with BEGIN, and then
 * waits for the socket before it looks at what it has.
 */
#include "agent/bus.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/text.h"

#define BUS_PATH       "/run/systemd/private"
#define BUS_USER_PATH  "/run/user/%u/systemd/private"
#define BUS_PATIENCE_S 20 /* systemd is mute while it reloads: seconds, in an emulated guest */
#define BUS_READ       16384
#define GREETING_MAX  512 /* bytes of the answer to AUTH */
#define FIRST_SERIAL  1
#define SPARE_MAX     32768 /* some twenty changes of units, a millisecond or two each of an emulated guest */

/* An open connection to the system's systemd without a call. One agent is one process. */
static struct {
	struct loop *loop;
	struct watch watch;
	int fd;		 /* -1 without one */
	struct buf in;	 /* signals that nobody has read */
	uint32_t serial; /* of the last call */
	size_t heard;	 /* bytes while it was the spare */
} spare = {.fd = -1};

void bus_init(struct bus *b, struct loop *loop, uid_t uid, void (*answered)(void *arg, struct dbus_message *reply),
	      void *arg)
{
	*b = (struct bus){.loop = loop, .uid = uid, .fd = -1, .answered = answered, .arg = arg};
}

void bus_close(struct bus *b)
{
	loop_unwatch(b->loop, &b->watch);
	loop_timer(b->loop, &b->deadline, CLOCK_NEVER);
	fd_close(&b->fd);
	buf_free(&b->in);
	buf_free(&b->call);
	b->begun = false;
}

static void hang_up(struct bus *b)
{
	bus_close(b);
	b->answered(b->arg, NULL);
}

static void timed_out(void *arg)
{
	hang_up(arg);
}

/* An empty socket takes more than we ever send in one go. */
static int send_whole(struct bus *b, const void *data, size_t n)
{
	return send(b->fd, data, n, MSG_NOSIGNAL) == (ssize_t)n ? 0 : -1;
}

/* Return: 1 when the messages begin, 0 when the line is not whole, -1 when we were refused. */
static int read_greeting(struct bus *b)
{
	const char *end = strstr(buf_str(&b->in), "\r\n");

	if (!end)
		return b->in.len < GREETING_MAX ? 0 : -1;
	if (!text_starts(buf_str(&b->in), "OK "))
		return -1;
	buf_consume(&b->in, (size_t)(end + 2 - buf_str(&b->in)));
	b->begun = true;
	return send_whole(b, b->call.data, b->call.len) < 0 ? -1 : 1;
}

/* Return: 1 with the reply in @m, 0 when it is not there yet, -1 when the stream is broken. */
static int find_reply(struct bus *b, struct dbus_message *m)
{
	int got = b->begun ? 1 : read_greeting(b);

	while (got > 0) {
		got = dbus_next(&b->in, m);
		if (got > 0 && m->reply_to == b->serial)
			return 1;
		if (got > 0)
			buf_consume(&b->in, m->size); /* a signal */
	}
	return got;
}

static void drop_spare(void)
{
	if (spare.fd < 0)
		return;
	loop_unwatch(spare.loop, &spare.watch);
	fd_close(&spare.fd);
	buf_free(&spare.in);
}

static void spare_heard(void *arg, uint32_t events)
{
	ssize_t n = read(spare.fd, buf_reserve(&spare.in, BUS_READ), BUS_READ);

	(void)arg;
	(void)events;
	if (n > 0) {
		buf_commit(&spare.in, (size_t)n);
		spare.heard += (size_t)n;
	}
	if (n <= 0 || spare.heard > SPARE_MAX)
		drop_spare();
}

/* The call is answered; @rest of what has been read is behind the answer. */
static void keep(struct bus *b, const char *rest, size_t n)
{
	if (b->uid || spare.fd >= 0 || !(b->keep || b->serial > FIRST_SERIAL))
		return;
	loop_unwatch(b->loop, &b->watch);
	spare.watch = (struct watch){.ready = spare_heard};
	if (loop_watch(b->loop, &spare.watch, b->fd, EPOLLIN, NULL) < 0)
		return;
	if (b->serial == FIRST_SERIAL)
		spare.heard = 0;
	spare.loop = b->loop;
	spare.fd = fd_steal(&b->fd);
	spare.serial = b->serial;
	buf_add(&spare.in, rest, n);
}

static void ready(void *arg, uint32_t events)
{
	struct bus *b = arg;
	struct dbus_message m;
	struct buf in;
	ssize_t n = read(b->fd, buf_reserve(&b->in, BUS_READ), BUS_READ);
	int got = -1;

	(void)events;
	if (n > 0) {
		buf_commit(&b->in, (size_t)n);
		got = find_reply(b, &m);
	}
	if (got == 0)
		return;
	if (got < 0) {
		hang_up(b);
		return;
	}
	keep(b, buf_str(&b->in) + m.size, b->in.len - m.size);
	in = b->in; /* @m points into it */
	b->in = (struct buf){0};
	bus_close(b);
	b->answered(b->arg, &m);
	buf_free(&in);
}

/* A user's manager lets in nobody else, root neither: who connects is asked for by the kernel, at this moment. */
static int connect_as(int fd, uid_t uid)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX, .sun_path = BUS_PATH};
	int r;

	if (!uid)
		return connect(fd, (struct sockaddr *)&at, sizeof(at));
	snprintf(at.sun_path, sizeof(at.sun_path), BUS_USER_PATH, (unsigned)uid);
	if (seteuid(uid) < 0)
		return -1;
	r = connect(fd, (struct sockaddr *)&at, sizeof(at));
	return seteuid(0) < 0 ? -1 : r;
}

static int watch(struct bus *b, int fd)
{
	b->watch = (struct watch){.ready = ready, .arg = b};
	return loop_watch(b->loop, &b->watch, fd, EPOLLIN, NULL);
}

static int dial(struct bus *b)
{
	cleanup_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect_as(fd, b->uid) < 0 || watch(b, fd) < 0)
		return -1;
	b->fd = fd_steal(&fd);
	return 0;
}

/* "\0AUTH EXTERNAL 31303030", the digits of 1000 in hexadecimal. */
static int authenticate(struct bus *b)
{
	cleanup_buf struct buf line = {0};
	char digits[16];

	snprintf(digits, sizeof(digits), "%u", (unsigned)b->uid);
	buf_addc(&line, '\0');
	buf_adds(&line, "AUTH EXTERNAL ");
	for (const char *d = digits; *d; d++)
		buf_addf(&line, "%02x", (unsigned)*d);
	buf_adds(&line, "\r\nBEGIN\r\n");
	return send_whole(b, line.data, line.len);
}

static void put_call(struct bus *b, const char *method, const char *signature, const struct buf *body)
{
	dbus_put_call(&b->call, b->serial, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager", method, signature,
		      body);
}

/* Return: 0 when the call is on its way on the spare connection. */
static int call_on_spare(struct bus *b, const char *method, const char *signature, const struct buf *body)
{
	if (b->uid || spare.fd < 0)
		return -1;
	loop_unwatch(spare.loop, &spare.watch);
	b->fd = fd_steal(&spare.fd);
	b->in = spare.in;
	spare.in = (struct buf){0};
	b->serial = spare.serial + 1;
	b->begun = true;
	put_call(b, method, signature, body);
	if (watch(b, b->fd) == 0 && send_whole(b, b->call.data, b->call.len) == 0)
		return 0;
	bus_close(b);
	return -1;
}

static int call_anew(struct bus *b, const char *method, const char *signature, const struct buf *body)
{
	if (dial(b) < 0)
		return -1;
	b->serial = FIRST_SERIAL;
	put_call(b, method, signature, body);
	if (authenticate(b) == 0)
		return 0;
	bus_close(b);
	return -1;
}

int bus_call(struct bus *b, const char *method, const char *signature, const struct buf *body)
{
	if (call_on_spare(b, method, signature, body) < 0 && call_anew(b, method, signature, body) < 0)
		return -1;
	b->deadline = (struct timer){.expired = timed_out, .arg = b};
	loop_timer(b->loop, &b->deadline, clock_now() + BUS_PATIENCE_S * NS_PER_S);
	return 0;
}
