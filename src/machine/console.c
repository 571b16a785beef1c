/* console.c - what a guest wrote on its serial console, bounded */
#include "machine/console.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define READ_CHUNK 16384

static void end_line(struct console *c)
{
	size_t start = c->text.len;

	text_clean(&c->text, buf_str(&c->line), c->line.len);
	buf_clear(&c->line);
	log_verbose("%s| %s", c->name, buf_str(&c->text) + start);
	if (!c->panic && strstr(buf_str(&c->text) + start, "Kernel panic - not syncing")) {
		c->panic = xstrdup(buf_str(&c->text) + start);
		buf_addc(&c->text, '\n');
		if (c->panicked)
			c->panicked(c->arg);
		return;
	}
	buf_addc(&c->text, '\n');
	if (c->text.len > 2 * (size_t)CONSOLE_KEEP)
		buf_consume(&c->text, c->text.len - CONSOLE_KEEP);
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

/* Return: false at end of file. */
static bool read_some(struct console *c)
{
	char bytes[READ_CHUNK];
	ssize_t n = read(c->watch.fd, bytes, sizeof(bytes));

	if (n > 0)
		console_feed(c, bytes, (size_t)n);
	return n > 0 || (n < 0 && errno == EINTR);
}

static void ready(void *arg, uint32_t events)
{
	struct console *c = arg;

	(void)events;
	if (!read_some(c) && errno != EAGAIN)
		loop_unwatch(c->loop, &c->watch);
}

int console_start(struct console *c, struct loop *l, int fd, struct err *err)
{
	c->loop = l;
	c->watch.ready = ready;
	c->watch.arg = c;
	fd_set_nonblock(fd, 1);
	if (loop_watch(l, &c->watch, fd, EPOLLIN, err) < 0) {
		close(fd);
		c->loop = NULL;
		return -1;
	}
	return 0;
}

void console_drain(struct console *c)
{
	while (c->loop && read_some(c))
		;
	if (c->line.len)
		end_line(c);
}

void console_stop(struct console *c)
{
	if (!c->loop)
		return;
	loop_unwatch(c->loop, &c->watch);
	close(c->watch.fd);
	c->loop = NULL;
}

void console_free(struct console *c)
{
	console_stop(c);
	buf_free(&c->text);
	buf_free(&c->line);
	free(c->panic);
	c->panic = NULL;
}
