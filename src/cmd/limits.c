/* limits.c - how long what may take */
#include "cmd/limits.h"

/* Seconds under KVM; multiplied by the accelerator's slowness. */
#define BOOT_TIMEOUT 30.0
#define CALL_TIMEOUT 60.0
#define TEST_TIMEOUT 300.0
#define LIFE_GRACE   30.0 /* for a world to end by itself, after its script was interrupted and killed */

#define SETUP_TURNS 4 /* runs that may build the same setup in turn, each of them in vain but the last */

void limits_set(struct spec *w, const struct settings *s, double own, double wanted)
{
	double slow = w->accel->slow;

	w->boot_timeout = s->boot_timeout > 0 ? s->boot_timeout : BOOT_TIMEOUT * slow;
	w->call_timeout = CALL_TIMEOUT * slow;
	w->test_timeout = own > 0 ? own : wanted > 0 ? wanted : TEST_TIMEOUT * slow;
}

double limits_life(const struct spec *w, bool setup)
{
	/* Saving what a setup leaves takes a call's time, and may come after the test's. */
	double one = w->test_timeout + w->boot_timeout + w->call_timeout + LIFE_GRACE * w->accel->slow;

	return setup ? SETUP_TURNS * one : one;
}
