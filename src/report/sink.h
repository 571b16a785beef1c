/* sink.h - writing to a reader that may stall, with an ear for signals
 *
 *	sink_init(&s, fd);
 *	s.interrupt = signalfd;
 *	if (sink_write(&s, text, n) < 0 && errno == EINTR)
 *		... the run is to end: sink_hurry(&s, deadline), then the last words ...
 */
#ifndef REPORT_SINK_H
#define REPORT_SINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define SINK_LOOK_MS 100 /* a write that blocks is interrupted this often, to look at the signals */

/**
 * struct sink - Where to
 * @fd:		The descriptor, not owned; blocking or not
 * @interrupt:	Not owned: readable when the run is to end, as a signalfd is; or -1
 * @deadline:	CLOCK_MONOTONIC, ns: no write lasts longer; CLOCK_NEVER until sink_hurry()
 * @rest:	What an interrupted write has left; the next write begins with it
 * @broken:	The reader is gone, or the disk is full: every write fails
 */
struct sink {
	int fd, interrupt;
	uint64_t deadline;
	struct buf rest;
	bool broken;
};

/* Start on a descriptor. Takes SIGALRM, whose handler does nothing. */
void sink_init(struct sink *s, int fd);
/* Free what is left; the descriptor stays open, and every later write fails. */
void sink_end(struct sink *s);

/**
 * sink_write() - Write all, however slow the reader is
 *
 * One write(2) when the reader keeps up. A reader that takes nothing (a pager, a stopped terminal) is waited for until
 * @interrupt becomes readable, or the deadline passes.
 *
 * Return: 0, or -1 with errno: EINTR (@interrupt is readable; the rest is kept), ETIMEDOUT (the deadline), or why the
 * sink is broken
 */
int sink_write(struct sink *s, const char *data, size_t n);

/* Return: whether a short line would be taken at once, or refused: for what is not worth waiting for. */
bool sink_is_ready(const struct sink *s);

/* Wait until it is ready. Return: 0, or -1 with errno, as sink_write(). */
int sink_await(struct sink *s);

/* From now on @interrupt is not looked at, and all writes together end at @deadline. */
void sink_hurry(struct sink *s, uint64_t deadline);

#endif
