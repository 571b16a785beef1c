/* callers.h - the way to a line of the script, for people: which lines have called the function that it is in */
#ifndef SCRIPT_CALLERS_H
#define SCRIPT_CALLERS_H

#include "script/lines.h"
#include "script/source.h"

#define CALLERS_TEXT 8192 /* bytes of such a text that are enough for all but very long paths */

/**
 * callers_describe() - Tell a chain without its first place, a line each: "t.c:12: check(&web);"
 * @out:	Gets "" when there is nothing to tell. What does not fit into @size is left out, a whole line at a time
 *
 * For handlers of signals, too: it allocates nothing.
 */
void callers_describe(const struct sources *s, const struct chain *c, char *out, size_t size);

#endif
