/* checks.h - ok, is, isnt, like, unlike
 *
 * vmtap.h: vmtap_ok() and so on, which its macros call. @expression is the text of what is checked. A check that does
 * not hold is recorded, and the test goes on. Return: whether it held.
 */
#ifndef SCRIPT_CHECKS_H
#define SCRIPT_CHECKS_H

#include <stdbool.h>

bool check_ok(int holds, const char *condition, const char *why);
bool check_integer(long long got, long long want, int equal, const char *expression);
bool check_number(double got, double want, int equal, const char *expression);
bool check_text(const char *got, const char *want, int equal, const char *expression);
bool check_like(const char *text, const char *regex, int matches, const char *expression);

/* Return: whether @regex is a regular expression; if not, that is recorded as a failure. */
bool check_regex(const char *regex);

#endif
