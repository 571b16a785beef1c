/* console.c - what a guest wrote on its serial console, bounded */
#include "machine/console.h"

#include <ctype.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

/*
 * Return: whether a line begins as the kernel's own does, behind "<0>" and
 * "[    4.5] " (printk.c; CONFIG_PRINTK_CALLER adds "[    T1] "). The same words
 * anywhere else are somebody's log.
 */
static bool tells_of_panic(const char *line)
{
	if (line[0] == '<' && isdigit((unsigned char)line[1]) && line[2] == '>')
		line += 3;
	while (line[0] == '[' && line[strspn(line + 1, " .0123456789TC") + 1] == ']') {
		line += strspn(line + 1, " .0123456789TC") + 2;
		line += strspn(line, " ");
	}
	return text_starts(line, "Kernel panic - not syncing");
}

static void end_line(struct console *c)
{
	size_t start = c->text.len;
	const char *line;

	text_clean(&c->text, buf_str(&c->line), c->line.len);
	buf_clear(&c->line);
	line = buf_str(&c->text) + start;
	log_verbose("%s| %s", c->name, line);
	if (c->said)
		c->said(c->arg, line);
	if (!c->panic && tells_of_panic(line)) {
		c->panic = xstrdup(line);
		if (c->panicked)
			c->panicked(c->arg);
	}
	buf_addc(&c->text, '\n');
	if (c->text.len > 2 * (size_t)CONSOLE_KEEP) {
		size_t old = c->text.len - CONSOLE_KEEP;

		buf_consume(&c->text, old);
		if (c->looked < old)
			c->skip = 0;
		c->looked -= c->looked < old ? c->looked : old;
	}
}

void console_feed(struct console *c, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (bytes[i] == '\n')
			end_line(c);
		else if (c->line.len < CONSOLE_LINE_MAX)
			buf_addc(&c->line, bytes[i]);
	}
}

static void received(void *arg)
{
	struct console *c = arg;

	for (struct console_ear *e = c->ears; e; e = e->next)
		e->heard(e->arg, c->stream.in.data, c->stream.in.len);
	console_feed(c, c->stream.in.data, c->stream.in.len);
	buf_clear(&c->stream.in);
	if (c->heard)
		c->heard(c->arg);
}

/* QEMU's exit, which follows, says why. */
static void lost(void *arg, const char *why)
{
	(void)arg;
	(void)why;
}

int console_start(struct console *c, struct loop *l, int fd, struct err *err)
{
	c->stream.out_max = CONSOLE_OUT_MAX;
	c->stream.received = received;
	c->stream.lost = lost;
	c->stream.arg = c;
	return stream_open(&c->stream, l, fd, err);
}

void console_drain(struct console *c)
{
	stream_drain(&c->stream);
	if (c->line.len)
		end_line(c);
}

void console_stop(struct console *c)
{
	stream_close(&c->stream);
}

/* Does the line that begins at @from and ends at @end, behind its newline if it has one, match from @skip on? */
static bool matches(char *from, char *end, size_t skip, const regex_t *regex)
{
	char behind = *end;
	bool found;

	*end = '\0'; /* a buffer has a byte there in any case */
	found = skip < (size_t)(end - from) && regexec(regex, from + skip, 0, NULL, 0) == 0;
	*end = behind;
	return found;
}

char *console_find(struct console *c, const regex_t *regex)
{
	cleanup_buf struct buf open = {0};

	while (c->looked < c->text.len) {
		char *line = c->text.data + c->looked, *end = strchr(line, '\n') + 1;
		bool found = matches(line, end, c->skip, regex);

		c->looked += (size_t)(end - line);
		c->skip = 0;
		if (found)
			return xstrndup(line, (size_t)(end - line) - 1);
	}
	text_clean(&open, buf_str(&c->line), c->line.len);
	if (!open.len || !matches(open.data, open.data + open.len, c->skip, regex))
		return NULL;
	c->skip = open.len;
	return buf_steal(&open);
}

char *console_text(const struct console *c)
{
	struct buf all = {0};

	buf_add(&all, buf_str(&c->text), c->text.len);
	text_clean(&all, buf_str(&c->line), c->line.len);
	return buf_steal(&all);
}

int console_send(struct console *c, const char *bytes, size_t n, size_t max)
{
	if (!stream_is_open(&c->stream) || stream_waiting(&c->stream) + n > max)
		return -1;
	buf_add(&c->stream.out, bytes, n);
	stream_flush(&c->stream);
	return 0;
}

void console_hear(struct console *c, struct console_ear *ear)
{
	ear->next = c->ears;
	c->ears = ear;
}

void console_unhear(struct console *c, const struct console_ear *ear)
{
	struct console_ear **at = &c->ears;

	while (*at && *at != ear)
		at = &(*at)->next;
	if (*at)
		*at = ear->next;
}

void console_forget_panic(struct console *c)
{
	free(c->panic);
	c->panic = NULL;
}

void console_free(struct console *c)
{
	console_stop(c);
	buf_free(&c->text);
	buf_free(&c->line);
	console_forget_panic(c);
}
