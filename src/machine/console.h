/* console.h - what a guest wrote on its serial console, bounded */
#ifndef MACHINE_CONSOLE_H
#define MACHINE_CONSOLE_H


#include "base/stream.h"

#define CONSOLE_KEEP	 (256 * 1024) /* bytes kept of each console; older ones go */
#define CONSOLE_LINE_MAX 4096	      /* bytes of a line that is looked at; the rest is cut */
#define CONSOLE_TYPED_MAX 4096	      /* bytes for a guest that does not read its console; more is dropped */

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
 * @ears:	Those who hear it
 */
struct console {
	struct stream stream;
	const char *name;
	struct buf text, line;
	char *panic;
	void (*panicked)(void *arg);
	void (*said)(void *arg, const char *line);
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

/* Hear it from now on; or no more, which is harmless for one that does not. */
void console_hear(struct console *c, struct console_ear *ear);
void console_unhear(struct console *c, const struct console_ear *ear);

/* Type: bytes for the guest. They are dropped when it has not read what was typed before. */
void console_type(struct console *c, const char *bytes, size_t n);

/* The kernel has not panicked, whatever the console said: @panicked is called for the next such line. */
void console_forget_panic(struct console *c);

#endif
