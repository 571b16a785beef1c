/* layer.h - what a setup leaves: all of its machines, saved at one moment
 *
 * A folder (an entry of the store) with NAME.ram and NAME.state, and NAME.disk0 for what it has written to its first
 * disk, or where it was thawed itself NAME.frozen and NAME.frozen.bases, for each machine that was up when the setup ended,
 * and the file "machines" with their names, a line each. The cut is consistent: when the machines have become
 * idle and the network has been silent for a moment all machines are stopped,
 * and only then is the first one saved.
 * A frame that is on its way at that moment is lost, as on any network.
 */
#ifndef STATE_LAYER_H
#define STATE_LAYER_H

#include "machine/machine.h"

#define LAYER_KIND "setup" /* of the store's entries */
#define LAYER_DISK "disk"  /* suffix of a machine's file, before the disk's number */

/* Return: the path of a machine's file in a layer: @suffix is "ram", "state" or "frozen"; the caller frees it. */
char *layer_path(const char *dir, const char *machine, const char *suffix);

/* Return: whether the setup left this machine running. */
bool layer_has(const char *dir, const char *machine);

/**
 * layer_save() - Save all machines that are up
 * @l:		Their loop, which is run; their owner stops it when one of them stops
 * @limit:	Seconds for all of it
 *
 * When it fails the machines are OFF, without a word to their owner: QEMU may
 * have stopped some of them, and may still answer what it was asked.
 *
 * Return: 0, or -1: a machine is neither in a file of its own nor thawed, has
 * stopped, or is refused by QEMU; it took too long
 */
int layer_save(struct loop *l, struct net_switch **switches, size_t nswitches, struct machine *machines, size_t n,
	       const char *dir, double limit, struct err *err);

#endif
