/* loop.h - the event loop: descriptors and deadlines, one thread */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/err.h"

#define LOOP_BATCH 32 /* events taken from the kernel at once */

/**
 * struct watch - One descriptor in the loop
 * @fd:		The descriptor; the owner closes it, mostly by loop_close()
 * @events:	EPOLLIN | EPOLLOUT wanted
 * @ready:	Called with what epoll reports (EPOLLHUP and EPOLLERR included)
 * @arg:	For @ready
 *
 * Lives inside the object that it serves. It may remove itself or any other
 * watch from within @ready: events already fetched for a removed watch are
 * dropped.
 */
struct watch {
	int fd;
	uint32_t events;
	void (*ready)(void *arg, uint32_t events);
	void *arg;
	bool active;
};

/**
 * struct timer - A moment at which something is called once
 * @at:		CLOCK_MONOTONIC, ns
 * @expired:	Called in the loop at or after @at; may set the timer again
 *
 * The list of pending timers is kept in order; tens of them, not thousands.
 */
struct timer {
	uint64_t at;
	void (*expired)(void *arg);
	void *arg;
	struct timer *next;
	bool active;
};

struct loop {
	int epoll;
	bool stopped;
	struct timer *timers;
	struct epoll_event batch[LOOP_BATCH];
	int batch_count;
};

int loop_init(struct loop *l, struct err *err);
void loop_free(struct loop *l);

/* Start watching @w->fd for @events. Return: 0, or -1 (out of watches, bad descriptor). */
int loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events, struct err *err);
/* Block the signals of @set and watch for them: @w->fd is a signalfd, which the caller closes. Return: 0, or -1. */
int loop_signals(struct loop *l, struct watch *w, const sigset_t *set, struct err *err);
/* Change what an active watch waits for; no system call when nothing changes. */
void loop_want(struct loop *l, struct watch *w, uint32_t events);
/*
 * Stop watching; harmless when it is not active. The descriptor must still be
 * open: a copy of it in a forked child keeps the kernel's entry alive, which
 * cannot be removed by a number that is closed.
 */
void loop_unwatch(struct loop *l, struct watch *w);
/* Stop watching and close the descriptor, in the only order that works; harmless when @w->fd is -1. */
void loop_close(struct loop *l, struct watch *w);

/* Set or move a timer to CLOCK_MONOTONIC @at, in ns; CLOCK_NEVER clears it. */
void loop_timer(struct loop *l, struct timer *t, uint64_t at);

/* Run handlers until loop_stop() is called from one of them. */
int loop_run(struct loop *l, struct err *err);
/* Run the handlers of what has happened up to now, without waiting. */
int loop_poll(struct loop *l, struct err *err);
void loop_stop(struct loop *l);

#endif
