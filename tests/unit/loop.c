/* loop.c - the order of events and timers */
#include "unit.h"

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/loop.h"

static struct loop loop;
static char trace[64]; /* a letter for each call */

static void note(const char *letter)
{
	strncat(trace, letter, sizeof(trace) - strlen(trace) - 1);
}

static void on_timer(void *arg)
{
	note(arg);
}

static void on_end(void *arg)
{
	note(arg);
	loop_stop(&loop);
}

static void start(void)
{
	trace[0] = '\0';
	CHECK_INT(loop_init(&loop, NULL), 0);
}

/* Run until @end, at the latest after a second. */
static void run_until(struct timer *end, uint64_t at)
{
	*end = (struct timer){.expired = on_end, .arg = "."};
	loop_timer(&loop, end, at);
	CHECK_INT(loop_run(&loop, NULL), 0);
	loop_free(&loop);
}

TEST(loop, timers_run_in_order)
{
	uint64_t now = clock_now();
	struct timer a = {.expired = on_timer, .arg = "a"}, b = {.expired = on_timer, .arg = "b"};
	struct timer c = {.expired = on_timer, .arg = "c"}, end;

	start();
	loop_timer(&loop, &b, now + 2 * NS_PER_MS);
	loop_timer(&loop, &c, now + 2 * NS_PER_MS);
	loop_timer(&loop, &a, now + NS_PER_MS);
	run_until(&end, now + 4 * NS_PER_MS);
	CHECK_STR(trace, "abc.");
	CHECK(clock_now() >= now + 4 * NS_PER_MS);
}

TEST(loop, timer_can_be_moved_and_cleared)
{
	uint64_t now = clock_now();
	struct timer a = {.expired = on_timer, .arg = "a"}, b = {.expired = on_timer, .arg = "b"}, end;

	start();
	loop_timer(&loop, &a, now);
	loop_timer(&loop, &b, now + NS_PER_MS);
	loop_timer(&loop, &a, now + 2 * NS_PER_MS);
	CHECK(a.active);
	loop_timer(&loop, &b, CLOCK_NEVER);
	loop_timer(&loop, &b, CLOCK_NEVER);
	CHECK(!b.active);
	run_until(&end, now + 3 * NS_PER_MS);
	CHECK_STR(trace, "a.");
}

static int repeats;
static struct timer again;

static void on_again(void *arg)
{
	(void)arg;
	if (++repeats < 3)
		loop_timer(&loop, &again, clock_now() + 1);
	else
		loop_stop(&loop);
}

TEST(loop, timer_may_set_itself)
{
	start();
	repeats = 0;
	again = (struct timer){.expired = on_again};
	loop_timer(&loop, &again, clock_now());
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_INT(repeats, 3);
	loop_free(&loop);
}

/* ---- descriptors ---- */

static struct watch first, second;

static void on_ready_drop_both(void *arg, uint32_t events)
{
	note(arg);
	CHECK(events & EPOLLIN);
	loop_unwatch(&loop, &first);
	loop_unwatch(&loop, &second);
	loop_unwatch(&loop, &second); /* harmless */
}

TEST(loop, unwatch_drops_what_was_already_fetched)
{
	cleanup_fd int a = eventfd(1, EFD_CLOEXEC), b = eventfd(1, EFD_CLOEXEC);
	struct timer end;

	start();
	first = second = (struct watch){.ready = on_ready_drop_both, .arg = "x"};
	loop_watch(&loop, &first, a, EPOLLIN, NULL);
	loop_watch(&loop, &second, b, EPOLLIN, NULL);
	run_until(&end, clock_now() + 2 * NS_PER_MS);
	CHECK_STR(trace, "x.");
	CHECK(!first.active && !second.active);
}

static void on_ready_stop(void *arg, uint32_t events)
{
	(void)events;
	note(arg);
	loop_stop(&loop);
}

TEST(loop, stop_ends_the_batch)
{
	cleanup_fd int a = eventfd(1, EFD_CLOEXEC), b = eventfd(1, EFD_CLOEXEC);

	start();
	first = second = (struct watch){.ready = on_ready_stop, .arg = "x"};
	loop_watch(&loop, &first, a, EPOLLIN, NULL);
	loop_watch(&loop, &second, b, EPOLLIN, NULL);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_STR(trace, "x");
	loop_free(&loop);
}

TEST(loop, want_changes_what_is_reported)
{
	cleanup_fd int a = eventfd(1, EFD_CLOEXEC);
	struct timer end;

	start();
	first = (struct watch){.ready = on_ready_stop, .arg = "x"};
	loop_watch(&loop, &first, a, EPOLLIN, NULL);
	loop_want(&loop, &first, 0);
	run_until(&end, clock_now() + 2 * NS_PER_MS);
	CHECK_STR(trace, ".");
}

static void on_hangup(void *arg, uint32_t events)
{
	(void)arg;
	note(events & EPOLLHUP ? "h" : "?");
	loop_stop(&loop);
}

TEST(loop, hangup_is_reported_unasked)
{
	int ends[2];

	start();
	CHECK_INT(pipe(ends), 0);
	close(ends[1]);
	first = (struct watch){.ready = on_hangup};
	loop_watch(&loop, &first, ends[0], 0, NULL);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_STR(trace, "h");
	loop_unwatch(&loop, &first);
	close(ends[0]);
	loop_free(&loop);
}

static void on_signal(void *arg, uint32_t events)
{
	struct signalfd_siginfo info;

	(void)events;
	while (read(((struct watch *)arg)->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		note(info.ssi_signo == SIGUSR1 ? "1" : "2");
	loop_stop(&loop);
}

TEST(loop, signals_are_blocked_and_come_to_their_watch)
{
	struct watch w = {.ready = on_signal, .arg = &w};
	sigset_t set, old;

	start();
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigprocmask(SIG_BLOCK, NULL, &old);
	CHECK_INT(loop_signals(&loop, &w, &set, NULL), 0);
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR2);
	CHECK_INT(loop_run(&loop, NULL), 0);
	CHECK_STR(trace, "12");
	loop_close(&loop, &w);
	sigprocmask(SIG_SETMASK, &old, NULL);
	loop_free(&loop);
}

TEST(loop, bad_descriptor_is_an_error)
{
	struct err err = {0};

	start();
	first = (struct watch){.ready = on_hangup};
	CHECK_INT(loop_watch(&loop, &first, -1, EPOLLIN, &err), -1);
	CHECK_HAS(err.text, "cannot watch descriptor -1: ");
	CHECK(!first.active);
	loop_unwatch(&loop, &first);
	loop_free(&loop);
}
