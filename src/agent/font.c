/* font.c - FONT: what the kernel draws its text consoles with (ioctl_console(2)) */
#include "agent/font.h"

#include <assert.h>
#include <fcntl.h>
#include <linux/kd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

#define SIDE_MAX   32	 /* pixels of a glyph's side, and rows that the kernel has room for whatever its height is */
#define GLYPHS_MAX 512
#define PAIRS_MAX  16384 /* of a glyph and a character; Linux itself brings 400, a large font of console-setup 1,000 */

static_assert(GLYPHS_MAX * SIDE_MAX * SIDE_MAX / 8 + 4 * PAIRS_MAX + 64 <= WIRE_DONE_MAX, "a font fits into a DONE");

/* The console that is shown. Return: 0, or -1. */
static int get_font(int tty, struct console_font_op *font, struct unimapdesc *map)
{
	if (ioctl(tty, KDFONTOP, font) < 0 || font->width > SIDE_MAX || font->height > SIDE_MAX || font->charcount > GLYPHS_MAX)
		return -1;
	if (ioctl(tty, GIO_UNIMAP, map) < 0)
		map->entry_ct = 0;
	return 0;
}

static void add_font(struct buf *out, const struct console_font_op *font, const struct unimapdesc *map)
{
	size_t pitch = (font->width + 7) / 8, glyph = pitch * SIDE_MAX;
	cleanup_buf struct buf rows = {0};

	for (unsigned i = 0; i < font->charcount; i++)
		buf_add(&rows, font->data + i * glyph, pitch * font->height);
	wire_put_u32(out, font->width);
	wire_put_u32(out, font->height);
	wire_put_u32(out, font->charcount);
	wire_put_bytes(out, rows.data, rows.len);
	wire_put_u32(out, map->entry_ct);
	for (unsigned i = 0; i < map->entry_ct; i++)
		wire_put_u32(out, (uint32_t)map->entries[i].unicode << 16 | map->entries[i].fontpos);
}

void font_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	cleanup_fd int tty = open("/dev/tty0", O_RDWR | O_NOCTTY | O_CLOEXEC);
	cleanup_free unsigned char *glyphs = xcalloc(GLYPHS_MAX, SIDE_MAX * SIDE_MAX / 8);
	cleanup_free struct unipair *pairs = xcalloc(PAIRS_MAX, sizeof(*pairs));
	struct console_font_op font = {
		.op = KD_FONT_OP_GET, .width = SIDE_MAX, .height = SIDE_MAX, .charcount = GLYPHS_MAX, .data = glyphs};
	struct unimapdesc map = {.entry_ct = PAIRS_MAX, .entries = pairs};
	cleanup_buf struct buf out = {0};
	struct err err = {0};

	(void)r;
	if (tty < 0 || get_font(tty, &font, &map) < 0) {
		err_errno(&err, "its kernel draws no text console");
		agent_send_fail(a, id, "%s", err.text);
		return;
	}
	add_font(&out, &font, &map);
	agent_send_done(a, id, out.data, out.len);
}
