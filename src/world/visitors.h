/* visitors.h - people at the machines of a world, each with a connection of their own
 *
 * Theory of operation
 *
 * A world lets people in when a failed test is kept, or while its script waits in interact(). Whoever comes through the
 * door is told what there is (WIRE_WELCOME) and makes calls as a script does, one at a time. Any number of them are there
 * at once, up to VISITORS_MAX. Who only looks, at what a console has said or at a picture of a screen, is not counted as
 * there, and nothing goes on for him.
 *
 * The world waits for them, but not for ever: when nobody has been there for so long as is given, it is over. Somebody
 * is there during a call, or for as long as he stays (WIRE_STAY). The time begins anew when the last of them leaves.
 *
 * Calls. @arrived is called from within a visitor's own message, so nothing may be closed there; @left and @over come
 * from a timer, where everything may. A machine may end from within a visitor's message as well, and a script's call
 * with it: so the owner says visitors_dismiss(), which closes everything a moment later.
 */
#ifndef WORLD_VISITORS_H
#define WORLD_VISITORS_H

#include "world/call.h"
#include "world/door.h"

#define VISITORS_MAX 16

struct visitor;

/**
 * struct visitors - Of one world
 * @loop, @lives, @nlives, @jobs, @forwards, @switches, @spec, @grace: The world's, as of struct call_owner
 * @seconds:	For which nobody may be there; 0: no limit
 * @arrived:	Somebody is there, and nobody was before
 * @left:	Nobody is there any more
 * @enter:	Somebody wants to go into the script's process, who has the other end of @fd, which stays the caller's.
 *		Return: whether he can
 * @over:	Nobody came in time, or somebody has said that it is over
 *
 * The fields above are the owner's, those below are for visitors.c.
 */
struct visitors {
	struct loop *loop;
	struct life *lives;
	size_t nlives;
	struct jobs *jobs;
	struct forwards *forwards;
	struct net_switch *const *switches;
	const struct spec *spec;
	uint64_t grace;
	double seconds;
	void (*arrived)(void *arg);
	void (*left)(void *arg);
	void (*over)(void *arg);
	bool (*enter)(void *arg, int fd);
	void *arg;

	struct door door;
	struct watch knocks;
	struct timer limit, soon;
	struct visitor *first;
	size_t count, here;
	bool changed, ended, dismissed;
	char *place, *why;
	unsigned machine;
};

/**
 * visitors_open() - Let people in
 * @place:	"file:line" that they come to, or NULL; copied
 * @why:	The world is there: "it failed: ..."; copied
 * @machine:	That it is about
 *
 * Return: 0, or -1
 */
int visitors_open(struct visitors *v, const char *place, const char *why, unsigned machine, struct err *err);

/* Return: whether people may come in. */
static inline bool visitors_are_welcome(const struct visitors *v)
{
	return v->door.path && !v->dismissed;
}

/* A machine became UP, or is OFF or GONE. */
void visitors_machine_changed(struct visitors *v, struct machine *m);

/* The machine's console said something, or its QEMU an event. */
void visitors_machine_heard(struct visitors *v, struct machine *m);

/* Close everything soon; harmless when nothing is open. */
void visitors_dismiss(struct visitors *v);

/* Close everything now. */
void visitors_close(struct visitors *v);

#endif
