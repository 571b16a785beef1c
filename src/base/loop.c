/* loop.c - the event loop: descriptors and deadlines, one thread */
#include "base/loop.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define POLL_TURNS 64 /* of LOOP_BATCH events each: more descriptors than a world has */

int loop_init(struct loop *l, struct err *err)
{
	*l = (struct loop){.epoll = epoll_create1(EPOLL_CLOEXEC)};
	return l->epoll < 0 ? err_errno(err, "cannot create an event loop") : 0;
}

void loop_free(struct loop *l)
{
	fd_close(&l->epoll);
}

int loop_watch(struct loop *l, struct watch *w, int fd, uint32_t events, struct err *err)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) < 0)
		return err_errno(err, "cannot watch descriptor %d", fd);
	w->fd = fd;
	w->events = events;
	w->active = true;
	return 0;
}

int loop_signals(struct loop *l, struct watch *w, const sigset_t *set, struct err *err)
{
	sigprocmask(SIG_BLOCK, set, NULL);
	w->fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (w->fd < 0)
		return err_errno(err, "cannot watch signals");
	return loop_watch(l, w, w->fd, EPOLLIN, err);
}

void loop_want(struct loop *l, struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	if (!w->active || w->events == events)
		return;
	if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, w->fd, &e) == 0)
		w->events = events;
}

void loop_unwatch(struct loop *l, struct watch *w)
{
	if (!w->active)
		return;
	if (epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL) < 0)
		assert(errno != EBADF && errno != ENOENT); /* closed too early: events of it would never end */
	w->active = false;
	for (int i = 0; i < l->batch_count; i++)
		if (l->batch[i].data.ptr == w)
			l->batch[i].data.ptr = NULL;
}

void loop_close(struct loop *l, struct watch *w)
{
	loop_unwatch(l, w);
	fd_close(&w->fd);
}

static void timer_unlink(struct loop *l, struct timer *t)
{
	struct timer **at = &l->timers;

	while (*at && *at != t)
		at = &(*at)->next;
	if (*at)
		*at = t->next;
	t->active = false;
}

void loop_timer(struct loop *l, struct timer *t, uint64_t at)
{
	struct timer **p = &l->timers;

	if (t->active)
		timer_unlink(l, t);
	t->at = at;
	if (at == CLOCK_NEVER)
		return;
	while (*p && (*p)->at <= at)
		p = &(*p)->next;
	t->next = *p;
	*p = t;
	t->active = true;
}

/* Return: ms until the first timer, rounded up; -1 without one. */
static int next_timeout(const struct loop *l)
{
	uint64_t now, ms;

	if (!l->timers)
		return -1;
	now = clock_now();
	if (l->timers->at <= now)
		return 0;
	ms = (l->timers->at - now + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

static void run_timers(struct loop *l)
{
	uint64_t now = clock_now();

	while (!l->stopped && l->timers && l->timers->at <= now) {
		struct timer *t = l->timers;

		timer_unlink(l, t);
		t->expired(t->arg);
	}
}

static void run_batch(struct loop *l, int n)
{
	l->batch_count = n;
	for (int i = 0; i < n && !l->stopped; i++) {
		struct watch *w = l->batch[i].data.ptr;

		if (w)
			w->ready(w->arg, l->batch[i].events);
	}
	l->batch_count = 0;
}

/* Return: how many events were handled, or -1. */
static int turn(struct loop *l, int timeout, struct err *err)
{
	int n = epoll_wait(l->epoll, l->batch, LOOP_BATCH, timeout);

	if (n < 0 && errno != EINTR)
		return err_errno(err, "cannot wait for events");
	run_batch(l, n < 0 ? 0 : n);
	run_timers(l);
	return n < 0 ? 0 : n;
}

int loop_run(struct loop *l, struct err *err)
{
	l->stopped = false;
	while (!l->stopped)
		if (turn(l, next_timeout(l), err) < 0)
			return -1;
	return 0;
}

int loop_poll(struct loop *l, struct err *err)
{
	int n, turns = 0;

	l->stopped = false;
	/* The kernel takes its descriptors in turn, so each has had its own before those that never rest are asked again. */
	do
		n = turn(l, 0, err);
	while (n == LOOP_BATCH && ++turns < POLL_TURNS && !l->stopped);
	return n < 0 ? -1 : 0;
}

void loop_stop(struct loop *l)
{
	l->stopped = true;
}
