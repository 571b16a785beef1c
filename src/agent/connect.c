/* connect.c - CONNECT: a TCP connection to a port of the guest, on behalf of a client of the host
 *
 * Theory of operation
 *
 * A service may listen on the loopback alone, on one address of the machine or on
 * all: the connection is tried to 127.0.0.1, to ::1, and then to each address that
 * the machine has, until one takes it. All of them are this machine's own, so what
 * is refused is refused at once.
 *
 * Both directions have a window (wire/agent.h): what the socket does not take waits
 * here, and is acknowledged when it was written; with a window full of output on
 * its way, or a port that takes nothing, the socket is not read. Each direction
 * ends by itself, and the request with the second. The socket is in the loop only
 * while something is wanted of it: epoll reports the end of both its directions for
 * as long as nobody takes notice.
 */
#include "agent/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"

#define ADDRESSES_MAX 64 /* that are tried */

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/**
 * struct connection - One of them
 * @addresses:	To try; the first @tried were
 * @watch:	Of the socket, whose descriptor it is; -1 for none
 * @connected:	It is
 * @input:	What the socket has not taken yet
 * @closing:	... after which comes the end of it
 * @shut:	The socket takes no more, as we have ended it, or as it is @broken
 * @at_end:	Its own output has ended, and the host knows
 * @on_way:	Bytes of output that were not acknowledged
 */
struct connection {
	struct request request;
	uint16_t port;
	union address addresses[ADDRESSES_MAX];
	size_t naddresses, tried;
	struct watch watch;
	bool connected, closing, shut, broken, at_end;
	struct buf input;
	size_t on_way;
};

/* ---- addresses ---- */

static void add_address(struct connection *c, const struct sockaddr *a)
{
	union address *to = &c->addresses[c->naddresses];

	if (c->naddresses == ADDRESSES_MAX)
		return;
	if (a->sa_family == AF_INET) {
		memcpy(&to->v4, a, sizeof(to->v4));
		to->v4.sin_port = htons(c->port);
		c->naddresses++;
	} else if (a->sa_family == AF_INET6) {
		memcpy(&to->v6, a, sizeof(to->v6));
		to->v6.sin6_port = htons(c->port);
		c->naddresses++;
	}
}

static void add_loopbacks(struct connection *c)
{
	union address v4 = {.v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
	union address v6 = {.v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}};

	add_address(c, &v4.any);
	add_address(c, &v6.any);
}

/* Those that the machine has on networks. */
static void add_own(struct connection *c)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (const struct ifaddrs *i = all; i; i = i->ifa_next)
		if (i->ifa_addr && i->ifa_flags & IFF_UP && !(i->ifa_flags & IFF_LOOPBACK))
			add_address(c, i->ifa_addr);
	freeifaddrs(all);
}

/* ---- the loop ---- */

static void ready(void *arg, uint32_t events);

static struct loop *loop_of(const struct connection *c)
{
	return &c->request.agent->loop;
}

static uint32_t wanted(const struct connection *c)
{
	uint32_t events = 0;

	if (!c->connected || (c->input.len && !c->shut))
		events |= EPOLLOUT;
	if (c->connected && !c->at_end && c->on_way < WIRE_SHELL_WINDOW && !c->request.agent->full)
		events |= EPOLLIN;
	return events;
}

static void want(struct connection *c)
{
	uint32_t events = wanted(c);

	if (!events)
		loop_unwatch(loop_of(c), &c->watch);
	else if (c->watch.active)
		loop_want(loop_of(c), &c->watch, events);
	else
		loop_watch(loop_of(c), &c->watch, c->watch.fd, events, NULL);
}

/* ---- to the socket ---- */

static void acknowledge(struct connection *c, size_t n)
{
	struct port *p = &c->request.agent->port;
	size_t mark = wire_begin(&p->out, WIRE_TAKEN, c->request.id);

	wire_put_u32(&p->out, (uint32_t)n);
	wire_end(&p->out, mark);
	port_send(p);
}

