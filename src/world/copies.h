/* copies.h - files and folders between the host and a machine
 *
 * Into a machine no more than COPY_WINDOW bytes are under way: the agent acknowledges what it has written, so that neither side
 * has to hold a tree. Out of one the agent waits for its port, and each record is written before the next is taken.
 */
#ifndef WORLD_COPIES_H
#define WORLD_COPIES_H

#include "world/call.h"

/* Rows of calls.def. */
void copies_begin_in(struct call *c);
void copies_begin_out(struct call *c);

/* A frame came that answers the call's request. Return: false when it is not about the files: the call sees to it. */
bool copies_answer(struct call *c, const struct frame *f);

/* The call is over. */
void copies_end(struct call *c);

#endif
