/* output.c - what a script prints, what it may open, and how it ends itself */
#include "script/output.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "script/run.h"

static struct buf pending; /* the line that has no end yet */

/* Send whole lines, and keep what has no end yet; a line that is longer than an event becomes several. */
static void print(const char *text, size_t n)
{
	while (n > 0) {
		size_t room = RUN_VALUE_MAX - pending.len, part = n < room ? n : room;
		const char *newline = memchr(text, '\n', part);

		if (newline)
			part = (size_t)(newline - text);
		buf_add(&pending, text, part);
		part += newline != NULL;
		text += part;
		n -= part;
		if (newline || pending.len == RUN_VALUE_MAX) {
			run_event(WIRE_EVENT_NOTE, run_place(), buf_str(&pending), NULL);
			buf_clear(&pending);
		}
	}
}

void output_flush(void)
{
	if (pending.len)
		print("\n", 1);
}

int output_vprintf(const char *format, va_list args)
{
	cleanup_buf struct buf text = {0};
	va_list again;
	bool good;

/* The format is the script's. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	va_copy(again, args);
	good = vsnprintf(NULL, 0, format, again) >= 0;
	va_end(again);
	if (!good)
		run_die((const struct pair[]){{"format", format}, {0}}, "printf: this format makes no text: %s", strerror(errno));
	buf_vaddf(&text, format, args);
#pragma GCC diagnostic pop
	print(buf_str(&text), text.len);
	return (int)text.len;
}

int output_printf(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = output_vprintf(format, args);
	va_end(args);
	return n;
}

int output_puts(const char *s)
{
	print(s, strlen(s));
	print("\n", 1);
	return 0;
}

int output_putchar(int c)
{
	char ch = (char)c;

	print(&ch, 1);
	return (unsigned char)c;
}

void output_note(const char *text)
{
	if (!text)
		run_die(NULL, "note: the text is a null pointer");
	output_flush();
	output_puts(text);
}

void output_skip(const char *why)
{
	output_flush();
	run_event(WIRE_EVENT_SKIP, run_place(), why && *why ? why : "no reason given", NULL);
	run_finish();
}

void output_bail_out(const char *why)
{
	struct place at = run_place();

	if (!why || !*why)
		run_die(NULL, "bail_out: it must say why");
	output_flush();
	run.hopeless = true;
	run_event(WIRE_EVENT_BAIL_OUT, at, why, NULL);
	run_fail(NULL, "bail_out: %s", why);
	run_stop();
}

void output_todo(const char *why)
{
	if (!why || !*why)
		run_die(NULL, "todo: it must say why");
	if (!run.test)
		run_die(NULL, "todo: a setup has none; say it in the tests");
	run_event(WIRE_EVENT_TODO, run_place(), why, NULL);
}

void output_exit(int status)
{
	run.hopeless = true;
	run_fail(NULL, "the script called exit(%d)", status);
	run_stop();
}

void output_abort(void)
{
	run.hopeless = true;
	run_fail(NULL, "the script called abort()");
	run_stop();
}

FILE *output_fopen(const char *path, const char *mode)
{
	if (!path || !mode)
		run_die(NULL, "fopen: the %s is a null pointer", path ? "mode" : "path");
	if (mode[0] != 'r' || strchr(mode, '+'))
		run_die(NULL, "fopen(\"%s\", \"%s\"): a script can only read files of the host, with \"r\"", path, mode);
	return fopen(path, mode);
}
