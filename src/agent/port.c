/* port.c - the virtio-serial port: bytes to and from the host, never blocking
 *
 * Theory of operation
 *
 * The guest's end of a virtio-serial port stays open for ever; whether a host
 * is at the other end shows as POLLHUP (drivers/char/virtio_console.c,
 * port_fops_poll()). While it does, epoll would report it without a pause, so
 * the port leaves the loop and is looked at every PORT_RETRY. A host that comes
 * begins a new conversation: nothing of the old one is left in the buffers.
 */
#include "agent/port.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/sysfs.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"

#define PORT_RETRY   (10 * NS_PER_MS)	  /* between looks for a host */
#define PORT_LOOK    (2 * NS_PER_MS)	  /* between looks for the device */
#define PORT_IN_KEEP (256 * 1024)	  /* bytes of memory kept for the next frame; one may take a MiB */
#define PORT_SYS     "/sys/class/virtio-ports"

static bool host_is_there(const struct port *p)
{
	struct pollfd f = {.fd = p->fd, .events = POLLIN | POLLOUT};

	return poll(&f, 1, 0) >= 0 && !(f.revents & (POLLHUP | POLLERR));
}

static void lose(struct port *p)
{
	loop_unwatch(p->loop, &p->watch);
	loop_timer(p->loop, &p->flush, CLOCK_NEVER);
	p->up = false;
	p->sent = 0;
	buf_clear(&p->in);
	buf_clear(&p->out);
	p->ops->lost(p->arg);
	loop_timer(p->loop, &p->retry, clock_now() + PORT_RETRY);
}

static void flush(void *arg)
{
	struct port *p = arg;
	ssize_t n = 0;

	while (p->up && port_waiting(p) && n >= 0) {
		n = write(p->fd, p->out.data + p->sent, port_waiting(p));
		if (n > 0)
			p->sent += (size_t)n;
	}
	if (p->sent >= PORT_OUT_HIGH || !port_waiting(p)) {
		buf_consume(&p->out, p->sent);
		p->sent = 0;
	}
	loop_want(p->loop, &p->watch, port_waiting(p) ? EPOLLIN | EPOLLOUT : EPOLLIN);
	if (p->up && port_waiting(p) < PORT_OUT_LOW)
		p->ops->drained(p->arg);
}

static void receive(struct port *p)
{
	ssize_t n = read(p->fd, buf_reserve(&p->in, PORT_READ), PORT_READ);

	if (n <= 0)
		return;
	buf_commit(&p->in, (size_t)n);
	p->ops->received(p->arg);
	if (!p->in.len && p->in.cap > PORT_IN_KEEP)
		buf_free(&p->in);
}

static void ready(void *arg, uint32_t events)
{
	struct port *p = arg;

	if (events & EPOLLIN)
		receive(p);
	if (events & EPOLLOUT)
		flush(p);
	if (events & (EPOLLHUP | EPOLLERR) && !host_is_there(p))
		lose(p);
}

static void look_for_host(void *arg)
{
	struct port *p = arg;

	if (!host_is_there(p) || loop_watch(p->loop, &p->watch, p->fd, EPOLLIN, NULL) < 0) {
		loop_timer(p->loop, &p->retry, clock_now() + PORT_RETRY);
		return;
	}
	p->up = true;
	p->ops->connected(p->arg);
}

int port_open(const char *name, unsigned wait_s, struct err *err)
{
	const struct timespec nap = {.tv_nsec = PORT_LOOK};
	uint64_t deadline = clock_now() + wait_s * NS_PER_S;
	cleanup_free char *entry = NULL, *node = NULL;
	int fd;

	while (!(entry = sysfs_find(PORT_SYS, "name", name)) && clock_now() < deadline)
		nanosleep(&nap, NULL);
	if (!entry)
		return err_set(err, "no virtio-serial port '%s' after %u s", name, wait_s);
	node = xasprintf("/dev/%s", entry);
	while ((fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0 && clock_now() < deadline)
		nanosleep(&nap, NULL);
	return fd < 0 ? err_errno(err, "cannot open '%s'", node) : fd;
}

void port_begin(struct port *p, struct loop *loop, int fd, const struct port_ops *ops, void *arg)
{
	*p = (struct port){.loop = loop, .ops = ops, .arg = arg, .fd = fd};
	p->watch = (struct watch){.ready = ready, .arg = p};
	p->flush = (struct timer){.expired = flush, .arg = p};
	p->retry = (struct timer){.expired = look_for_host, .arg = p};
	loop_timer(loop, &p->retry, 0);
}

void port_send(struct port *p)
{
	if (!p->up) {
		buf_clear(&p->out);
		return;
	}
	if (!p->flush.active)
		loop_timer(p->loop, &p->flush, 0);
}

void port_send_now(struct port *p)
{
	port_send(p);
	if (!p->flush.active)
		return;
	loop_timer(p->loop, &p->flush, CLOCK_NEVER);
	flush(p);
}

/*
 * A blocking write() on a virtio-serial port returns when the host's side has
 * taken the buffer; a non-blocking one returns when it is queued, and a power
 * off that follows would overtake it.
 */
void port_flush_hard(struct port *p)
{
	if (!p->up || fd_set_nonblock(p->fd, 0) < 0)
		return;
	(void)fd_write_all(p->fd, p->out.data + p->sent, port_waiting(p));
	p->sent = p->out.len;
	(void)fd_set_nonblock(p->fd, 1);
}
