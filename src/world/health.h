/* health.h - what has gone wrong in a test's machines that no call has told: asked for once the script is over */
#ifndef WORLD_HEALTH_H
#define WORLD_HEALTH_H

#include "world/findings.h"

#define HEALTH_S     5	   /* for all machines together; scaled */
#define HEALTH_FIELD 16384 /* bytes of what is quoted of a machine */

/**
 * health_check() - Ask each machine that is UP
 * @allowed:	Kinds that are no failure, "oom, units"; "all"; or NULL
 *
 * What is not allowed fails the test, with its machine and its kind, and is
 * quoted, a failed unit with its status and the end of its journal. Blocks for
 * HEALTH_S at most, twice: what has not come by then is not known, as of a machine
 * that hangs, which some call has told.
 */
void health_check(struct findings *v, struct loop *l, struct machine *machines, size_t n, const char *allowed);

#endif
