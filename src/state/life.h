/* life.h - one machine of a world: where its life begins, each time that it is started
 *
 * Theory of operation
 *
 * A machine (machine/machine.h) is told its origin, and its life tells it. A life
 * takes the best origin that there is: as setup left it, a copy of its
 * template, a boot. It has a template made when none is there, it keeps the
 * checkpoints of a test, and when QEMU cannot resume from an origin it does
 * what the table in origin.c says.
 *
 * It stands between the machine and the world: it owns the machine's callbacks
 * and passes them on, except for a loss that is made good by another origin,
 * which the world does not see.
 *
 * Calls. The owner is told as machine.h says, so life_start(), life_restore()
 * and life_abandon_save() may tell it before they return. When an origin fails
 * the machine is reset and started again from within its own @stopped, and that
 * start may fail as well: the owner is told of the last one, once.
 *
 * Ownership. The child process that makes a template belongs to the life until
 * it has told its result or the machine has stopped. A save under way belongs to
 * the life until it is done or the machine has stopped; the caller of
 * life_save() hears of it at most once. Checkpoints are files without a name,
 * which go with life_free(), and so do the copy of a template's memory and the disk
 * that the machine changes its root on.
 *
 * That disk (changes.h) is begun anew for each start: empty for a boot, as a copy of
 * the template's or the layer's for what goes on from there. With .keep that is so only
 * until the machine has been up. Then its root is what it has made of it: whatever
 * ends the machine, the next start boots from that. A guest that reboots, as it was
 * asked or may do, is such an end, with a start right behind it: QEMU is not told to
 * reset but another one takes its place, so that a reboot is like any boot.
 */
#ifndef STATE_LIFE_H
#define STATE_LIFE_H

#include "machine/freezing.h"
#include "machine/machine.h"
#include "machine/saving.h"
#include "state/origin.h"

struct life {
	struct machine *machine;
	const struct spec *world;
	struct machine_owner owner; /* the world */
	enum origin origin;
	struct template_task *making; /* the child process that makes the template, or NULL */
	struct checkpoint *checkpoints, *pending; /* kept; being saved */
	int changes;	    /* descriptor of the disk that the machine changes its root on, or -1 */
	bool lived;	    /* the machine has been up with that disk: .keep keeps it from now on */
	int ram_copy;	    /* descriptor that a copy of its template's memory is opened by (ram.h), or -1 */
	struct saving saving;
	struct freezing freezing; /* instead, of a machine that was thawed */
	struct timer go_on; /* to let the machine go on after a save */
	uint64_t go_on_until;
	void (*saved)(void *arg, const char *error);
	void *saved_arg;
	char *no_frozen;    /* why it could not be thawed, so that its template is copied, or NULL; owned */
	char *no_template;  /* why a template could not be made or resumed, so that it boots, or NULL; owned */
	bool unfinished;    /* it is a copy of a template that has no identity or is not frozen yet (template_finish()) */
	bool layer_used;    /* it was resumed as setup left it; from now on it boots */
	bool layer_failed;  /* it is GONE, because what setup left cannot be resumed */
};

/* @owner: told of @machine as machine.h says; kept by value. */
void life_init(struct life *l, struct machine *machine, const struct machine_owner *owner);
/* Free all but the machine, which was freed before. */
void life_free(struct life *l);

/* Start the machine, from OFF, from the best origin. What goes wrong is told through @stopped, with it GONE. */
void life_start(struct life *l);

/**
 * life_save() - Keep the machine, which is UP, under a name
 * @done:	Called once when it runs on, with why it could not be saved or NULL; at once
 *		when another save is under way; not called when it stops or is restored first. An older checkpoint of that name
 *		is replaced only by a good one
 */
void life_save(struct life *l, const char *name, void (*done)(void *arg, const char *error), void *arg);

/* Whoever gave this @arg hears no more of the save, which goes on. */
void life_forget_save(struct life *l, const void *arg);

/* Hear no more of a save; the machine is GONE, as QEMU may have stopped it. */
void life_abandon_save(struct life *l, char *why);

/* Go back to a checkpoint. Return: false when there is none of that name; else the machine will be UP, or GONE. */
bool life_restore(struct life *l, const char *name);

#endif
