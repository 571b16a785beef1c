/* control.h - calls that speak to a machine's QEMU itself */
#ifndef WORLD_CONTROL_H
#define WORLD_CONTROL_H

#include "world/call.h"

/* Rows of calls.def. */
void order_monitor(struct call *c);
void order_qmp(struct call *c);

#endif
