/* glimpse.h - what a child process is doing, for its parent to look at when it likes
 *
 * A place in memory that both have: the child writes there what it waits for, and no one is woken by it. The parent may
 * look as seldom as it likes and blocks nobody. For the line of a person who waits, and nothing else: what was written
 * in between is lost.
 *
 *	struct glimpse *all = glimpse_map(jobs);	// before the fork
 *	glimpse_set(&all[i], "web.succeed(...)", now, until);	// in the child, and glimpse_set(&all[i], "", 0, 0) after
 *	if (glimpse_get(&all[i], &copy)) ...		// in the parent
 */
#ifndef BASE_GLIMPSE_H
#define BASE_GLIMPSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GLIMPSE_TEXT 200 /* bytes, cut to whole characters */

/**
 * struct glimpse - What is going on
 * @version:	Odd while it is being written
 * @since, @until: CLOCK_MONOTONIC, ns: when it began, and when it is given up
 * @text:	Of any bytes but NUL; "" for nothing
 */
struct glimpse {
	unsigned version;
	uint64_t since, until;
	char text[GLIMPSE_TEXT];
};

/* Return: @n of them, in memory that children forked from now on share, never freed; or NULL, which all functions take. */
struct glimpse *glimpse_map(size_t n);

/* Say what is going on; one process at a time. */
void glimpse_set(struct glimpse *g, const char *text, uint64_t since, uint64_t until);

/* Return: whether something is, copied to @copy. False as well when it is being written, by a process that may have died. */
bool glimpse_get(const struct glimpse *g, struct glimpse *copy);

#endif
