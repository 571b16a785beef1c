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

struct world;

/**
 * world_play() - Run one test to its end
 * @spec:	What it is made of
 * @script:	Called in a forked child with the descriptor of its socket; never returns
 * @arg:	For @script
 * @out:	Filled in; lives as long as the world
 *
 * The script's process is gone when it returns. The machines are, too, unless @out->kept says that they wait for people:
 * the test has ended at its first failure then, and they are stopped as that left them.
 *
 * Return: the world, if it is kept: for world_keep(); else NULL
 */
struct world *world_play(const struct spec *spec, void (*script)(void *arg, int fd), void *arg, struct world_outcome *out);

/* Wait until nobody needs a kept world any more, or the time for that is over; end it. */
void world_keep(struct world *w);

/* world_play() for a world that is not kept: @spec does not want it. All is gone when it returns. */
void world_run(const struct spec *spec, void (*script)(void *arg, int fd), void *arg, struct world_outcome *out);

#endif
