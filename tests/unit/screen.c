/* screen.c - pictures of screens: PPM in, PNG out, and their text by a font */
#include "unit.h"

#include <stdlib.h>
#include <zlib.h>

#include "base/mem.h"
#include "screen/font.h"
#include "screen/picture.h"
#include "wire/frame.h"

/* ---- pictures ---- */

/* Return: whether the bytes are taken for a picture, which is freed again. */
static bool is_picture(const char *header, size_t pixels)
{
	cleanup_buf struct buf b = {0};
	struct picture p;
	bool good;

	buf_adds(&b, header);
	for (size_t i = 0; i < 3 * pixels; i++)
		buf_addc(&b, (char)i);
	good = picture_read_ppm(&p, &b, NULL) == 0;
	picture_free(&p);
	return good;
}

TEST(picture, only_a_whole_ppm_is_one)
{
	CHECK(is_picture("P6\n2 3\n255\n", 6));
	CHECK(!is_picture("P6\n2 3\n255\n", 5));
	CHECK(!is_picture("P6\n2 3\n255\n", 7));
	CHECK(!is_picture("P6\n0 3\n255\n", 0));
	CHECK(!is_picture("P6\n8193 1\n255\n", 8193));
	CHECK(!is_picture("P6\n99999999999999999999 1\n255\n", 1));
	CHECK(!is_picture("P6\n2 3\n65535\n", 6));
	CHECK(!is_picture("P5\n2 3\n255\n", 6));
	CHECK(!is_picture("P6", 0));
	CHECK(!is_picture("P6\n2", 0));
	CHECK(!is_picture("", 0));
}

