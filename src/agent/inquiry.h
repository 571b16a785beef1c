/* inquiry.h - a command that asks the guest's own tools something, for a message: bounded in time and in bytes
 *
 *	inquiry_start(&q, agent, "systemctl --failed", 10 * NS_PER_S, answered, me);
 *
 * Then answered(me) comes once, from the loop or from within, and q.text has what the command printed, its standard
 * error too. inquiry_drop() in any case, also in between.
 */
#ifndef AGENT_INQUIRY_H
#define AGENT_INQUIRY_H

#include "agent/agent.h"
#include "agent/child.h"

#define INQUIRY_MAX 16384 /* bytes that are kept of what it prints */

/* One of them; all zeros before the first. It may be started anew from within answered(). @late: the answer was cut at its limit. */
struct inquiry {
	struct child *child;
	struct loop *loop;
	struct timer patience;
	struct buf text;
	bool late;
	void (*answered)(void *arg);
	void *arg;
};

/* @limit: ns, after which the command is killed and the answer is what it printed until then, with a line that says so. */
void inquiry_start(struct inquiry *q, struct agent *a, const char *command, uint64_t limit, void (*answered)(void *arg),
		   void *arg);
void inquiry_drop(struct inquiry *q);

#endif
