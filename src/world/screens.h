/* screens.h - calls that look at a machine's screen
 *
 * Theory of operation
 *
 * QEMU draws the screen (machine/screendump.h). For a screenshot that is all.
 * For its text, the agent is asked for the font of the guest's text console, and
 * what is drawn is read by that (screen/font.h). What is no text console is
 * given to tesseract(1), if the host has it, and is otherwise not to be read:
 * that is no failure of the guest's, so the script skips.
 *
 * A call that waits for a text looks again after a growing pause. While the
 * picture is the same, nothing is read anew. What is no text console is given
 * up only when it has been that for a while: a screen is, while its mode
 * changes.
 */
#ifndef WORLD_SCREENS_H
#define WORLD_SCREENS_H

#include "world/call.h"

/* Rows of calls.def. */
void order_screenshot(struct call *c);
void order_screen(struct call *c);

/* Return: what was seen, for a message; the caller frees it. */
char *screens_saw(const struct call *c);

/* Let go of all that a call has begun; harmless when there is nothing. */
void screens_drop(struct call *c);

#endif
