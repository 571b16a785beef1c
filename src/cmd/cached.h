/* cached.h - passes of earlier runs, for `vmtap run --cached` */
#ifndef CMD_CACHED_H
#define CMD_CACHED_H

#include <stdbool.h>

#include "base/sha256.h"
#include "cmd/plan.h"

#define CACHED_KIND  "result" /* of the store's entries; their file: */
#define CACHED_FILE  "passed" /* when, as text */
#define CACHED_WHEN  32	      /* bytes of "2026-11-22 20:15 UTC" with its NUL, and some */

struct cached_inputs; /* what the results of all tests of a script depend on */

/**
 * struct cached_key - What a pass of a test is kept under
 * @hex:	The key, or "" when it can have none
 * @why:	Why, or NULL; of the inputs
 */
struct cached_key {
	char hex[SHA256_HEX];
	const char *why;
};

/**
 * cached_name() - Find the key that a pass of a test would be kept under now
 * @inputs:	Of its script; NULL at first. Never freed
 *
 * Its script is prepared, and its world has an accelerator and limits. Cheap
 * after the first test of a script.
 */
void cached_name(const struct plan_test *t, struct cached_inputs **inputs, struct cached_key *key);

/**
 * cached_find() - Look for an earlier pass of a test
 * @when:	Set to when that was
 *
 * Return: whether there is one
 */
bool cached_find(const struct plan_test *t, const struct cached_key *key, char when[CACHED_WHEN]);

/* Keep that a test has passed, if it has a key. Return: 0, or -1. */
int cached_keep(const struct plan_test *t, const struct cached_key *key, struct err *err);

#endif
