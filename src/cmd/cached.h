/* cached.h - passes of earlier runs, for `vmtap run --cached` */
#ifndef CMD_CACHED_H
#define CMD_CACHED_H

#include <stdbool.h>

#include "cmd/plan.h"

#define CACHED_KIND  "result" /* of the store's entries; their file: */
#define CACHED_FILE  "passed" /* when, as text */
#define CACHED_WHEN  32	      /* bytes of "2026-11-22 20:15 UTC" with its NUL, and some */

/**
 * cached_name() - Find the key that a pass of a test would be kept under now
 *
 * Sets @t's key, or its uncached when it can have none. Its script is resolved,
 * and its world has an accelerator and limits. Cheap after the first test of a
 * script.
 */
void cached_name(struct plan_test *t);

/**
 * cached_find() - Look for an earlier pass of a test; cached_name() is included
 * @when:	Set to when that was
 *
 * Return: whether there is one
 */
bool cached_find(struct plan_test *t, char when[CACHED_WHEN]);

/* Keep that a test has passed, if it has a key. Return: 0, or -1. */
int cached_keep(const struct plan_test *t, struct err *err);

#endif
