/* typing.c - calls that press keys of a machine's keyboard
 *
 * A keyboard has room for 16 bytes (PS/2) or 32 keys (virtio) that its guest has
 * not fetched, and drops what comes then. QEMU says nothing of that. So each key
 * is held, and the next one pressed, no sooner than a slow guest can follow.
 */
#include "world/typing.h"

#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "qemu/keys.h"

#define HOLD_MS 5 /* of a key, and between two; scaled */

bool typing_has_display(struct call *c)
{
	const struct machine_spec *m = c->life->machine->spec;
	cleanup_free char *why = NULL;

	if (m->display || m->extra)
		return true;
	why = xasprintf("'%s' has no screen and no keyboard; vm(%s, .display = 1) has", m->name, m->name);
	call_answer(c, WIRE_REFUSED, why);
	return false;
}

static void refused(void *arg, const struct json *reply, const char *error)
{
	struct call *c = arg;
	cleanup_free char *why = error ? xasprintf("QEMU refuses it: %s", error) : NULL;

	(void)reply;
	if (why)
		call_answer(c, WIRE_FAILED, why);
}

/* Press keys together; @again is set for when they are up again. */
static void press(struct call *c, const struct buf *keys, int count)
{
	const uint64_t hold = (uint64_t)(HOLD_MS * c->owner->world->accel->slow);
	cleanup_free char *arguments = xasprintf("{\"keys\":%s,\"hold-time\":%llu}", buf_str(keys), (unsigned long long)hold);

	/* Each is pressed, and each released, with a pause behind it. */
	loop_timer(c->owner->loop, &c->again, clock_now() + 2 * (uint64_t)count * hold * NS_PER_MS);
	qmp_send(&c->life->machine->qmp, "send-key", arguments, refused, c);
}

static void type_next(void *arg)
{
	struct call *c = arg;
	cleanup_buf struct buf keys = {0};
	int count;

	if (!c->first[c->typed]) {
		call_answer(c, WIRE_OK, "");
		return;
	}
	count = keys_of_char(c->first[c->typed++], &keys);
	press(c, &keys, count);
}

static void all_pressed(void *arg)
{
	call_answer(arg, WIRE_OK, "");
}

/* Nothing is typed of a text that cannot be typed as a whole. */
static bool can_type(struct call *c)
{
	for (const char *p = c->first; *p; p++) {
		cleanup_buf struct buf keys = {0};
		cleanup_free char *why = NULL;

		if (keys_of_char(*p, &keys))
			continue;
		why = xasprintf("no key of a US keyboard types byte 0x%02x, number %zu of the text", (unsigned char)*p,
				(size_t)(p - c->first) + 1);
		call_answer(c, WIRE_REFUSED, why);
		return false;
	}
	return true;
}

static void press_together(struct call *c)
{
	cleanup_buf struct buf keys = {0};
	int count = keys_of_names(c->first, &keys);

	c->again = (struct timer){.expired = all_pressed, .arg = c};
	if (count)
		press(c, &keys, count);
	else
		call_answer(c, WIRE_REFUSED, "that names no keys, or more than 8: \"ctrl-alt-delete\", \"a\", \"ret\"");
}

void order_keys(struct call *c)
{
	if (!typing_has_display(c))
		return;
	c->stage = CALL_TYPING;
	c->again = (struct timer){.expired = type_next, .arg = c};
	if (c->number)
		press_together(c);
	else if (can_type(c))
		type_next(c);
}
