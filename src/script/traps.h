/* traps.h - what C lets pass and what does not do what it says, found in the text of a script */
#ifndef SCRIPT_TRAPS_H
#define SCRIPT_TRAPS_H

/**
 * traps_find() - Look for the traps
 * @text:	C, at file scope
 * @tell:	Called for each, with its line from 1
 *
 * - A string literal beside == or !=: that compares addresses.
 * - fmt(), printf() and their kin whose literal format has another number of conversions than arguments follow,
 *   or a number for a text or a text for a number, where the argument is a literal.
 * - Statements that call what does nothing but return something: contains(), is_up() and their kin.
 *
 * Directives are passed over, and what a macro makes is not seen.
 */
void traps_find(const char *text, void (*tell)(void *arg, int line, const char *message), void *arg);

#endif
