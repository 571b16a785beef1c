/* guard.h - a piece of work is first done by a child that may die of it */
#ifndef SCRIPT_GUARD_H
#define SCRIPT_GUARD_H

#include <stddef.h>

#include "base/buf.h"

/* What the child does; @text is sent to the parent when it returns. */
typedef void guard_work_fn(void *arg, struct buf *text);

/**
 * struct guard_limits - What the child may use
 * @memory:	Bytes of address space, over what the parent has
 * @cpu:	Seconds of processor time
 * @wall:	Seconds until the parent kills the child
 */
struct guard_limits {
	size_t memory;
	unsigned cpu, wall;
};

/**
 * guard_try() - See whether this process would survive a piece of work
 * @text:	What @work wrote; on failure what happened to the child, as
 *		"crashed (SIGSEGV)", "took longer than 10 s", "needs more than
 *		1024 MiB of memory"
 *
 * Blocks until the child has ended, and leaves no process behind. The child
 * dies with its parent.
 *
 * Return: 0 when the child survived, else -1
 */
int guard_try(guard_work_fn *work, void *arg, const struct guard_limits *limits, struct buf *text);

#endif
