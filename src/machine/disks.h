/* disks.h - what a machine writes to its disks, for as long as it lives
 *
 * A disk that a machine may write to is an image that is only read, and a file of
 * the machine's own that takes what is written (qemu/overlay.h). That file has no
 * name and ends with the machine. A machine that is saved has its files copied
 * beside the state, once QEMU has written all of it; a machine that goes on from
 * there begins with copies of these. So none depends on another, and what is copied
 * is as much as was written, not the disk: 20 to 60 MB for a cloud's image that has
 * booted, in about as many milliseconds.
 *
 * A frozen machine (vendor/qemu/frozen.h) has in its file what it has written to its disks, and QEMU makes each copy
 * such files of its own. What a copy of a template begins with is therefore kept small when that is to be frozen: the
 * template's file is not copied but lies below, and is only read, by all copies of all runs. They depend on the template by
 * its memory as well (state/bases.h). So a copy's disks cost what was written between a template's end and the first test.
 *
 * Rejected: a chain of files with a link for each state. It saves those copies, too, and makes every state depend on all
 * before it, a store's entry on another's.
 */
#ifndef MACHINE_DISKS_H
#define MACHINE_DISKS_H

#include "machine/machine.h"

/* Make the files of a machine that is about to run, as its origin says; none where QEMU does. Return: 0, or -1. */
int disks_open(struct machine *m, struct err *err);
/* Close them; harmless when there are none. */
void disks_close(struct machine *m);

/* Fill in what QEMU opens them by: paths that live as long as @c does, which the caller frees by disks_unname(). */
void disks_name(const struct machine *m, struct command *c);
void disks_unname(struct command *c);

/**
 * disks_keep() - Copy what a machine has written, which QEMU has stopped and saved; not of one that was thawed
 * @i:		Disk, one with a size (spec.h)
 * @to:		An empty file
 *
 * Return: 0, or -1: no room
 */
int disks_keep(const struct machine *m, size_t i, int to, struct err *err);

/* The same for all, into files @prefix"0", @prefix"1", ... by the disk's number. Return: 0, or -1. */
int disks_keep_all(const struct machine *m, const char *prefix, struct err *err);

/* Let @o begin with these files: its @written, which it owns. */
void disks_begin_with(const struct machine_spec *m, const char *prefix, struct machine_origin *o);

#endif
