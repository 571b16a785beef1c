/* bus.h - one question to systemd, over its private socket, without a fork
 *
 * `systemctl` costs 100 ms in an emulated guest; this costs two round trips of
 * a Unix socket, or one where a connection was kept. The private socket (/run/systemd/private) serves root only,
 * needs no D-Bus daemon and no Hello, and is there as soon as systemd can answer.
 * The manager of a user has one of its own, in /run/user.
 */
#ifndef AGENT_BUS_H
#define AGENT_BUS_H

#include <sys/types.h>

#include "agent/dbus.h"
#include "base/loop.h"

/**
 * struct bus - A call on its way
 * @uid:	Whose manager: 0 for the system's own
 * @keep:	The boot is over: leave the connection open for the next call of anybody's
 * @answered:	Called once: with the reply (DBUS_RETURN or DBUS_ERROR), or with NULL
 *		when systemd is not there, hung up, or said nothing for BUS_PATIENCE_S
 */
struct bus {
	struct loop *loop;
	uid_t uid;
	int fd; /* -1 when no call is on its way */
	struct watch watch;
	struct timer deadline;
	struct buf in, call;
	uint32_t serial; /* of the call on its connection */
	bool keep, begun; /* the answer to AUTH has been read, the call sent */
	void (*answered)(void *arg, struct dbus_message *reply);
	void *arg;
};

/* Make @b ready for bus_call(). */
void bus_init(struct bus *b, struct loop *loop, uid_t uid, void (*answered)(void *arg, struct dbus_message *reply),
	      void *arg);

/**
 * bus_call() - Call a method of org.freedesktop.systemd1.Manager
 *
 * Mustn't be called while another call of @b is on its way.
 *
 * Return: 0, @answered follows; -1 when systemd does not listen (yet)
 */
int bus_call(struct bus *b, const char *method, const char *signature, const struct buf *body);

/* Forget a call that is on its way; harmless without one. */
void bus_close(struct bus *b);

#endif
