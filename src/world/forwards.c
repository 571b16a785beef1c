/* forwards.c - ports of the host whose connections a machine's agent makes in the guest */
#include "world/forwards.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define BACKLOG	   128		   /* clients that were not taken in yet */
#define AGENT_HIGH (1 << 20)	   /* bytes that wait for an agent: no client is read */
#define LOOK	   (5 * NS_PER_MS) /* between looks whether they still do */

/* A port: @knocks is its watch, @guest the port in the guest. */
struct forward {
	struct forwards *all;
	struct machine *machine;
	struct watch knocks;
	uint16_t guest;
	struct forward *next;
};

/**
 * struct connection - A client and its request
 * @ends:	Of the machine's life that it belongs to
 * @client:	In the loop only while something is wanted of it
 * @out:	What the client has not taken
 * @on_way:	Bytes of the client's that the guest has not taken
 * @asked:	The agent has not ended the request
 * @at_end:	The client has said all that it has to say, and the agent knows
 * @closing:	The guest has: the client is told so behind what is in @out; @shut: it was
 */
struct connection {
	struct forwards *all;
	struct machine *machine;
	unsigned ends;
	uint32_t request;
	struct watch client;
	struct buf out;
	size_t on_way;
	bool asked, at_end, closing, shut;
	struct connection *next;
};

static void await_clients(struct forwards *f);

static bool has_machine(const struct connection *c)
{
	return c->ends == c->machine->ends;
}

/* ---- the end of a connection ---- */

/* @clean: both directions came to their ends; the client is told by a reset otherwise. */
static void drop(struct connection *c, bool clean)
{
	const struct linger reset = {.l_onoff = 1};
	struct forwards *f = c->all;
	struct connection **at = &f->connections;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	f->nconnections--;
	if (c->asked && has_machine(c)) {
		machine_cancel(c->machine, c->request, 0);
		machine_forget(c->machine, c->request);
	}
	if (!clean)
		setsockopt(c->client.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	loop_close(f->loop, &c->client);
	buf_free(&c->out);
	free(c);
	await_clients(f);
}

/* ---- the loop ---- */

static bool is_agent_busy(const struct connection *c)
{
	return stream_waiting(&c->machine->agent.stream) > AGENT_HIGH;
}

static bool may_read(const struct connection *c)
{
	return c->asked && !c->at_end && c->on_way < WIRE_SHELL_WINDOW;
}

static void want(struct connection *c)
{
	struct forwards *f = c->all;
	uint32_t events = c->out.len ? EPOLLOUT : 0;

	if (may_read(c) && !is_agent_busy(c))
		events |= EPOLLIN;
	else if (may_read(c) && !f->again.active)
		loop_timer(f->loop, &f->again, clock_now() + LOOK);
	if (!events)
		loop_unwatch(f->loop, &c->client);
	else if (c->client.active)
		loop_want(f->loop, &c->client, events);
	else
		loop_watch(f->loop, &c->client, c->client.fd, events, NULL);
}

static void look_again(void *arg)
{
	struct forwards *f = arg;

	for (struct connection *c = f->connections; c; c = c->next)
		if (has_machine(c))
			want(c);
	await_clients(f);
}

/* ---- from the client ---- */

/* One piece. Return: false when the client has broken its connection. */
static bool read_client(struct connection *c)
{
	struct machine *m = c->machine;
	struct buf *out = machine_out(m);
	size_t mark = wire_begin(out, WIRE_INPUT, c->request), room = WIRE_SHELL_WINDOW - c->on_way;
	ssize_t n;
	int error;

	wire_put_u32(out, 0);
	n = recv(c->client.fd, buf_reserve(out, WIRE_CHUNK), room < WIRE_CHUNK ? room : WIRE_CHUNK, 0);
	error = errno;
	if (n < 0) {
		buf_cut(out, mark);
		return error == EAGAIN || error == EINTR;
	}
	put_le32((uint8_t *)out->data + out->len - 4, (uint32_t)n);
	buf_commit(out, (size_t)n);
	c->on_way += (size_t)n;
	c->at_end = n == 0;
	machine_send(m, mark);
	return true;
}

/* ---- to the client ---- */

static void acknowledge(struct connection *c, size_t n)
{
	struct buf *out = machine_out(c->machine);
	size_t mark = wire_begin(out, WIRE_TAKEN, c->request);

	wire_put_u32(out, (uint32_t)n);
	machine_send(c->machine, mark);
}

/* As far as it takes it. Return: false when it has broken its connection. */
static bool write_client(struct connection *c)
{
	size_t taken = 0;

	while (taken < c->out.len) {
		ssize_t n = send(c->client.fd, c->out.data + taken, c->out.len - taken, MSG_NOSIGNAL);

		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 && errno != EINTR)
			return false;
		taken += n > 0 ? (size_t)n : 0;
	}
	buf_consume(&c->out, taken);
	if (taken && c->asked)
		acknowledge(c, taken);
	if (c->closing && !c->shut && !c->out.len) {
		shutdown(c->client.fd, SHUT_WR);
		c->shut = true;
	}
	return true;
}

