/* dbus.h - the little of the D-Bus wire format that asking systemd takes (pure)
 *
 * D-Bus specification 0.38, "Message Protocol". Little-endian method calls with
 * strings, numbers and arrays of strings as arguments; replies are read field by
 * field. What a reader meets that does not fit sets @bad, and every later get
 * returns zero or "", so that a caller checks once at its end.
 *
 *	dbus_put_string(&body, "poweroff.target");
 *	dbus_put_call(&out, 1, "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
 *		      "StopUnit", "s", &body);
 */
#ifndef AGENT_DBUS_H
#define AGENT_DBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define DBUS_MESSAGE_MAX (256 * 1024) /* bytes of a message accepted; the standard allows 128 MiB */

enum dbus_type { DBUS_CALL = 1, DBUS_RETURN = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };

/* ---- writing ---- */

/* Append an argument to a body, which is aligned from its own start. */
void dbus_put_u32(struct buf *body, uint32_t v);
void dbus_put_string(struct buf *body, const char *s);
void dbus_put_strings(struct buf *body, const char *const *strings, size_t n);

/**
 * dbus_put_call() - Append a whole method call
 * @serial:	Its number, not 0
 * @signature:	Of @body: "s", "as", ...
 */
void dbus_put_call(struct buf *out, uint32_t serial, const char *path, const char *interface, const char *member,
		   const char *signature, const struct buf *body);

/* ---- reading ---- */

/**
 * struct dbus_reader - A place in a message
 * @at:		Offset from the message's start: alignment counts from there
 */
struct dbus_reader {
	const uint8_t *data;
	size_t at, end;
	bool bad;
};

/**
 * struct dbus_message - A received message
 * @reply_to:	Serial of the call that it answers, 0 for none
 * @signature:	Of the body
 * @error:	DBUS_ERROR: its name, e.g. "org.freedesktop.systemd1.NoSuchUnit"
 * @body:	At the first argument
 *
 * All inside the buffer that it was read from.
 */
struct dbus_message {
	enum dbus_type type;
	size_t size;
	uint32_t reply_to;
	const char *signature, *error;
	struct dbus_reader body;
};

/**
 * dbus_next() - Look at the first whole message in a buffer
 *
 * Return: 1 with @m set (drop it with buf_consume(in, m->size)), 0 when more
 * bytes are needed, -1 when it is not a message that we can read
 */
int dbus_next(const struct buf *in, struct dbus_message *m);

uint32_t dbus_get_u32(struct dbus_reader *r);
/* A string or an object path. Return: NUL-terminated, inside the message. */
const char *dbus_get_string(struct dbus_reader *r);
/* Enter an array of structures. Return: the offset where it ends. */
size_t dbus_get_array(struct dbus_reader *r);
/* Enter the next structure of that array. Return: false when there is none. */
bool dbus_get_struct(struct dbus_reader *r, size_t array_end);

#endif
