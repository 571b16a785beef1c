/* wait.c - WAIT: look at once, then when something happens, at the latest after a growing pause */
#include "agent/wait.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define PAUSE_FIRST (50 * NS_PER_MS)

static const struct wait_kind *const kinds[] = {
	[WIRE_WAIT_SUCCEEDS] = &wait_try,  [WIRE_WAIT_FAILS] = &wait_try,   [WIRE_WAIT_FILE] = &wait_file,
	[WIRE_WAIT_PORT] = &wait_port,	   [WIRE_WAIT_NO_PORT] = &wait_port, [WIRE_WAIT_UNIT] = &wait_unit,
	[WIRE_WAIT_UNIT_STATE] = &wait_unit, [WIRE_WAIT_UNIT_IS] = &wait_unit,
	[WIRE_WAIT_UNIX] = &wait_unix,	   [WIRE_WAIT_UNIX_DATAGRAM] = &wait_unix,
	[WIRE_WAIT_READY] = &wait_ready,  [WIRE_WAIT_QUIET] = &wait_quiet,
	[WIRE_WAIT_SLEEP] = &wait_sleep,
	[WIRE_WAIT_TTY] = &wait_tty,
};
static_assert(ARRAY_SIZE(kinds) == WIRE_WAIT_KINDS, "a row for each kind");

static void look(void *arg)
{
	struct wait *w = arg;

	w->kind->look(w);
}

/* ---- the host gives up ---- */

/* @title, without quotes: in front of what @list prints, if that is anything. */
#define LIST(title, list) "x=$(" list " 2>/dev/null); [ -z \"$x\" ] || printf '%s\\n' '" title "' \"$x\"; "
#define UNITS		  " --no-legend --no-pager --plain --full"

void wait_ask_services(const struct wait *w, struct buf *command)
{
	(void)w;
	buf_adds(command, LIST("the end of the journal:", "journalctl --no-pager --quiet -b -n 10"));
}

static void fail_with_evidence(void *arg)
{
	struct wait *w = arg;

	text_clean(&w->seen, buf_str(&w->evidence.text), w->evidence.text.len);
	while (text_ends(buf_str(&w->seen), "\n"))
		w->seen.data[--w->seen.len] = '\0';
	request_fail(&w->request, buf_str(&w->seen));
}

static void cancel(struct request *q)
{
	struct wait *w = container_of(q, struct wait, request);
	cleanup_buf struct buf command = {0};
	bool again = w->late;

	w->late = true;
	loop_timer(&q->agent->loop, &w->timer, CLOCK_NEVER);
	if (!w->seen.len)
		wait_see(w, "nothing was seen yet");
	buf_addc(&w->seen, '\n');
	if (w->kind->explain && !again)
		w->kind->explain(w, &w->seen);
	if (!w->kind->ask || again || !q->agent->last_words || strcmp(q->agent->init, "systemd") != 0) {
		fail_with_evidence(w);
		return;
	}
	w->kind->ask(w, &command);
	buf_adds(&command, LIST("failed units:", "systemctl list-units --failed" UNITS));
	buf_adds(&command, LIST("queued jobs:", "systemctl list-jobs" UNITS));
	inquiry_start(&w->evidence, q->agent, buf_str(&command), q->agent->last_words * NS_PER_MS, fail_with_evidence, w);
}

/* ---- a wait ---- */


static void drop(struct request *q)
{
	struct wait *w = container_of(q, struct wait, request);

	loop_timer(&q->agent->loop, &w->timer, CLOCK_NEVER);
	if (w->kind->drop && w->own)
		w->kind->drop(w);
	inquiry_drop(&w->evidence);
	buf_free(&w->seen);
	free(w->subject);
	free(w->address);
	free(w);
}

static const struct request_ops wait_ops = {.cancel = cancel, .drop = drop};

void wait_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct wait *w = xcalloc(1, sizeof(*w));
	struct err err = {0};
	uint32_t port;

	w->what = wire_get_u8(r);
	w->subject = wire_get_str(r);
	w->address = wire_get_str(r);
	port = wire_get_u32(r);
	w->port = (uint16_t)port;
	w->kind = w->what < ARRAY_SIZE(kinds) ? kinds[w->what] : NULL;
	w->timer = (struct timer){.expired = look, .arg = w};
	w->pause = PAUSE_FIRST;
	request_open(&w->request, a, id, &wait_ops);
	if (r->bad || !w->kind || port > UINT16_MAX) {
		w->kind = &wait_ready; /* has nothing to drop */
		request_fail(&w->request, "malformed WAIT");
	} else if (w->kind->prepare && w->kind->prepare(w, &err) < 0) {
		request_fail(&w->request, err.text);
	} else {
		w->kind->look(w);
	}
}

/* After the host gave up, what a look still says makes no difference, unless it is why the wait was in vain. */
void wait_done(struct wait *w, const void *data, size_t n)
{
	if (!w->late)
		request_done(&w->request, data, n);
}

void wait_fail(struct wait *w, const char *fmt, ...)
{
	cleanup_buf struct buf reason = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&reason, fmt, ap);
	va_end(ap);
	request_fail(&w->request, buf_str(&reason));
}

void wait_again(struct wait *w)
{
	uint64_t max = w->kind->pause_max;

	if (w->late)
		return;
	loop_timer(&w->request.agent->loop, &w->timer, clock_now() + (w->pause < max ? w->pause : max));
	if (w->pause < max)
		w->pause *= 2;
}

void wait_look_now(struct wait *w)
{
	if (!w->late)
		loop_timer(&w->request.agent->loop, &w->timer, 0);
}

void wait_see(struct wait *w, const char *fmt, ...)
{
	va_list ap;

	if (w->late)
		return;
	buf_clear(&w->seen);
	va_start(ap, fmt);
	buf_vaddf(&w->seen, fmt, ap);
	va_end(ap);
}
