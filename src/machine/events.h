/* events.h - the events that QEMU has told of (docs/interop/qmp-spec.rst), for a script that waits for one */
#ifndef MACHINE_EVENTS_H
#define MACHINE_EVENTS_H

#include "base/json.h"

#define EVENTS_MAX	64    /* events kept, the newest; a guest can cause many (NIC_RX_FILTER_CHANGED, RTC_CHANGE) */
#define EVENTS_TEXT_MAX 65536 /* bytes of one; a longer one is dropped */

/* `= {0}` is none. @texts: the whole messages, the oldest first; owned */
struct events {
	char *texts[EVENTS_MAX];
	size_t count;
};

/* Keep an event. */
void events_add(struct events *e, const struct json *message);

/**
 * events_take() - Take out the oldest event of a kind
 * @name:	"DEVICE_DELETED"
 * @content:	What it must say, "data.device=nic0, data.path=/x", or "" for anything: a member's path, and its value as
 *		text, a number as it is written, or true, false or null
 *
 * Return: the message, which the caller frees; NULL for none. Others stay where they are
 */
char *events_take(struct events *e, const char *name, const char *content);

/* Return: the names of those that are kept, with commas, or ""; the caller frees it. */
char *events_names(const struct events *e);

void events_clear(struct events *e);

#endif
