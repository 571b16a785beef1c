/* switch.c - an Ethernet switch in the event loop: one segment per network
 *
 * Theory of operation
 *
 * Each port is a datagram socket, so frame boundaries are the kernel's
 * business. A frame is read into one static buffer and written to its port at
 * once; only when the port's socket is full is it copied into the port's
 * queue, and while any queue of the segment is at its limit no port is read.
 * That holds the senders back (their QEMU sees a full socket and stops its
 * guest's queue) instead of dropping: a test sees loss only if it asks for it.
 *
 * A port that takes nothing at all must not hold the segment back for ever: a
 * guest whose interface is down stops reading once its ring is full. So a full
 * port has SWITCH_PATIENCE to take one frame; then it is deaf, and frames for it
 * are dropped behind those that it already has (tail drop, as a switch of metal
 * does), until it takes one. The patience is a compromise: a guest that merely
 * has not been given a processor for a while must not lose frames, and the
 * others should not notice the wait, which is once for each time that a port
 * falls silent.
 *
 * Every frame goes through deliver(), from one port to one other: there its fate
 * is decided (faults.h). One that comes later is held by the segment, in the
 * order of time, with one timer for the first. While SWITCH_HELD_MAX are held no
 * port is read: a slow network holds its senders back, and loses nothing by that.
 */
#include "net/switch.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "net/pcap.h"

#define ETHER_HEADER 14 /* bytes: destination, source, type */
#define ETHER_ADDR   6
#define READ_BURST   32		   /* frames taken from one port before the others get a turn */
#define SOCKET_BUFFER (1024 * 1024) /* bytes asked for; the kernel caps it at net.core.wmem_max */

static_assert(SWITCH_FRAME_MAX < SOCKET_BUFFER, "a wire has room for the largest frame");

struct queued {
	struct queued *next;
	size_t len;
	uint8_t frame[];
};

/* A frame on its way to a port. */
struct held {
	struct held *next;
	struct port *to;
	uint64_t due;
	size_t len;
	uint8_t frame[];
};

struct port {
	struct net_switch *segment;
	struct faults_link link;
	int owner; /* machine */
	struct watch watch;
	struct queued *first, **last;
	size_t waiting;	    /* frames in the queue: SWITCH_QUEUE_MAX and more when several came at once */
	struct timer patience; /* set while it holds others back */
	bool holds_back, deaf;
};

struct learned {
	uint8_t mac[ETHER_ADDR];
	int port; /* -1: free */
};

struct net_switch {
	struct loop *loop;
	struct port *ports[SWITCH_PORTS_MAX];
	struct learned table[SWITCH_LEARNED_MAX];
	struct switch_stats stats;
	struct faults faults;
	struct pcap capture;
	struct held *held; /* the next one that is due first */
	size_t nheld;
	struct timer due;
	size_t full; /* ports that hold others back */
	uint8_t frame[SWITCH_FRAME_MAX + 1];
};

static uint32_t hash_mac(const uint8_t *mac)
{
	uint32_t h = 2166136261u;

	for (int i = 0; i < ETHER_ADDR; i++)
		h = (h ^ mac[i]) * 16777619u;
	return h % SWITCH_LEARNED_MAX;
}

/* Return: the slot of @mac, or the free slot where it would go, or NULL when the table is full. */
static struct learned *find_mac(struct net_switch *s, const uint8_t *mac)
{
	uint32_t at = hash_mac(mac);

	for (int i = 0; i < SWITCH_LEARNED_MAX; i++) {
		struct learned *l = &s->table[(at + (uint32_t)i) % SWITCH_LEARNED_MAX];

		if (l->port < 0 || memcmp(l->mac, mac, ETHER_ADDR) == 0)
			return l;
	}
	return NULL;
}

static void learn(struct net_switch *s, const uint8_t *mac, int port)
{
	struct learned *l = mac[0] & 1 ? NULL : find_mac(s, mac);

	if (!l)
		return;
	memcpy(l->mac, mac, ETHER_ADDR);
	l->port = port;
}

/* Forget a port's addresses. The table is rebuilt: a hole would end a probe sequence early. */
static void forget(struct net_switch *s, int port)
{
	struct learned old[SWITCH_LEARNED_MAX];

	memcpy(old, s->table, sizeof(old));
	for (int i = 0; i < SWITCH_LEARNED_MAX; i++)
		s->table[i].port = -1;
	for (int i = 0; i < SWITCH_LEARNED_MAX; i++)
		if (old[i].port >= 0 && old[i].port != port)
			learn(s, old[i].mac, old[i].port);
}

static bool is_held_up(const struct net_switch *s)
{
	return s->full || s->nheld >= SWITCH_HELD_MAX;
}

/* Read from all ports, or while a queue is full from none; write where frames wait. */
static void update_watches(struct net_switch *s)
{
	for (int i = 0; i < SWITCH_PORTS_MAX; i++) {
		struct port *p = s->ports[i];

		if (p)
			loop_want(s->loop, &p->watch,
				  (is_held_up(s) ? 0u : EPOLLIN) | (p->first ? (uint32_t)EPOLLOUT : 0u));
	}
}

