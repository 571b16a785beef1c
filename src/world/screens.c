/* screens.c - calls that look at a machine's screen */
#include "world/screens.h"

#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "machine/screendump.h"
#include "screen/font.h"
#include "world/ocr.h"
#include "world/typing.h"
#include "world/watching.h"

#define PAUSE_FIRST (50 * NS_PER_MS)
#define PAUSE_MAX   (500 * NS_PER_MS)
#define GRAPHICS_S  2	 /* that a screen shows no text console before a wait is given up for want of OCR; scaled */
#define SHOWN_MAX   8192 /* bytes of what was seen, in a message */

/**
 * struct screen - What a call does with its machine's screen
 * @dump:	Of which @dumping tells whether it is being taken
 * @request:	For the font, at the agent; 0 for none
 * @ppm:	The last picture
 * @text:	What could be read of it, if @read
 * @pause:	Before the next look
 * @graphics:	Since when it has shown no text console, or 0
 */
struct screen {
	struct call *call;
	struct screendump dump;
	bool dumping, read;
	uint32_t request;
	struct font font;
	struct buf ppm, text;
	struct ocr ocr;
	uint64_t pause, graphics;
};

void screens_drop(struct call *c)
{
	struct screen *s = c->screen;

	if (!s)
		return;
	if (s->dumping)
		screendump_abandon(&s->dump);
	if (s->request)
		machine_forget(c->life->machine, s->request);
	ocr_stop(&s->ocr);
	font_free(&s->font);
	buf_free(&s->ppm);
	buf_free(&s->text);
	free(s);
	c->screen = NULL;
}

char *screens_saw(const struct call *c)
{
	const struct screen *s = c->screen;

	if (!s || !s->read)
		return xstrdup("the screen could not be read yet");
	if (!s->text.len)
		return xstrdup("the screen shows no text");
	return xasprintf("what the screen shows does not match\n%.*s", SHOWN_MAX, buf_str(&s->text));
}

static void fail(struct call *c, const char *why)
{
	call_answer(c, WIRE_FAILED, why);
}

static void take_picture(struct screen *s)
{
	s->dumping = true;
	screendump_start(&s->dump); /* which may end the call */
}

static struct screen *begin(struct call *c, void (*drawn)(void *arg, const struct buf *ppm, const char *error))
{
	struct screen *s = xcalloc(1, sizeof(*s));

	*s = (struct screen){.call = c, .pause = PAUSE_FIRST};
	s->dump = (struct screendump){.machine = c->life->machine, .done = drawn, .arg = s, .fd = -1};
	c->screen = s;
	c->stage = CALL_SCREEN;
	return s;
}

/* ---- a picture ---- */

static void keep(struct call *c, const struct buf *png)
{
	struct err err = {0};

	if (!strchr(c->first, '/'))
		call_result(c, WIRE_OK, c->owner->keep && c->owner->keep(c->owner->arg, c, png) ? 0 : 1, 0, 0, "");
	else if (file_write_atomic(c->first, png->data, png->len, 0666, &err) == 0)
		call_answer(c, WIRE_OK, "");
	else
		fail(c, err.text);
}

static void shot(void *arg, const struct buf *ppm, const char *error)
{
	struct screen *s = arg;
	struct call *c = s->call;
	cleanup_buf struct buf png = {0};
	struct picture p = {0};
	struct err err = {0};

	s->dumping = false;
	if (!ppm || picture_read_ppm(&p, ppm, &err) < 0) {
		fail(c, ppm ? err.text : error);
		return;
	}
	picture_write_png(&p, &png);
	picture_free(&p);
	keep(c, &png);
}

void order_screenshot(struct call *c)
{
	if (typing_has_display(c))
		take_picture(begin(c, shot));
}

/* ---- its text ---- */

static void look(void *arg);

static void look_again(struct screen *s)
{
	struct call *c = s->call;

	c->again = (struct timer){.expired = look, .arg = s};
	loop_timer(c->owner->loop, &c->again, clock_now() + s->pause);
	s->pause = 2 * s->pause < PAUSE_MAX ? 2 * s->pause : PAUSE_MAX;
}

