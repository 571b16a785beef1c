/* progress.c - what a waiting person sees: a live line on a terminal, else a line now and then */
#include "cmd/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

#define WIDTH_DEFAULT 80

static int width(void)
{
	struct winsize w;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : WIDTH_DEFAULT;
}

static void write_err(const char *s, size_t n)
{
	(void)fd_write_all(STDERR_FILENO, s, n);
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		write_err("\r\033[K", 4);
	p->shown = false;
}

/* "12/100  boots (1.2 s), shuts down (0.4 s)", as much of it as the terminal is wide. */
static void describe(const struct progress *p, struct buf *out)
{
	buf_addf(out, "%zu/%zu ", p->done, p->total);
	for (size_t i = 0; i < p->njobs; i++) {
		const struct job *j = &p->jobs[i];

		if (j->task.pid <= 0 || !j->test)
			continue;
		buf_adds(out, " ");
		text_clean(out, j->test->name, strcspn(j->test->name, "\n"));
		buf_addf(out, " (%.1f s)", (double)(clock_now() - j->started) / 1e9);
	}
}

static void show(struct progress *p)
{
	cleanup_buf struct buf text = {0}, line = {0};
	size_t n = (size_t)width() - 1;

	describe(p, &text);
	if (text.len < n)
		n = text.len;
	while (n && n < text.len && ((unsigned char)text.data[n] & 0xC0) == 0x80)
		n--; /* not in the middle of a letter */
	buf_adds(&line, "\r\033[K");
	buf_add(&line, text.data, n);
	write_err(line.data, line.len);
	p->shown = true;
}

static void tick(void *arg)
{
	struct progress *p = arg;
	uint64_t pause = p->live ? PROGRESS_LIVE_MS * NS_PER_MS : PROGRESS_HEARTBEAT_S * NS_PER_S;
	cleanup_buf struct buf text = {0};

	if (p->live) {
		show(p);
	} else {
		describe(p, &text);
		log_line("still running: %s", buf_str(&text));
	}
	loop_timer(p->loop, &p->timer, clock_now() + pause);
}

void progress_init(struct progress *p, struct loop *l)
{
	*p = (struct progress){.loop = l, .timer = {.expired = tick, .arg = p}};
	p->live = isatty(STDERR_FILENO) && log_level == 1;
}

void progress_update(struct progress *p, const struct job *jobs, size_t njobs, size_t done, size_t total)
{
	p->jobs = jobs;
	p->njobs = njobs;
	p->done = done;
	p->total = total;
	if (!p->timer.active)
		loop_timer(p->loop, &p->timer,
			   clock_now() + (p->live ? PROGRESS_LIVE_MS * NS_PER_MS : PROGRESS_HEARTBEAT_S * NS_PER_S));
}
