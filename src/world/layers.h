/* layers.h - the machines that a setup leaves: woken for who begins with them, and saved when it ends itself */
#ifndef WORLD_LAYERS_H
#define WORLD_LAYERS_H

#include "state/life.h"
#include "world/outcome.h"

/**
 * struct layers - What a world begins with, and what it leaves; the first four are the world's
 * @lives:	Of all machines
 * @awake:	What it begins with is running
 * @waiting:	... is waited for, or all machines are being saved: each change of one is looked at
 */
struct layers {
	struct loop *loop;
	const struct spec *spec;
	struct life *lives;
	struct net_switch **switches;
	bool awake, waiting;
};

/* The machines that the setup before left were running, all of them, and so they are for a script that uses any. */
void layers_wake(struct layers *y);

/* To be called when a machine has come up, or stopped. */
void layers_machine_changed(const struct layers *y);

/**
 * layers_save() - Keep what a setup has made, from without the loop
 * @machines:	All of them
 * @o:		@unsaved is set when that cannot be
 */
void layers_save(struct layers *y, struct machine *machines, struct world_outcome *o);

#endif