/* There is a text, @s->text. */
static void judge(struct screen *s)
{
	struct call *c = s->call;

	s->read = true;
	s->graphics = 0;
	if (c->regex && regexec(c->regex, buf_str(&s->text), 0, NULL, 0) != 0) {
		look_again(s);
		return;
	}
	if (call_output(c, WIRE_STDOUT, buf_str(&s->text), s->text.len))
		call_answer(c, WIRE_OK, "");
}

static void recognized(void *arg, const struct buf *text, const char *error)
{
	struct screen *s = arg;

	buf_clear(&s->text);
	if (text)
		text_clean(&s->text, buf_str(text), text->len);
	if (error)
		fail(s->call, error);
	else
		judge(s);
}

/* No OCR here. */
static void give_up(struct screen *s)
{
	static const char why[] = "the screen shows no text console, and " OCR_PROGRAM
				  ", which could read a picture, is not installed (Debian: tesseract-ocr)";
	struct call *c = s->call;
	const uint64_t patience = (uint64_t)(GRAPHICS_S * c->owner->world->accel->slow * 1e9);

	if (!s->graphics)
		s->graphics = clock_now();
	if (c->regex && clock_now() < s->graphics + patience) {
		buf_clear(&s->ppm); /* it is to be read again, if only to be told apart */
		look_again(s);
		return;
	}
	call_output(c, WIRE_STDOUT, why, strlen(why));
	call_result(c, WIRE_OK, 1, 0, 0, "");
}

static bool is_of_one_colour(const struct picture *p)
{
	for (size_t i = 3; i < 3 * (size_t)p->width * p->height; i++)
		if (p->rgb[i] != p->rgb[i % 3])
			return false;
	return true;
}

static void read_picture(struct screen *s, const struct picture *p)
{
	cleanup_free char *ocr = NULL;
	struct err err = {0};

	buf_clear(&s->text);
	if (is_of_one_colour(p) || (s->font.count && font_read_text(&s->font, p, &s->text))) {
		judge(s);
		return;
	}
	ocr = ocr_find();
	s->ocr.done = recognized;
	s->ocr.arg = s;
	if (!ocr)
		give_up(s);
	else if (ocr_start(&s->ocr, s->call->owner->loop, ocr, p, &err) < 0)
		fail(s->call, err.text);
}

static void drawn(void *arg, const struct buf *ppm, const char *error)
{
	struct screen *s = arg;
	struct picture p = {0};
	struct err err = {0};

	s->dumping = false;
	if (ppm && ppm->len == s->ppm.len && memcmp(ppm->data, s->ppm.data, ppm->len) == 0) {
		look_again(s);
		return;
	}
	if (!ppm || picture_read_ppm(&p, ppm, &err) < 0) {
		fail(s->call, ppm ? err.text : error);
		return;
	}
	buf_clear(&s->ppm);
	buf_add(&s->ppm, ppm->data, ppm->len);
	read_picture(s, &p);
	picture_free(&p);
}

/* A guest without text consoles has no font, and that is no failure. */
static void font_came(void *arg, const struct frame *f)
{
	struct screen *s = arg;

	s->request = 0;
	font_free(&s->font);
	if (f->type == WIRE_DONE) {
		struct wire_reader r = wire_read(f);
		size_t n;
		const char *bytes = wire_get_bytes(&r, &n);

		(void)font_read(&s->font, bytes, n, NULL);
	}
	take_picture(s);
}

/* The font first: what is loaded later (setfont) is seen with the next look. */
static void look(void *arg)
{
	struct screen *s = arg;
	struct machine *m = s->call->life->machine;

	machine_send(m, machine_request(m, WIRE_FONT, font_came, s, &s->request));
}

void order_screen(struct call *c)
{
	if (!typing_has_display(c))
		return;
	c->stage = CALL_SCREEN;
	if (!*c->first || watching_compile(c))
		look(begin(c, drawn));
}
