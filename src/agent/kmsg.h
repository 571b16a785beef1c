/* kmsg.h - reports among the kernel's messages: what they tell of, and which lines belong to one */
#ifndef AGENT_KMSG_H
#define AGENT_KMSG_H

#include "base/buf.h"
#include "wire/agent.h"

#define KMSG_REPORT_MAX 16384 /* bytes of a report; a record has 1 KiB (LOG_LINE_MAX of kernel/printk/printk.c) */

/**
 * struct kmsg - A log that is read; all zero but for the first two, until kmsg_free()
 * @told:	Called with each report: its kind, and its lines, which are the callee's only until it returns
 * @arg:	For @told
 * @text:	The report that is being read, and what kind it is; 0: none
 * @lines:	That may still be quoted of it
 * @error:	The line just before, if it was an error's
 * @intro:	What was said since the mark in front of a warning, and the error before it
 * @intro_left:	Lines of that which may still come
 */
struct kmsg {
	void (*told)(void *arg, enum wire_health kind, const char *text);
	void *arg;
	struct buf text;
	enum wire_health kind;
	unsigned lines;
	struct buf error, intro;
	unsigned intro_left;
};

/**
 * kmsg_kind() - What a line of the kernel's tells of
 * @text:	The line, without its head
 *
 * Return: enum wire_health, or 0 for nothing
 */
unsigned kmsg_kind(const char *text);

/**
 * kmsg_record() - Take a record of /dev/kmsg
 * @record:	"PRIORITY,SEQUENCE,TIME,FLAGS;TEXT\n" and lines of its own that begin with a blank, NUL-terminated
 *		(Documentation/ABI/testing/dev-kmsg); it is written to. One that is not the kernel's own is passed over
 */
void kmsg_record(struct kmsg *k, char *record);

/* Tell of what is being read: there is no more for now. */
void kmsg_flush(struct kmsg *k);

void kmsg_free(struct kmsg *k);

#endif
