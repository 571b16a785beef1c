/* typing.h - calls that press keys of a machine's keyboard */
#ifndef WORLD_TYPING_H
#define WORLD_TYPING_H

#include "world/call.h"

/* Return: whether the machine has a screen and a keyboard, or may have by `.qemu`; if not, the call is answered. */
bool typing_has_display(struct call *c);

/* A row of calls.def. */
void order_keys(struct call *c);

#endif
