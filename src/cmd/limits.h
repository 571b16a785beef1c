/* limits.h - how long what may take */
#ifndef CMD_LIMITS_H
#define CMD_LIMITS_H

#include <stdbool.h>

#include "cmd/settings.h"
#include "machine/spec.h"

/**
 * limits_set() - Fill in the time limits of a world, scaled by the slowness of its accelerator
 * @w:		Has an accelerator
 * @own:	Seconds that the test asks for, not scaled; 0 when it does not
 * @wanted:	Seconds that the user asks for, not scaled; 0 when he does not
 */
void limits_set(struct spec *w, const struct settings *s, double own, double wanted);

/**
 * limits_life() - Seconds after which a world that has not ended will not
 * @setup:	It runs a setup, and may wait for other runs that try to build the same first
 *
 * A world keeps its own limits; this is for one that is stopped, or whose
 * storage does not answer.
 */
#define LIMITS_LIFE_WITH_PEOPLE 1e8 /* for a world that a person may stop for as long as he likes */
double limits_life(const struct spec *w, bool setup);

#endif