/* Something has happened: go on, or come to an end. */
static void go_on(struct connection *c)
{
	if (!has_machine(c) || !write_client(c))
		drop(c, false);
	else if (!c->asked && !c->out.len)
		drop(c, true);
	else
		want(c);
}

static void client_ready(void *arg, uint32_t events)
{
	struct connection *c = arg;

	if (has_machine(c) && events & (EPOLLIN | EPOLLHUP | EPOLLERR) && may_read(c) && !read_client(c))
		drop(c, false);
	else
		go_on(c);
}

/* ---- the agent's side ---- */

static void take_output(struct connection *c, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	size_t n;
	const char *bytes;

	(void)wire_get_u8(&r);
	bytes = wire_get_bytes(&r, &n);
	c->closing |= n == 0;
	if (c->out.len + n <= WIRE_SHELL_WINDOW)
		buf_add(&c->out, bytes, n);
	else
		machine_refuse(c->machine, "it sent more of a connection than it may");
}

static void agent_answer(void *arg, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	struct connection *c = arg;
	uint32_t n;

	if (f->type == WIRE_OUTPUT) {
		struct machine *m = c->machine;
		unsigned ends = m->ends;

		take_output(c, f);
		if (m->ends != ends) /* a guest that lied: its connections are gone */
			return;
	} else if (f->type == WIRE_TAKEN) {
		n = wire_get_u32(&r);
		c->on_way -= n < c->on_way ? n : c->on_way;
	} else {
		c->asked = false;
		if (f->type == WIRE_FAIL) {
			drop(c, false);
			return;
		}
	}
	go_on(c);
}

/* ---- clients come ---- */

static void connect_client(struct forward *p, int fd)
{
	struct forwards *f = p->all;
	struct machine *m = p->machine;
	struct connection *c = xcalloc(1, sizeof(*c));
	size_t mark;
	int yes = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	*c = (struct connection){.all = f, .machine = m, .ends = m->ends, .asked = true, .next = f->connections};
	c->client = (struct watch){.fd = fd, .ready = client_ready, .arg = c};
	f->connections = c;
	f->nconnections++;
	mark = machine_request(m, WIRE_CONNECT, agent_answer, c, &c->request);
	wire_put_u32(machine_out(m), p->guest);
	machine_send(m, mark);
	want(c);
}

static void turn_away(int fd)
{
	const struct linger reset = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(fd);
}

static bool is_on_its_way(const struct machine *m)
{
	return m->state != MACHINE_UP && m->state != MACHINE_OFF && m->state != MACHINE_GONE;
}

static bool may_come(const struct forward *p)
{
	return p->all->nconnections < FORWARD_CONNECTIONS_MAX && !is_on_its_way(p->machine) && p->machine != p->all->held;
}

