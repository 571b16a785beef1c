/* traps.h - what C lets pass and what does not do what it says, found in the text of a script */
#ifndef SCRIPT_TRAPS_H
#define SCRIPT_TRAPS_H

/* Is told of a trap, and of its line, from 1. */
typedef void traps_tell_fn(void *arg, int line, const char *message);

/**
 * traps_find() - Look for the traps
 * @text:	C, at file scope
 * @tell:	Called for each, in the order of the lines but for escapes, which come last
 *
 * - A string literal beside == or !=: that compares addresses.
 * - fmt(), printf() and their kin whose literal format has another number of conversions than arguments follow,
 *   or a number for a text or a text for a number, where the argument is a literal.
 * - A literal text for a number of a method: m.sleep("5").
 * - Escapes that stand for more than the one byte that the compiler makes of them: "\u20ac", "\xffab".
 * - A constant assigned in a condition: ok(x = 5), if (x = 5).
 * - A method that is named but not called, as a statement or a condition: m.start; ok(m.is_up).
 * - Statements that call what does nothing but return something: contains(), is_up() and their kin.
 *
 * Directives are passed over, and what a macro makes is not seen.
 */
void traps_find(const char *text, traps_tell_fn *tell, void *arg);

#endif
