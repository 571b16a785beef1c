/* world.h - one test's world: its script process, its machines, its networks, its verdict
 *
 * A world is a process of its own. It never runs script code: the script is a
 * child that blocks in calls over a socketpair, so whatever it does, the world
 * lives to tear the machines down and to say what happened.
 */
#ifndef WORLD_WORLD_H
#define WORLD_WORLD_H

#include "machine/spec.h"
#include "world/outcome.h"

/**
 * world_run() - Run one test to its end
 * @spec:	What it is made of
 * @script:	Called in a forked child with the descriptor of its socket; never returns
 * @arg:	For @script
 * @out:	Filled in
 *
 * All machines and the script process are gone when it returns.
 */
void world_run(const struct spec *spec, void (*script)(void *arg, int fd), void *arg,
	       struct world_outcome *out);

#endif