/* A full port has SWITCH_PATIENCE from now on. */
static void hold_back(struct port *p)
{
	p->segment->full += !p->holds_back;
	p->holds_back = true;
	loop_timer(p->segment->loop, &p->patience, clock_now() + SWITCH_PATIENCE);
}

/* A port has room again, or is given up. */
static void let_go(struct port *p)
{
	p->segment->full -= p->holds_back;
	p->holds_back = false;
	loop_timer(p->segment->loop, &p->patience, CLOCK_NEVER);
}

static void enqueue(struct port *p, const uint8_t *frame, size_t n)
{
	struct queued *q = xmalloc(sizeof(*q) + n);

	q->next = NULL;
	q->len = n;
	memcpy(q->frame, frame, n);
	*p->last = q;
	p->last = &q->next;
	if (++p->waiting >= SWITCH_QUEUE_MAX && !p->holds_back)
		hold_back(p);
}

/* Return: the first frame, which the port takes: so it is not deaf. */
static struct queued *dequeue(struct port *p)
{
	struct queued *q = p->first;

	p->deaf = false;
	p->first = q->next;
	if (!p->first)
		p->last = &p->first;
	if (--p->waiting >= SWITCH_QUEUE_MAX)
		hold_back(p);
	else
		let_go(p);
	return q;
}

/* Return: true when the socket took the frame or is broken, false when it is full. */
static bool send_now(struct port *p, const uint8_t *frame, size_t n)
{
	ssize_t r = send(p->watch.fd, frame, n, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (r >= 0)
		return true;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS)
		return false;
	p->segment->stats.refused++;
	return true;
}

static void arrive(struct port *to, const uint8_t *frame, size_t n)
{
	if (to->deaf)
		to->segment->stats.dropped++;
	else if (to->first || !send_now(to, frame, n))
		enqueue(to, frame, n);
}

/* ---- what takes time ---- */

static void hold(struct port *to, uint64_t due, const uint8_t *frame, size_t n)
{
	struct net_switch *s = to->segment;
	struct held *h = xmalloc(sizeof(*h) + n), **at = &s->held;

	*h = (struct held){.to = to, .due = due, .len = n};
	memcpy(h->frame, frame, n);
	while (*at && (*at)->due <= due)
		at = &(*at)->next;
	h->next = *at;
	*at = h;
	s->nheld++;
	loop_timer(s->loop, &s->due, s->held->due);
}

/* Let go of the first one. */
static void unhold(struct net_switch *s, struct held **at)
{
	struct held *h = *at;

	*at = h->next;
	free(h);
	s->nheld--;
}

static void are_due(void *arg)
{
	struct net_switch *s = arg;
	uint64_t now = clock_now();

	while (s->held && s->held->due <= now) {
		arrive(s->held->to, s->held->frame, s->held->len);
		unhold(s, &s->held);
	}
	loop_timer(s->loop, &s->due, s->held ? s->held->due : CLOCK_NEVER);
	update_watches(s);
}

static void forget_held(struct net_switch *s, const struct port *to)
{
	for (struct held **at = &s->held; *at;) {
		if ((*at)->to == to)
			unhold(s, at);
		else
			at = &(*at)->next;
	}
	loop_timer(s->loop, &s->due, s->held ? s->held->due : CLOCK_NEVER);
}

/* One frame on its way to one port; none goes back to where it came from. @frame is the segment's, and may be changed for a moment. */
static void deliver(const struct port *from, struct port *to, uint8_t *frame, size_t n)
{
	struct net_switch *s = to->segment;
	struct fate fate;
	uint8_t *byte;

	assert(from);
	if (from == to)
		return;
	if (faults_none(&s->faults)) {
		arrive(to, frame, n);
		return;
	}
	fate = faults_decide(&s->faults, from->owner, to->owner, &to->link, n, clock_now());
	byte = frame + ETHER_HEADER + (fate.bit < 0 ? 0 : fate.bit / 8);
	s->stats.lost += fate.copies == 0;
	if (fate.bit >= 0)
		*byte ^= (uint8_t)(1 << fate.bit % 8);
	for (int i = 0; i < fate.copies; i++) {
		if (fate.due)
			hold(to, fate.due, frame, n);
		else
			arrive(to, frame, n);
	}
	if (fate.bit >= 0)
		*byte ^= (uint8_t)(1 << fate.bit % 8);
}

/* ---- ports ---- */

static void drain(struct port *p)
{
	while (p->first && send_now(p, p->first->frame, p->first->len))
		free(dequeue(p));
}

/* The port's time to take a frame is over. That this process came late, not the port, is found out by trying once more. */
static void out_of_patience(void *arg)
{
	struct port *p = arg;

	drain(p);
	if (p->holds_back && !p->patience.active) { /* it took none */
		let_go(p);
		p->deaf = true;
	}
	update_watches(p->segment);
}

