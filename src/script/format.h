/* format.h - fmt() and the other functions that make texts
 *
 * vmtap.h: fmt, trim, contains, match, json_get, each_line, env. A null pointer where a text belongs ends the subtest or test.
 */
#ifndef SCRIPT_FORMAT_H
#define SCRIPT_FORMAT_H

#include <stdbool.h>

/* The texts live until the test ends. */
char *text_format(const char *format, ...);
char *text_trim(const char *text);
bool text_contains(const char *text, const char *part);
/* What part number @group of a regular expression matches, 0 for all of it; NULL when it does not match. */
char *text_match(const char *text, const char *regex, int group);
/* The value at "a.b[0].c" of a JSON text, as text; NULL when there is none. */
char *text_json(const char *text, const char *path);
/* A copy of @text, for text_next() to cut into lines; that moves @rest on, and returns NULL at the end. */
char *text_lines(const char *text);
char *text_next(char **rest);
/* A variable of vmtap's own environment, or NULL. */
const char *text_environment(const char *name);

#endif
