/* font.h - the text on a picture of a text console, by the console's own font
 *
 * Theory of operation
 *
 * A text console is a grid of cells, each of one glyph in two colours. With the
 * font that the guest's kernel draws with, a cell is either that glyph, bit by
 * bit, or none: nothing is guessed. The font is the guest's, and so is what it
 * says that a glyph means (its Unicode map).
 *
 * Which of a cell's colours is the paper does not follow from its pixels: the
 * one that is, is the colour of most blank cells, else either is tried. A cell of one colour is blank. A
 * cursor is a bar of full rows across a cell; a cell that is no glyph is looked
 * up without one. VGA text modes put a ninth column behind a glyph's eight,
 * which is not looked at.
 *
 * Two glyphs that look alike (a Latin and a Cyrillic "A") are told as the one that
 * is ASCII, else as the one with the lower number.
 */
#ifndef SCREEN_FONT_H
#define SCREEN_FONT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "screen/picture.h"

#define FONT_SIDE_MAX	32   /* pixels of a glyph's side (con_font_op of Linux) */
#define FONT_GLYPHS_MAX 512

/**
 * struct font - A console's font; `= {0}` is none
 * @width, @height: Pixels of a glyph
 * @count:	Glyphs
 * @rows:	@height words a glyph, the leftmost pixel in the highest of @width bits; owned
 * @chars:	What each means, of Unicode; U+FFFD for what nobody says; owned
 */
struct font {
	unsigned width, height, count;
	uint32_t *rows;
	uint32_t *chars;
};

/* Take a font as the agent sends it (wire/agent.h, FONT): any bytes. Return: 0, or -1. */
int font_read(struct font *f, const void *bytes, size_t n, struct err *err);
void font_free(struct font *f);

/**
 * font_read_text() - Read a text console
 * @out:	Appended to: the lines, UTF-8, without blanks at their ends, as far as there is text; U+FFFD for a cell
 *		that is no glyph
 *
 * Return: whether it is one: not when more than a third as many cells as are glyphs are none (a picture, another font)
 */
bool font_read_text(const struct font *f, const struct picture *p, struct buf *out);

#endif
