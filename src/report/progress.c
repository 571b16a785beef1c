/* progress.c - what a waiting person sees on stderr: a live line on a terminal, else a line now and then
 *
 * A line that says how far the run is comes again: when the terminal takes
 * nothing, it is dropped. A notice comes once, and is waited for.
 */
#include "report/progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/signals.h"
#include "base/text.h"

#define WIDTH_DEFAULT 80
#define KEY_WIDTH     2 /* columns of a ^C, which the terminal shows behind the line: in the last ones it would begin another */

static int width(void)
{
	struct winsize w;

	return (ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : WIDTH_DEFAULT) - KEY_WIDTH;
}

static void clear(struct progress *p)
{
	if (p->shown && sink_write(&p->sink, "\r\033[K", 4) == 0)
		p->shown = false;
}

static void add_line(struct buf *out, const char *text)
{
	text_clean(out, text, strcspn(text, "\n"));
}

static double seconds(uint64_t from, uint64_t to)
{
	return to > from ? (double)(to - from) / 1e9 : 0;
}

/* ": web.wait_for_open_port(80), t.c:12, 3.1 of 240 s" */
static void add_doing(struct buf *out, const struct glimpse *g, uint64_t now)
{
	struct glimpse doing;

	if (!glimpse_get(g, &doing))
		return;
	buf_adds(out, ": ");
	add_line(out, doing.text);
	buf_addf(out, ", %.1f of %.0f s", seconds(doing.since, now), seconds(doing.since, doing.until));
}

void progress_describe(struct buf *out, const struct report_status *s, uint64_t now)
{
	buf_addf(out, "%zu/%zu ", s->finished, s->total);
	for (size_t i = 0; i < s->nactivities; i++) {
		const struct report_activity *a = &s->activities[i];

		buf_adds(out, i ? "; " : " ");
		add_line(out, a->what);
		buf_addf(out, " (%.1f s)", seconds(a->started, now));
		add_doing(out, a->doing, now);
	}
}

/* As much of a text as the terminal is wide. */
static void show(struct progress *p, const struct buf *text)
{
	cleanup_buf struct buf line = {0};

	buf_adds(&line, "\r\033[K");
	buf_add(&line, text->data, text_cut(text->data, text->len, (size_t)width() - 1));
	p->shown = sink_write(&p->sink, line.data, line.len) == 0;
}

static void set_timer(struct progress *p)
{
	uint64_t pause = p->live ? PROGRESS_LIVE_MS * NS_PER_MS : PROGRESS_HEARTBEAT_S * NS_PER_S;

	loop_timer(p->loop, &p->timer, clock_now() + pause);
}

/* A ^Z: the shell's prompt comes where the line was. What the signal does is the kernel's, as without us. */
static void stop(void *arg, uint32_t events)
{
	struct progress *p = arg;
	const sigset_t set = signals_only(SIGTSTP);
	struct signalfd_siginfo info;

	(void)events;
	if (read(p->stops.fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	clear(p);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL); /* here it stops, and here it goes on */
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void unwatch_stops(struct progress *p)
{
	const sigset_t set = signals_only(SIGTSTP);

	loop_close(p->loop, &p->stops);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void watch_stops(struct progress *p)
{
	const sigset_t set = signals_only(SIGTSTP);
	struct err err = {0};

	if (loop_signals(p->loop, &p->stops, &set, &err) < 0)
		unwatch_stops(p);
}

/* Return: whether another process group has the terminal: a person is at a machine, or we are in the background. */
static bool is_lent(void)
{
	pid_t group = tcgetpgrp(STDERR_FILENO);

	return group > 0 && group != getpgrp();
}

static void tick(void *arg)
{
	struct progress *p = arg;
	cleanup_buf struct buf text = {0};

	progress_describe(&text, &p->status, clock_now());
	if (!sink_is_ready(&p->sink) || (p->live && is_lent()))
		;
	else if (p->live) {
		if (p->stops.fd < 0)
			watch_stops(p);
		show(p, &text);
	} else
		log_line("still running: %s", buf_str(&text));
	set_timer(p);
}

/* ---- the reporter ---- */

static struct progress *of(struct reporter *r)
{
	return (struct progress *)((char *)r - offsetof(struct progress, reporter));
}

/* TAP that follows may be on the same terminal. */
static int before_point(struct reporter *r, const struct point *point)
{
	(void)point;
	clear(of(r));
	return 0;
}

static int before_text(struct reporter *r, const char *text)
{
	(void)text;
	clear(of(r));
	return 0;
}

static int at_end(struct reporter *r)
{
	clear(of(r));
	loop_timer(of(r)->loop, &of(r)->timer, CLOCK_NEVER); /* the loop may go on for what is kept */
	unwatch_stops(of(r));
	return 0;
}

static void notice(struct reporter *r, const char *text)
{
	clear(of(r));
	if (sink_await(&of(r)->sink) == 0)
		log_line("%s", text);
}

static void take_status(struct reporter *r, const struct report_status *s)
{
	struct progress *p = of(r);

	p->status = *s;
	if (!p->timer.active)
		set_timer(p);
}

static void forget(struct reporter *r)
{
	fd_close(&of(r)->stops.fd);
}

static const struct reporter_ops ops = {
	.point = before_point,
	.comment = before_text,
	.notice = notice,
	.status = take_status,
	.bail_out = before_text,
	.end = at_end,
	.forget = forget,
};

void progress_init(struct progress *p, struct loop *l)
{
	*p = (struct progress){.reporter = {.ops = &ops, .sink = &p->sink}, .loop = l, .timer = {.expired = tick, .arg = p}};
	p->stops = (struct watch){.fd = -1, .ready = stop, .arg = p};
	sink_init(&p->sink, STDERR_FILENO);
	p->live = fd_is_screen(p->sink.fd) && log_level == 1;
}
