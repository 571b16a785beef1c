/* diff.h - where two texts differ, for people (pure)
 *
 *	- wanted, + found
 *	@@ line 2 @@
 *	  alpha
 *	- beta
 *	+ Beta
 *	  gamma
 */
#ifndef SCRIPT_DIFF_H
#define SCRIPT_DIFF_H

#include <stdbool.h>

#include "base/buf.h"

#define DIFF_LINES_MAX 60  /* lines that are shown */
#define DIFF_WIDTH     160 /* bytes of a line that are shown */
#define DIFF_SHORT     60  /* a text of one line that is not longer is seen as a whole */
#define DIFF_ROWS_MAX  500 /* lines of each text that are looked at, from the first that differs on */

/**
 * diff_texts() - Append the lines that differ, with a little of what is around them
 *
 * Where white space or what cannot be printed is all that differs, or a line has control characters, the lines are C's
 * string literals: "a\tb \n". One line that stands for one other has a '^' below the first byte that differs.
 *
 * Return: whether anything was appended; not for equal texts, and for two short lines, which tell by themselves
 */
bool diff_texts(struct buf *out, const char *wanted, const char *found);

/* Append @n bytes as a C string literal of one line; what is not printable, or not UTF-8, is escaped. */
void diff_quote(struct buf *out, const char *s, size_t n);

/* Return: whether a text has more than one line; a newline at its end begins none. */
bool diff_has_lines(const char *text);

#endif
