/* journal.h - the journals of a failed test's machines, for a report: asked for once the script is over */
#ifndef WORLD_JOURNAL_H
#define WORLD_JOURNAL_H

#include "machine/machine.h"
#include "report/trace.h"

#define JOURNAL_S     5	   /* for all machines together; scaled */
#define JOURNAL_LINES 2000 /* the newest */

/**
 * journal_take() - Add the end of each machine's journal to a trace, where the machine is UP and has one
 *
 * Blocks for JOURNAL_S at most: what has not come by then is what there is.
 */
void journal_take(struct loop *l, struct machine *machines, size_t n, struct trace *t);

#endif