static uint32_t be32(const char *p)
{
	const unsigned char *b = (const unsigned char *)p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* Check a chunk at *@at, and go behind it. Return: its data, of @n bytes. */
static const char *chunk(const char **at, const char *type, size_t *n)
{
	const char *data = *at + 8;

	*n = be32(*at);
	CHECK(memcmp(*at + 4, type, 4) == 0);
	CHECK_INT(be32(data + *n), crc32(crc32(0, NULL, 0), (const Bytef *)*at + 4, (uInt)*n + 4));
	*at = data + *n + 4;
	return data;
}

TEST(picture, a_png_has_the_same_pixels)
{
	struct picture p = {.width = 7, .height = 5};
	uint8_t rows[5][1 + 3 * 7];
	cleanup_buf struct buf png = {0};
	z_stream z = {.next_out = &rows[0][0], .avail_out = sizeof(rows)};
	const char *at, *data;
	size_t n;

	p.rgb = xmalloc(3 * 7 * 5);
	for (size_t i = 0; i < 3 * 7 * 5; i++)
		p.rgb[i] = (uint8_t)(i * 37);
	picture_write_png(&p, &png);
	CHECK(memcmp(png.data, "\211PNG\r\n\32\n", 8) == 0);
	at = png.data + 8;
	data = chunk(&at, "IHDR", &n);
	CHECK_INT(n, 13);
	CHECK_INT(be32(data), 7);
	CHECK_INT(be32(data + 4), 5);
	CHECK(memcmp(data + 8, "\10\2\0\0\0", 5) == 0);
	data = chunk(&at, "IDAT", &n);
	z.next_in = (Bytef *)data;
	z.avail_in = (uInt)n;
	CHECK_INT(inflateInit(&z), Z_OK);
	CHECK_INT(inflate(&z, Z_FINISH), Z_STREAM_END);
	CHECK_INT(z.total_out, sizeof(rows));
	inflateEnd(&z);
	chunk(&at, "IEND", &n);
	CHECK(at == png.data + png.len);
	for (size_t y = 0; y < 5; y++) {
		uint8_t *row = &rows[y][1];

		CHECK_INT(rows[y][0], 1);
		for (size_t i = 3; i < 21; i++)
			row[i] = (uint8_t)(row[i] + row[i - 3]);
		CHECK(memcmp(row, p.rgb + y * 21, 21) == 0);
	}
	picture_free(&p);
}

/* ---- fonts ---- */

#define SIDE 8

/* Glyph N of the font here is the bits of N in the first row, and below it one dot that moves. */
static uint8_t glyph_row(unsigned glyph, unsigned y)
{
	return (uint8_t)(glyph == ' ' || glyph == 0xFF ? 0 : y == 0 ? glyph : y == 1 ? 0x80u >> glyph % SIDE : 0);
}

static void make_font(struct buf *out, unsigned width, unsigned height, unsigned count, size_t bytes, uint32_t pairs)
{
	cleanup_free uint8_t *rows = xcalloc(1, bytes + 1);

	for (size_t i = 0; i < bytes; i++)
		rows[i] = glyph_row((unsigned)i / SIDE, (unsigned)i % SIDE);
	wire_put_u32(out, width);
	wire_put_u32(out, height);
	wire_put_u32(out, count);
	wire_put_bytes(out, rows, bytes);
	wire_put_u32(out, pairs);
}

static void pair(struct buf *out, uint32_t c, uint32_t glyph)
{
	wire_put_u32(out, c << 16 | glyph);
}

static void read_font(struct font *f)
{
	cleanup_buf struct buf b = {0};

	make_font(&b, SIDE, SIDE, 256, 256 * SIDE, 256 - 32 + 2);
	for (unsigned i = 32; i < 256; i++)
		pair(&b, i, i);
	pair(&b, 0x263A, 1);
	pair(&b, 0x41F, 'X'); /* also means something that is not ASCII */
	CHECK_INT(font_read(f, b.data, b.len, NULL), 0);
}

TEST(font, what_makes_no_sense_is_refused)
{
	static const struct { unsigned width, height, count, bytes, pairs; } bad[] = {
		{0, 8, 256, 0, 0},   {8, 0, 256, 0, 0},	    {33, 8, 1, 40, 0},	   {8, 33, 1, 33, 0},
		{8, 8, 0, 0, 0},     {8, 8, 513, 513 * 8, 0}, {8, 8, 256, 2047, 0}, {8, 8, 256, 2048, 1},
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		cleanup_buf struct buf b = {0};
		struct font f;

		make_font(&b, bad[i].width, bad[i].height, bad[i].count, bad[i].bytes, bad[i].pairs);
		CHECK_INT(font_read(&f, b.data, b.len, NULL), -1);
		CHECK(!f.rows && !f.chars);
	}
}

TEST(font, pairs_that_name_no_glyph_or_no_character_are_passed_over)
{
	cleanup_buf struct buf b = {0};
	struct font f;

	make_font(&b, SIDE, SIDE, 4, 4 * SIDE, 3);
	pair(&b, 'x', 4);
	pair(&b, 0xD800, 1);
	pair(&b, 7, 2);
	CHECK_INT(font_read(&f, b.data, b.len, NULL), 0);
	for (unsigned i = 0; i < 4; i++)
		CHECK_INT(f.chars[i], 0xFFFD);
	font_free(&f);
}

/* ---- text ---- */

struct screen {
	struct font font;
	struct picture picture;
	unsigned cell;
	struct buf text;
};

static void begin(struct screen *s, unsigned cell, unsigned columns, unsigned lines)
{
	*s = (struct screen){.cell = cell, .picture = {.width = cell * columns, .height = SIDE * lines}};
	read_font(&s->font);
	s->picture.rgb = xcalloc(3, (size_t)s->picture.width * s->picture.height);
}

static void dot(struct screen *s, unsigned x, unsigned y, uint8_t colour)
{
	memset(s->picture.rgb + 3 * ((size_t)y * s->picture.width + x), colour, 3);
}

static void put(struct screen *s, unsigned column, unsigned line, const char *text, uint8_t ink, uint8_t paper)
{
	for (; *text; text++, column++)
		for (unsigned y = 0; y < SIDE; y++)
			for (unsigned x = 0; x < SIDE; x++)
				dot(s, column * s->cell + x, line * SIDE + y,
				    glyph_row((unsigned char)*text, y) & 0x80 >> x ? ink : paper);
}

static const char *text(struct screen *s)
{
	buf_clear(&s->text);
	return font_read_text(&s->font, &s->picture, &s->text) ? buf_str(&s->text) : "(no text)";
}

static void end(struct screen *s)
{
	font_free(&s->font);
	picture_free(&s->picture);
	buf_free(&s->text);
}

TEST(font, text_is_read_in_any_colours)
{
	struct screen s;

	begin(&s, SIDE, 20, 4);
	put(&s, 0, 0, "The quick brown fox", 170, 0);
	put(&s, 2, 2, "jumps", 0, 255);
	put(&s, 8, 2, "over", 90, 30);
	CHECK_STR(text(&s), "The quick brown fox\n\n  jumps over\n");
	end(&s);
}

TEST(font, the_ninth_column_of_a_vga_is_passed_over)
{
	struct screen s;

	begin(&s, SIDE + 1, 80, 2);
	put(&s, 0, 0, "wide", 170, 0);
	put(&s, 76, 1, "here", 170, 0);
	CHECK(strstr(text(&s), "wide\n") && strstr(text(&s), "   here\n"));
	end(&s);
}

TEST(font, a_cursor_is_no_character)
{
	struct screen s;

	begin(&s, SIDE, 10, 1);
	put(&s, 0, 0, "ab", 170, 0);
	for (unsigned i = 0; i < 2 * SIDE; i++)
		dot(&s, SIDE + i % SIDE, 6 + i / SIDE, 170);
	CHECK_STR(text(&s), "ab\n");
	for (unsigned i = 0; i < 2 * SIDE; i++)
		dot(&s, 4 * SIDE + i % SIDE, 6 + i / SIDE, 170);
	CHECK_STR(text(&s), "ab\n");
	end(&s);
}

TEST(font, a_cell_that_is_no_glyph_is_told)
{
	struct screen s;

	begin(&s, SIDE, 10, 1);
	put(&s, 0, 0, "abcdef", 170, 0);
	dot(&s, 2 * SIDE + 3, 4, 170);
	CHECK_STR(text(&s), "ab\xEF\xBF\xBD" "def\n");
	end(&s);
}

TEST(font, a_picture_is_no_text)
{
	struct screen s;

	begin(&s, SIDE, 40, 10);
	for (unsigned y = 0; y < s.picture.height; y++)
		for (unsigned x = 0; x < s.picture.width; x++)
			dot(&s, x, y, (uint8_t)(x * y));
	CHECK_STR(text(&s), "(no text)");
	end(&s);
}

TEST(font, an_empty_screen_has_no_text_and_is_one)
{
	struct screen s;

	begin(&s, SIDE, 40, 10);
	CHECK_STR(text(&s), "");
	end(&s);
}

TEST(font, a_screen_smaller_than_a_cell_is_no_danger)
{
	struct screen s;

	begin(&s, SIDE, 1, 1);
	s.picture.width = s.picture.height = SIDE - 1;
	CHECK_STR(text(&s), "");
	end(&s);
}