static void knocked(void *arg, uint32_t events)
{
	struct forward *p = arg;
	int fd;

	(void)events;
	if (!may_come(p)) {
		loop_unwatch(p->all->loop, &p->knocks);
		return;
	}
	fd = accept4(p->knocks.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
		loop_unwatch(p->all->loop, &p->knocks); /* until a connection ends */
		if (!p->all->connections)
			loop_timer(p->all->loop, &p->all->again, clock_now() + LOOK);
	} else if (fd >= 0 && p->machine->state == MACHINE_UP) {
		connect_client(p, fd);
	} else if (fd >= 0) {
		turn_away(fd);
	}
}

static void await_clients(struct forwards *f)
{
	for (struct forward *p = f->ports; p; p = p->next)
		if (!p->knocks.active && may_come(p))
			loop_watch(f->loop, &p->knocks, p->knocks.fd, EPOLLIN, NULL);
}

/* ---- ports ---- */

static int cannot_listen(uint16_t port, struct err *err)
{
	int error = errno;

	err_errno(err, "cannot listen on port %u of the host", port);
	if (error == EADDRINUSE)
		return err_hint(err, "0 takes any port that is free; forward_port() returns it");
	return error == EACCES ? err_hint(err, "take a port from 1024 on, or 0 for any that is free") : -1;
}

/* Return: a socket that listens, with @port set; -1 with @err. */
static int listen_on(uint16_t *port, struct err *err)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(*port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	cleanup_fd int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(a);
	int yes = 1;

	if (fd < 0)
		return cannot_listen(*port, err);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&a, n) < 0 || listen(fd, BACKLOG) < 0 || getsockname(fd, (struct sockaddr *)&a, &n) < 0)
		return cannot_listen(*port, err);
	*port = ntohs(a.sin_port);
	return fd_steal(&fd);
}

void forwards_begin(struct call *c)
{
	struct forwards *f = c->owner->forwards;
	uint16_t port = (uint16_t)(c->number & 0xFFFF);
	struct err err = {0};
	struct forward *p;
	int fd;

	if (f->nports == FORWARDS_MAX) {
		call_answer(c, WIRE_REFUSED, "this test has forwarded 64 ports: that is the limit");
		return;
	}
	fd = listen_on(&port, &err);
	if (fd < 0) {
		call_answer(c, WIRE_FAILED, err.text);
		return;
	}
	p = xcalloc(1, sizeof(*p));
	*p = (struct forward){.all = f, .machine = c->life->machine, .guest = (uint16_t)(c->number >> 16), .next = f->ports};
	p->knocks = (struct watch){.fd = fd, .ready = knocked, .arg = p};
	f->loop = c->owner->loop;
	f->again = f->again.expired ? f->again : (struct timer){.expired = look_again, .arg = f};
	f->ports = p;
	f->nports++;
	await_clients(f);
	call_result(c, WIRE_OK, port, 0, 0, "");
}

bool forwards_hold(struct forwards *f, struct machine *m)
{
	struct connection *next;
	bool any = false;

	f->held = m;
	for (struct connection *c = f->connections; c; c = next) {
		next = c->next;
		any |= c->machine == m;
		if (c->machine == m)
			drop(c, false);
	}
	return any;
}

void forwards_let_go(struct forwards *f)
{
	f->held = NULL;
	await_clients(f);
}

void forwards_machine_changed(struct forwards *f, struct machine *m)
{
	struct connection *next;

	for (struct connection *c = f->connections; c; c = next) {
		next = c->next;
		if (c->machine == m && !has_machine(c))
			drop(c, false);
	}
	await_clients(f);
}

void forwards_free(struct forwards *f)
{
	struct connection *next;

	for (struct connection *c = f->connections; c; c = next) {
		next = c->next;
		drop(c, false);
	}
	while (f->ports) {
		struct forward *p = f->ports;

		f->ports = p->next;
		loop_close(f->loop, &p->knocks);
		free(p);
	}
	if (f->loop)
		loop_timer(f->loop, &f->again, CLOCK_NEVER);
	*f = (struct forwards){0};
}
