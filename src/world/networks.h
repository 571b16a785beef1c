/* networks.h - calls that make a network bad, or a machine's links */
#ifndef WORLD_NETWORKS_H
#define WORLD_NETWORKS_H

#include "world/call.h"

/* Rows of calls.def. */
bool order_net(struct call *c);
void order_link(struct call *c);

#endif
