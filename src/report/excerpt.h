/* excerpt.h - long texts of any origin as the lines of a report: cleaned, and without the middle */
#ifndef REPORT_EXCERPT_H
#define REPORT_EXCERPT_H

#include <stdbool.h>

#include "base/buf.h"

/**
 * struct excerpt_layout - How the lines are shown
 * @prefix:	Of each line, without the blank that follows
 * @lost:	Of the line that says how many were left out
 * @head, @tail: Lines that are kept: the first and the last ones
 * @width:	Bytes of a line; a longer one is cut
 */
struct excerpt_layout {
	const char *prefix, *lost;
	size_t head, tail, width;
};

/**
 * excerpt_add() - Append the lines of a text
 * @text:	Bytes of any origin; blank lines at its end do not count
 * @disarm:	Break what a CI service would take for a command (text_add_disarmed())
 *
 * No line ends in a blank: to Meson a line of blanks in a YAML block is an error.
 *
 * Return: whether anything was appended; not when nothing is left of the text once it is clean
 */
bool excerpt_add(struct buf *out, const char *text, const struct excerpt_layout *y, bool disarm);

#endif
