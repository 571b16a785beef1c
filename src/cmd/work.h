/* work.h - what the process of a job does, and what a setup leaves in the store */
#ifndef CMD_WORK_H
#define CMD_WORK_H

#include <stdbool.h>

#include "base/sha256.h"
#include "cmd/plan.h"
#include "world/world.h"

/* What a job's process does: run a world and say what became of it. Return: the world, if it is kept (world.h), or NULL. */
typedef struct world *work_fn(struct plan_test *t, struct world_outcome *out);

/* Run @t in this process; a work_fn. */
struct world *work_test(struct plan_test *t, struct world_outcome *out);

/*
 * Come to the stage of @t's script in this process, and save what it leaves; a work_fn. When another run does so already,
 * wait for it, and for what it leaves.
 */
struct world *work_setup(struct plan_test *t, struct world_outcome *out);

/**
 * work_add_key() - Feed what the work of a script depends on
 *
 * vmtap itself, the script with what it uses, and all that shapes its machines.
 * The world has an accelerator.
 *
 * Return: 0, or -1
 */
int work_add_key(const struct plan_file *f, struct sha256 *key, struct err *err);

/**
 * work_find_layer() - Look for what a setup of the script left in an earlier run, or in this one
 *
 * Sets @f's world.layer and @begun when it is in the store. The world has an accelerator.
 *
 * Return: whether it is there
 */
bool work_find_layer(struct plan_file *f, int stage);

/*
 * Do without what a setup left: it cannot be resumed. The store keeps it for those who use it now, and the last of
 * them to discard it removes it.
 */
void work_discard_layer(struct plan_file *f, int stage);

#endif
