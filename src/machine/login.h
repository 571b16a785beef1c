/* login.h - the last resort: the agent started by hand, at the console of a machine that boots from its own disk
 *
 * The agent comes in on a volume that cloud-init looks for (image/seed.h). A disk
 * without cloud-init stands at its login prompt instead. When it has stood there for
 * LOGIN_GRACE_S (cloud-init may be at work still), and the user is told, root logs in
 * and runs what cloud-init would have run. Root must not need a password.
 */
#ifndef MACHINE_LOGIN_H
#define MACHINE_LOGIN_H

#include "base/loop.h"
#include "machine/console.h"

#define LOGIN_GRACE_S 2 /* scaled; cloud-init's services come before any login */

enum login_step {
	LOGIN_WATCHES,	/* for a prompt */
	LOGIN_WAITS,	/* whether the agent comes by itself */
	LOGIN_NAMED,	/* "root" was typed */
	LOGIN_PROMPTED, /* root's shell waits */
	LOGIN_STARTED,	/* the agent was started */
	LOGIN_REFUSED,	/* a password is asked for */
	LOGIN_STEPS,
};

struct machine;

/**
 * struct login - Of a machine, in one life
 * @tail:	The end of what its console has said since the last thing that was typed
 */
struct login {
	struct machine *machine;
	struct console_ear ear;
	struct timer act;
	enum login_step step;
	struct buf tail;
};

/* Watch the console of a machine that begins to boot. */
void login_begin(struct machine *m);
/* The agent is there, or the machine is gone; harmless when nothing was begun. */
void login_end(struct machine *m);

/* Return: what to say of a machine whose agent has not come: "its console never asked for a login", ... */
const char *login_story(const struct login *l);

#endif