/* What a peer that is gone does not take is lost; whether it has said something before is the reader's business. */
static void write_input(struct connection *c)
{
	size_t taken = 0;

	while (taken < c->input.len && !c->shut) {
		ssize_t n = send(c->watch.fd, c->input.data + taken, c->input.len - taken, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			c->shut = c->broken = true;
		else
			taken += (size_t)n;
	}
	if (c->shut)
		taken = c->input.len;
	buf_consume(&c->input, taken);
	if (taken)
		acknowledge(c, taken);
	if (c->closing && !c->shut && !c->input.len) {
		shutdown(c->watch.fd, SHUT_WR);
		c->shut = true;
	}
}

/* ---- from the socket ---- */

/* One piece. Return: 1; 0 when the socket has nothing now, or has come to its end; -1 when it was reset. */
static int read_some(struct connection *c)
{
	struct agent *a = c->request.agent;
	size_t room = WIRE_SHELL_WINDOW - c->on_way, mark = agent_begin_output(a, c->request.id, WIRE_STDOUT);
	ssize_t n = recv(c->watch.fd, buf_reserve(&a->port.out, WIRE_CHUNK), room < WIRE_CHUNK ? room : WIRE_CHUNK, 0);
	int error = errno;

	if (n < 0 || (n == 0 && c->broken)) { /* no end that would look like a good one */
		buf_cut(&a->port.out, mark);
		return n < 0 && (error == EAGAIN || error == EINTR) ? 0 : -1;
	}
	buf_commit(&a->port.out, (size_t)n);
	agent_end_output(a, mark);
	c->on_way += (size_t)n;
	c->at_end = n == 0;
	return n > 0;
}

/* ---- both ---- */

/* Return: whether it is over; the connection is gone then. */
static bool is_over(struct connection *c)
{
	if (!c->at_end || !c->shut)
		return false;
	if (c->broken) /* by what was written after its end */
		request_fail(&c->request, "the connection was reset by the guest");
	else
		request_done(&c->request, "", 0);
	return true;
}

static void move(struct connection *c, bool readable)
{
	int got = readable ? 1 : 0;

	write_input(c);
	while (got > 0 && wanted(c) & EPOLLIN)
		got = read_some(c);
	if (got < 0)
		request_fail(&c->request, "the connection was reset by the guest");
	else if (!is_over(c))
		want(c);
}

/* ---- connecting ---- */

static void be_connected(struct connection *c)
{
	int yes = 1;

	setsockopt(c->watch.fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	c->connected = true;
	acknowledge(c, 0);
	move(c, false);
}

/* Return: 0 with the connection made or under way, else errno. */
static int try_address(struct connection *c, const union address *a)
{
	socklen_t n = a->any.sa_family == AF_INET ? sizeof(a->v4) : sizeof(a->v6);
	int error;

	c->watch = (struct watch){.ready = ready, .arg = c};
	c->watch.fd = socket(a->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (c->watch.fd >= 0 && (connect(c->watch.fd, &a->any, n) == 0 || errno == EINPROGRESS))
		return 0;
	error = errno;
	loop_close(loop_of(c), &c->watch);
	c->watch.fd = -1;
	return error;
}

/* Go on with the next address; @error is why the last one did not do, or 0. */
static void try_next(struct connection *c, int error)
{
	const size_t loopbacks = 2;

	loop_close(loop_of(c), &c->watch);
	c->watch.fd = -1;
	while (c->watch.fd < 0) {
		int failed;

		if (c->tried == loopbacks && c->naddresses == loopbacks)
			add_own(c);
		if (c->tried == c->naddresses) {
			agent_send_fail(c->request.agent, c->request.id, "cannot connect to port %u: %s", c->port, strerror(error));
			request_close(&c->request);
			return;
		}
		failed = try_address(c, &c->addresses[c->tried++]);
		error = error ? error : failed;
	}
	want(c); /* it is writable when it is connected */
}

static void ready(void *arg, uint32_t events)
{
	struct connection *c = arg;
	socklen_t n = sizeof(int);
	int error = 0;

	if (c->connected) {
		move(c, events & (EPOLLIN | EPOLLHUP | EPOLLERR));
		return;
	}
	getsockopt(c->watch.fd, SOL_SOCKET, SO_ERROR, &error, &n);
	if (error)
		try_next(c, error);
	else
		be_connected(c);
}

/* ---- the request ---- */

static void cancel(struct request *q)
{
	request_fail(q, "its client has gone");
}

/* A peer whose connection did not come to its end is told so: by a reset. */
static void drop(struct request *q)
{
	struct connection *c = container_of(q, struct connection, request);
	const struct linger reset = {.l_onoff = 1};

	if (c->connected && (!c->at_end || !c->shut || c->broken))
		setsockopt(c->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	loop_close(loop_of(c), &c->watch);
	buf_free(&c->input);
	free(c);
}

static void resume(struct request *q)
{
	want(container_of(q, struct connection, request));
}

static const struct request_ops connect_ops = {.cancel = cancel, .drop = drop, .resume = resume};

void connect_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	uint32_t port = wire_get_u32(r);
	struct connection *c = xcalloc(1, sizeof(*c));

	c->watch.fd = -1;
	c->port = (uint16_t)port;
	request_open(&c->request, a, id, &connect_ops);
	if (r->bad || port < 1 || port > UINT16_MAX) {
		request_fail(&c->request, "malformed CONNECT");
		return;
	}
	add_loopbacks(c);
	try_next(c, 0);
}

static struct connection *find(struct agent *a, uint32_t id)
{
	struct request *q = request_find(a, id);

	return q && q->ops == &connect_ops ? container_of(q, struct connection, request) : NULL;
}

bool connect_has(struct agent *a, uint32_t id)
{
	return find(a, id) != NULL;
}

void connect_handle_input(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct connection *c = find(a, id);
	size_t n;
	const char *bytes = wire_get_bytes(r, &n);

	if (!c || r->bad)
		return;
	buf_add(&c->input, bytes, n);
	c->closing |= n == 0;
	if (c->connected)
		move(c, false);
}

void connect_handle_taken(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct connection *c = find(a, id);
	uint32_t n = wire_get_u32(r);

	if (!c || r->bad)
		return;
	c->on_way -= n < c->on_way ? n : c->on_way;
	want(c);
}

void connect_reset_all(struct agent *a)
{
	struct request *next;

	for (struct request *q = a->requests; q; q = next) {
		next = q->next;
		if (q->ops == &connect_ops)
			request_close(q);
	}
}
