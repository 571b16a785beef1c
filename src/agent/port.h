/* port.h - the virtio-serial port: bytes to and from the host, never blocking
 *
 * What is to be sent collects in @out and goes out in one write at the end of
 * the loop's turn, so that a short command's OUTPUT and EXIT are one exit to
 * the hypervisor.
 */
#ifndef AGENT_PORT_H
#define AGENT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/loop.h"

#define PORT_OUT_HIGH (256 * 1024) /* bytes waiting: stop producing (a slow host must not fill our memory) */
#define PORT_OUT_LOW  (64 * 1024)  /* bytes waiting: produce again */
#define PORT_READ     65536	   /* bytes a read(2) */

/**
 * struct port_ops - What the owner of the port is told
 * @connected:	A host opened its end: a new conversation starts
 * @lost:	The host closed its end; what was to be sent is gone
 * @received:	There are new bytes in @in; consume what is whole
 * @drained:	@out fell under PORT_OUT_LOW
 */
struct port_ops {
	void (*connected)(void *arg);
	void (*lost)(void *arg);
	void (*received)(void *arg);
	void (*drained)(void *arg);
};

struct port {
	struct loop *loop;
	const struct port_ops *ops;
	void *arg;
	int fd;
	bool up;
	struct watch watch;
	struct timer flush; /* fires at the end of the loop's turn */
	struct timer retry; /* while no host is there */
	struct buf in, out;
	size_t sent; /* bytes of @out that are gone */
};

/**
 * port_open() - Find the port by its name and open it
 * @name:	As the host gave it to virtserialport
 * @wait_s:	Seconds to wait for it to appear
 * @err:	"no virtio-serial port '...'"
 *
 * Return: a descriptor that never blocks, or -1
 */
int port_open(const char *name, unsigned wait_s, struct err *err);

/* Begin to use an open port, in the loop: @ops->connected() is called when a host is there. */
void port_begin(struct port *p, struct loop *loop, int fd, const struct port_ops *ops, void *arg);

/* @out has got more: send it at the end of this turn. */
void port_send(struct port *p);
/* As port_send(), but @out is sent now and not at the end of the turn; @drained may be called. */
void port_send_now(struct port *p);

/* Return: bytes that wait to be sent. */
static inline size_t port_waiting(const struct port *p)
{
	return p->out.len - p->sent;
}

/* Send all that waits and return when the host's side has taken it; for last words. */
void port_flush_hard(struct port *p);

#endif
