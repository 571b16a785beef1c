/* inquiry.c - a command that asks the guest's own tools something, for a message */
#include "agent/inquiry.h"

#include <assert.h>

#include "base/clock.h"
#include "base/mem.h"

static_assert(INQUIRY_MAX < WIRE_REASON_MAX, "a FAIL holds it, and a message");

static void end(struct inquiry *q)
{
	loop_timer(q->loop, &q->patience, CLOCK_NEVER);
	q->answered(q->arg);
}

static void output(void *arg, enum wire_stream stream, const char *data, size_t n)
{
	struct inquiry *q = arg;
	size_t room = INQUIRY_MAX - q->text.len;

	(void)stream;
	buf_add(&q->text, data, n < room ? n : room);
}

static void ended(void *arg, const struct child *c)
{
	struct inquiry *q = arg;

	(void)c;
	q->child = NULL;
	end(q);
}

static void is_late(void *arg)
{
	struct inquiry *q = arg;

	child_abandon(steal(q->child));
	buf_adds(&q->text, "(the report took too long)\n");
	q->late = true;
	end(q);
}

static const struct child_ops ops = {.output = output, .ended = ended};

void inquiry_start(struct inquiry *q, struct agent *a, const char *command, uint64_t limit, void (*answered)(void *arg),
		   void *arg)
{
	buf_clear(&q->text);
	q->late = false;
	q->loop = &a->loop;
	q->answered = answered;
	q->arg = arg;
	q->patience = (struct timer){.expired = is_late, .arg = q};
	loop_timer(q->loop, &q->patience, clock_now() + limit);
	q->child = child_start(a, command, &ops, q, NULL);
	if (!q->child)
		end(q);
}

void inquiry_drop(struct inquiry *q)
{
	if (q->loop)
		loop_timer(q->loop, &q->patience, CLOCK_NEVER);
	if (q->child)
		child_abandon(q->child);
	buf_free(&q->text);
}
