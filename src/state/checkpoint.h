/* checkpoint.h - the files in which save() keeps a machine for the rest of its test
 *
 * The same mechanism as a template, but for one machine and one test: the
 * whole memory is part of what is written, into a file without a name that
 * goes with the test. It costs what copying that memory costs. Of a machine that
 * was thawed only what has changed since is written.
 */
#ifndef STATE_CHECKPOINT_H
#define STATE_CHECKPOINT_H

#include "machine/machine.h"

struct checkpoint;

/* Return: one that is not in any list yet, owned by the caller; @store: the cache folder, on whose disk it is. */
struct checkpoint *checkpoint_new(const char *store, const char *name);
/* Return: the descriptor to write to, which the checkpoint owns; -1 with errno when there is no room for a file. */
int checkpoint_fd(const struct checkpoint *c);
/* Return: a path to read it by, from the start each time; valid while the checkpoint lives; the caller frees it. */
char *checkpoint_path(const struct checkpoint *c);

/**
 * checkpoint_set_bases() - Say that it is a machine that is frozen
 * @bases:	What it is based on (freezing_bases()), which stays; copied
 */
void checkpoint_set_bases(struct checkpoint *c, const char *const bases[COMMAND_BASES_MAX]);
/* Fill in where the machine begins when it goes back: @o's file and its bases, which the caller frees. Return: false when it is not frozen. */
bool checkpoint_origin(const struct checkpoint *c, struct machine_origin *o);

/* Keep what its machine, which QEMU has saved, has written to its disks. Return: 0, or -1: no room. */
int checkpoint_keep_disks(struct checkpoint *c, const struct machine *m, struct err *err);
/* Let @o, whose @written is empty, begin with that. */
void checkpoint_begin_with_disks(const struct checkpoint *c, struct machine_origin *o);

/* Say why it could not be saved (NULL: it was), and ask for that. */
void checkpoint_set_error(struct checkpoint *c, const char *error);
const char *checkpoint_error(const struct checkpoint *c);

/* Put @pending, which becomes NULL, into a list in place of an older one of that name; one with an error is freed. */
void checkpoint_settle(struct checkpoint **pending, struct checkpoint **list);

/* Return: the checkpoint of that name in a list, or NULL. */
const struct checkpoint *checkpoint_find(const struct checkpoint *list, const char *name);

/* Free one that is in no list; NULL is allowed. *@c becomes NULL. */
void checkpoint_drop(struct checkpoint **c);
void checkpoint_free_all(struct checkpoint **list);

#endif
