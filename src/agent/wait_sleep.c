/* wait_sleep.c - waiting until time has passed, by the guest's clock */
#include <stdlib.h>

#include "agent/wait.h"
#include "base/clock.h"
#include "base/mem.h"

static void look(struct wait *w)
{
	const uint64_t *until = w->own;
	uint64_t now = clock_now();

	if (now >= *until) {
		wait_done(w, "", 0);
		return;
	}
	wait_see(w, "%.1f s are left", (double)(*until - now) / NS_PER_S);
	w->pause = *until - now;
	wait_again(w);
}

static int prepare(struct wait *w, struct err *err)
{
	char *end;
	unsigned long long ms = strtoull(w->subject, &end, 10);
	uint64_t *until;

	if (end == w->subject || *end || ms > WIRE_SLEEP_MAX_S * 1000ull)
		return err_set(err, "'%s' is no time to sleep", w->subject);
	until = xmalloc(sizeof(*until));
	*until = clock_now() + ms * NS_PER_MS;
	w->own = until;
	return 0;
}

static void drop(struct wait *w)
{
	free(w->own);
}

const struct wait_kind wait_sleep = {
	.prepare = prepare,
	.look = look,
	.drop = drop,
	.pause_max = UINT64_MAX,
};
