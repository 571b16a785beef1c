/* font.c - the text on a picture of a text console, by the console's own font */
#include "screen/font.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "wire/frame.h"

#define UNKNOWN	 0xFFFDu
#define NO_GLYPH UINT32_MAX

/* ---- the font ---- */

static bool is_ascii(uint32_t c)
{
	return c >= 0x20 && c < 0x7F;
}

static bool is_better(uint32_t c, uint32_t than)
{
	return is_ascii(c) != is_ascii(than) ? is_ascii(c) : c < than;
}

/* Pairs of a glyph and what it means; without any, a glyph's number is its ASCII. */
static void read_map(struct font *f, struct wire_reader *r)
{
	uint32_t n = wire_get_u32(r);

	for (unsigned i = 0; i < f->count; i++)
		f->chars[i] = n == 0 && is_ascii(i) ? i : UNKNOWN;
	for (; n && !r->bad; n--) {
		uint32_t pair = wire_get_u32(r), glyph = pair & 0xFFFF, c = pair >> 16;

		if (glyph < f->count && c >= 0x20 && (c & 0xF800) != 0xD800 && is_better(c, f->chars[glyph]))
			f->chars[glyph] = c;
	}
}

int font_read(struct font *f, const void *bytes, size_t n, struct err *err)
{
	struct wire_reader r = {.p = bytes, .left = n};
	const uint8_t *data;
	size_t got, pitch;

	*f = (struct font){0};
	f->width = wire_get_u32(&r);
	f->height = wire_get_u32(&r);
	f->count = wire_get_u32(&r);
	data = (const uint8_t *)wire_get_bytes(&r, &got);
	pitch = (f->width + 7) / 8;
	if (r.bad || !f->width || !f->height || !f->count || f->width > FONT_SIDE_MAX || f->height > FONT_SIDE_MAX ||
	    f->count > FONT_GLYPHS_MAX || got != pitch * f->height * f->count) {
		*f = (struct font){0};
		return err_set(err, "the console's font makes no sense");
	}
	f->rows = xcalloc((size_t)f->count * f->height, sizeof(*f->rows));
	f->chars = xcalloc(f->count, sizeof(*f->chars));
	for (size_t i = 0; i < (size_t)f->count * f->height; i++) {
		uint32_t row = 0;

		for (size_t b = 0; b < pitch; b++)
			row = row << 8 | *data++;
		f->rows[i] = row >> (8 * pitch - f->width);
	}
	read_map(f, &r);
	if (!r.bad)
		return 0;
	font_free(f);
	return err_set(err, "the console's font makes no sense");
}

void font_free(struct font *f)
{
	free(f->rows);
	free(f->chars);
	*f = (struct font){0};
}

/* ---- glyphs by what they look like ---- */

/* Glyphs in the order of their pixels; of those that are alike, the one that is told comes first. */
struct index {
	const struct font *font;
	unsigned order[FONT_GLYPHS_MAX];
};

static int compare(const struct font *f, unsigned glyph, const uint32_t *rows)
{
	return memcmp(f->rows + (size_t)glyph * f->height, rows, f->height * sizeof(*rows));
}

static int by_pixels(const void *a, const void *b, void *font)
{
	const struct font *f = font;
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	int r = compare(f, x, f->rows + (size_t)y * f->height);

	return r ? r : is_better(f->chars[x], f->chars[y]) ? -1 : x != y;
}

static void make_index(struct index *x, const struct font *f)
{
	x->font = f;
	for (unsigned i = 0; i < f->count; i++)
		x->order[i] = i;
	qsort_r(x->order, f->count, sizeof(x->order[0]), by_pixels, (void *)f);
}

/* Return: what a glyph with these pixels means, or NO_GLYPH. */
static uint32_t find_glyph(const struct index *x, const uint32_t *rows)
{
	unsigned low = 0, high = x->font->count;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (compare(x->font, x->order[middle], rows) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == x->font->count || compare(x->font, x->order[low], rows) != 0)
		return NO_GLYPH;
	return x->font->chars[x->order[low]];
}

/* ---- cells ---- */

/* The grid that a picture is taken for. @paper: the colour of most blank cells */
struct grid {
	const struct index *index;
	const struct picture *picture;
	unsigned cell_width, columns, lines;
	uint32_t paper;
	size_t glyphs, blanks, others;
};

struct cell {
	uint32_t rows[FONT_SIDE_MAX];	/* pixels that are not of the first one's colour */
	uint32_t first, second;		/* colours */
	bool blank, colourful;
};

