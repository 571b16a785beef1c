/* wait.c - WAIT: look at once, then when something happens, at the latest after a growing pause */
#include "agent/wait.h"

#include <assert.h>
#include <stdarg.h>

#include "base/clock.h"
#include "base/mem.h"

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

static void cancel(struct request *q)
{
	struct wait *w = container_of(q, struct wait, request);

	request_fail(q, w->seen.len ? buf_str(&w->seen) : "nothing was seen yet");
}

static void drop(struct request *q)
{
	struct wait *w = container_of(q, struct wait, request);

	loop_timer(&q->agent->loop, &w->timer, CLOCK_NEVER);
	if (w->kind->drop && w->own)
		w->kind->drop(w);
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

void wait_done(struct wait *w, const void *data, size_t n)
{
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

	loop_timer(&w->request.agent->loop, &w->timer, clock_now() + (w->pause < max ? w->pause : max));
	if (w->pause < max)
		w->pause *= 2;
}

void wait_look_now(struct wait *w)
{
	loop_timer(&w->request.agent->loop, &w->timer, 0);
}

void wait_see(struct wait *w, const char *fmt, ...)
{
	va_list ap;

	buf_clear(&w->seen);
	va_start(ap, fmt);
	buf_vaddf(&w->seen, fmt, ap);
	va_end(ap);
}
