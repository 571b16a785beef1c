/* format.h - fmt() and the other functions that make texts
 *
 * vmtap.h: fmt, trim, contains, env. A null pointer where a text belongs ends the subtest or test.
 */
#ifndef SCRIPT_FORMAT_H
#define SCRIPT_FORMAT_H

#include <stdbool.h>

/* The texts live until the test ends. */
char *text_format(const char *format, ...);
char *text_trim(const char *text);
bool text_contains(const char *text, const char *part);
/* A variable of vmtap's own environment, or NULL. */
const char *text_environment(const char *name);

#endif