static uint32_t pixel(const struct picture *p, unsigned x, unsigned y)
{
	const uint8_t *rgb = p->rgb + 3 * ((size_t)y * p->width + x);

	return (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
}

static void read_cell(const struct grid *g, unsigned column, unsigned line, struct cell *c)
{
	const struct font *f = g->index->font;
	unsigned left = column * g->cell_width, top = line * f->height;

	c->first = c->second = pixel(g->picture, left, top);
	c->blank = true;
	c->colourful = false;
	for (unsigned y = 0; y < f->height; y++) {
		uint32_t row = 0;

		for (unsigned x = 0; x < f->width; x++) {
			uint32_t colour = pixel(g->picture, left + x, top + y);

			row = row << 1 | (colour != c->first);
			if (colour == c->first)
				continue;
			if (c->blank)
				c->second = colour;
			c->colourful |= colour != c->second;
			c->blank = false;
		}
		c->rows[y] = row;
	}
}

static uint32_t full_row(const struct font *f)
{
	return (uint32_t)(((uint64_t)1 << f->width) - 1);
}

static void invert(const struct font *f, uint32_t *rows)
{
	for (unsigned y = 0; y < f->height; y++)
		rows[y] ^= full_row(f);
}

/* Take the lowest bar of full rows out. Return: whether there is one. */
static bool remove_cursor(const struct font *f, uint32_t *rows)
{
	unsigned y = f->height;
	bool found = false;

	while (y > 0 && rows[y - 1] != full_row(f))
		y--;
	for (; y > 0 && rows[y - 1] == full_row(f); y--) {
		rows[y - 1] = 0;
		found = true;
	}
	return found;
}

static uint32_t find_inked(const struct index *x, const uint32_t *rows, bool cursor)
{
	uint32_t copy[FONT_SIDE_MAX];

	if (!cursor)
		return find_glyph(x, rows);
	memcpy(copy, rows, sizeof(copy));
	return remove_cursor(x->font, copy) ? find_glyph(x, copy) : NO_GLYPH;
}

/* Return: the character in a cell that is not blank, or NO_GLYPH. */
static uint32_t find_character(const struct grid *g, struct cell *c)
{
	const struct font *f = g->index->font;

	if (c->colourful)
		return NO_GLYPH;
	if (c->first != g->paper && c->second == g->paper)
		invert(f, c->rows);
	for (int i = 0; i < 4; i++) { /* both ways as it is, then both without a cursor */
		uint32_t found = find_inked(g->index, c->rows, i >= 2);

		if (found != NO_GLYPH)
			return found;
		invert(f, c->rows);
	}
	return NO_GLYPH;
}

/* The colour that most blank cells have, by Boyer and Moore's vote: exact when more than half of them do. */
static void find_paper(struct grid *g)
{
	size_t votes = 0;

	for (unsigned line = 0; line < g->lines; line++) {
		for (unsigned column = 0; column < g->columns; column++) {
			struct cell c;

			read_cell(g, column, line, &c);
			if (!c.blank)
				continue;
			if (votes == 0)
				g->paper = c.first;
			votes += c.first == g->paper ? 1 : (size_t)-1;
		}
	}
}

static void read_line(struct grid *g, unsigned line, struct buf *out)
{
	size_t end = out->len;

	for (unsigned column = 0; column < g->columns; column++) {
		uint32_t c = ' ';
		struct cell cell;

		read_cell(g, column, line, &cell);
		if (!cell.blank)
			c = find_character(g, &cell);
		g->blanks += cell.blank;
		g->others += c == NO_GLYPH;
		g->glyphs += !cell.blank && c != NO_GLYPH;
		text_add_utf8(out, c == NO_GLYPH ? UNKNOWN : c);
		if (c != ' ')
			end = out->len;
	}
	out->len = end;
	buf_addc(out, '\n');
}

static void read_grid(struct grid *g, struct buf *out)
{
	find_paper(g);
	for (unsigned line = 0; line < g->lines; line++)
		read_line(g, line, out);
	while (out->len && out->data[out->len - 1] == '\n')
		out->len--;
	if (out->len)
		buf_addc(out, '\n');
}

bool font_read_text(const struct font *f, const struct picture *p, struct buf *out)
{
	struct index index;
	size_t best = SIZE_MAX;
	bool is_text = false;
	struct buf text = {0};

	make_index(&index, f);
	for (unsigned width = f->width; width <= f->width + (f->width == 8); width++) {
		struct grid g = {.index = &index, .picture = p, .cell_width = width, .columns = p->width / width,
				 .lines = p->height / f->height};
		struct buf read = {0};

		read_grid(&g, &read);
		if (g.others < best) {
			best = g.others;
			is_text = 3 * g.others <= g.glyphs;
			buf_free(&text);
			text = read;
		} else {
			buf_free(&read);
		}
	}
	buf_add(out, buf_str(&text), is_text ? text.len : 0);
	buf_free(&text);
	return is_text;
}
