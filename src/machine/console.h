/* console.h - what a guest wrote on its serial console, bounded */
#ifndef MACHINE_CONSOLE_H
#define MACHINE_CONSOLE_H

#include <regex.h>

#include "base/stream.h"

#define CONSOLE_KEEP	 (256 * 1024) /* bytes kept of each console; older ones go */
#define CONSOLE_LINE_MAX 4096	      /* bytes of a line that is looked at; the rest is cut */
#define CONSOLE_OUT_MAX	 (2 << 20)    /* bytes that may wait for a guest that does not read them */
#define CONSOLE_TYPED_MAX 4096	      /* bytes that a person may have typed for it, likewise; more is dropped */

/**
 * struct console_ear - Somebody who hears a console as it comes
 * @heard:	Called with raw bytes, which are a guest's; may not touch the console
 */
struct console_ear {
	void (*heard)(void *arg, const char *bytes, size_t n);
	void *arg;
	struct console_ear *next;
};

/**
 * struct console - A reader of raw console bytes
 * @name:	The machine's, for --verbose
 * @text:	Cleaned text, the newest CONSOLE_KEEP bytes
 * @panic:	A line that reads as the kernel writes "Kernel panic"; NULL for none; owned
 * @panicked:	Called when @panic is set
 * @said:	Called with each line, cleaned; or NULL
 * @heard:	Called when bytes have come and were taken in; or NULL. It may do as it likes with what is its own
 * @looked:	Bytes of @text that console_find() has looked at, ...
 * @skip:	... and of the line that follows, cleaned: what was found there while it had no end yet
 * @ears:	Those who hear it
 */
struct console {
	struct stream stream;
	const char *name;
	struct buf text, line;
	char *panic;
	void (*panicked)(void *arg);
	void (*said)(void *arg, const char *line);
	void (*heard)(void *arg);
	size_t looked, skip;
	void *arg;
	struct console_ear *ears;
};

/* Take over @fd (closed by console_stop()). Keeps reading, so that the guest never blocks on it. */
int console_start(struct console *c, struct loop *l, int fd, struct err *err);
/* Read what is still in the pipe, and end a line that has no end; for when QEMU has exited. */
void console_drain(struct console *c);
/* Stop reading; the text stays until console_free(). */
void console_stop(struct console *c);
void console_free(struct console *c);

/* Feed bytes as if the guest had written them (console_start()'s reader does). */
void console_feed(struct console *c, const char *bytes, size_t n);

/**
 * console_find() - Look for a line among those that were not looked at before
 * @regex:	Of a line with its newline; the line that has no end yet, a prompt say, counts as it is
 *
 * Each line is looked at once, whether it matches or not, up to the first one
 * that does. What of the console is not kept any more is gone for this, too.
 *
 * Return: the line, cleaned and without its newline, which the caller frees; NULL for none
 */
char *console_find(struct console *c, const regex_t *regex);

/* Return: the cleaned text, with the line that has no end yet; the caller frees it. */
char *console_text(const struct console *c);

/*
 * Have the guest read bytes on its console. @max: bytes that may wait for it then, of a person CONSOLE_TYPED_MAX, at most
 * CONSOLE_OUT_MAX. Return: 0, or -1 when it reads nothing and too much waits already.
 */
int console_send(struct console *c, const char *bytes, size_t n, size_t max);

/* Hear it from now on; or no more, which is harmless for one that does not. */
void console_hear(struct console *c, struct console_ear *ear);
void console_unhear(struct console *c, const struct console_ear *ear);

/* The kernel has not panicked, whatever the console said: @panicked is called for the next such line. */
void console_forget_panic(struct console *c);

#endif
