/* keep.h - the tests that stop and wait for people: those that have failed, and those that ask for somebody
 *
 * A failed test that is to be kept ends at its first failure, also at one that a test would go on after: its script stands
 * still there, and its machines are as they were, because all that a script does to them is calls. They are
 * stopped then, so that nothing in them goes on or times out until somebody comes, and are told the time when they
 * run again.
 */
#ifndef WORLD_KEEP_H
#define WORLD_KEEP_H

#include "world/outcome.h"
#include "world/visitors.h"

/* Return: whether a test with that result ends where it is, to be kept. */
bool keep_wants(const struct spec *s, const struct point *result);

/**
 * keep_begin() - Stop the machines of a test that is over, and let people in
 * @o:		Complete; @kept is set, or @not_kept, when it has failed and is to be kept
 *
 * A failure that makes the runner try again is not kept.
 *
 * Return: whether it is kept
 */
bool keep_begin(struct visitors *v, struct machine *machines, struct world_outcome *o);

/* Let people in for a script's interact(), and say so on stderr. Return: 0, or -1. */
int keep_await(struct visitors *v, const struct call *c, struct err *err);

#endif