static int port_number(const struct port *p)
{
	int i = 0;

	while (p->segment->ports[i] != p)
		i++;
	return i;
}

static void forward(struct net_switch *s, int from, uint8_t *frame, size_t n)
{
	const struct learned *to;

	/* First: an unknown destination is a free slot, which the sender must not take while it is looked at. */
	learn(s, frame + ETHER_ADDR, from);
	to = frame[0] & 1 ? NULL : find_mac(s, frame);
	if (to && to->port >= 0) {
		if (to->port != from && s->ports[to->port]) {
			s->stats.forwarded++;
			deliver(s->ports[from], s->ports[to->port], frame, n);
		}
		return;
	}
	s->stats.flooded++;
	for (int i = 0; i < SWITCH_PORTS_MAX; i++)
		if (s->ports[i])
			deliver(s->ports[from], s->ports[i], frame, n);
}

static void take(struct net_switch *s, int number, uint8_t *frame, size_t n)
{
	pcap_add(&s->capture, frame, n);
	forward(s, number, frame, n);
}

static void receive(struct port *p, int number)
{
	struct net_switch *s = p->segment;

	for (int i = 0; i < READ_BURST && !is_held_up(s); i++) {
		ssize_t n = recv(p->watch.fd, s->frame, sizeof(s->frame), MSG_DONTWAIT);

		if (n < 0) {
			if (errno != EAGAIN && errno != EINTR) /* its number is its owner's, who detaches it */
				loop_unwatch(s->loop, &p->watch);
			return;
		}
		s->stats.received++;
		if (n < ETHER_HEADER || n > SWITCH_FRAME_MAX)
			s->stats.refused++;
		else
			take(s, number, s->frame, (size_t)n);
	}
}

static void port_ready(void *arg, uint32_t events)
{
	struct port *p = arg;
	struct net_switch *s = p->segment;

	if (events & EPOLLOUT)
		drain(p);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		receive(p, port_number(p));
	update_watches(s);
}

struct net_switch *switch_new(struct loop *l)
{
	struct net_switch *s = xcalloc(1, sizeof(*s));

	s->loop = l;
	s->capture.fd = -1;
	s->due = (struct timer){.expired = are_due, .arg = s};
	for (int i = 0; i < SWITCH_LEARNED_MAX; i++)
		s->table[i].port = -1;
	return s;
}

void switch_free(struct net_switch *s)
{
	if (!s)
		return;
	for (int i = 0; i < SWITCH_PORTS_MAX; i++)
		if (s->ports[i])
			switch_detach(s, i);
	pcap_close(&s->capture);
	free(s);
}

int switch_attach(struct net_switch *s, int fd, int owner, struct err *err)
{
	struct port *p;
	int number = 0;

	while (number < SWITCH_PORTS_MAX && s->ports[number])
		number++;
	if (number == SWITCH_PORTS_MAX)
		return err_set(err, "a network has room for %d machines", SWITCH_PORTS_MAX);
	p = xcalloc(1, sizeof(*p));
	*p = (struct port){.segment = s,
			   .owner = owner,
			   .watch = {.ready = port_ready, .arg = p},
			   .patience = {.expired = out_of_patience, .arg = p}};
	p->last = &p->first;
	fd_set_nonblock(fd, 1);
	if (loop_watch(s->loop, &p->watch, fd, EPOLLIN, err) < 0) {
		free(p);
		return -1;
	}
	s->ports[number] = p;
	return number;
}

void switch_detach(struct net_switch *s, int port)
{
	struct port *p = s->ports[port];

	if (!p)
		return;
	s->ports[port] = NULL;
	forget(s, port);
	forget_held(s, p);
	while (p->first)
		free(dequeue(p));
	loop_unwatch(s->loop, &p->watch);
	close(p->watch.fd);
	free(p);
	update_watches(s);
}

struct faults *switch_faults(struct net_switch *s)
{
	return &s->faults;
}

void switch_heal(struct net_switch *s)
{
	faults_heal(&s->faults);
	for (int i = 0; i < SWITCH_PORTS_MAX; i++)
		if (s->ports[i])
			s->ports[i]->link = (struct faults_link){0};
	for (struct held *h = s->held; h; h = h->next)
		h->due = 0;
	are_due(s);
}

int switch_capture(struct net_switch *s, const char *path, struct err *err)
{
	return pcap_open(&s->capture, path, err);
}

const struct switch_stats *switch_stats(const struct net_switch *s)
{
	return &s->stats;
}

int switch_socketpair(int *ours, int *theirs, struct err *err)
{
	int fds[2], size = SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, fds) < 0)
		return err_errno(err, "cannot create a socket pair for a network");
	for (int i = 0; i < 2; i++)
		setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*ours = fds[0];
	*theirs = fds[1];
	return 0;
}
