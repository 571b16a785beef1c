/* trace.h - what happened in a test, in the order of time: calls, the lives of machines, what consoles said
 *
 * The world keeps it (world/recorder.h) and sends it with its outcome, so the events of a test are known when it has
 * ended, in one piece. It is bounded: of a long test the oldest console lines go first, then the oldest calls.
 *
 * Rejected: a second pipe from each world, on which events come as they happen. Reports tell tests in the order of the
 * plan, so most of what came early would have to wait, in a memory that has no bound.
 */
#ifndef REPORT_TRACE_H
#define REPORT_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TRACE_EVENTS_MAX  20000	     /* of a test */
#define TRACE_BYTES_MAX	  (2 << 20)  /* of their texts, journals not counted */
#define TRACE_TEXT_MAX	  4096	     /* of one text */
#define TRACE_JOURNAL_MAX (256 << 10) /* of a machine's journal: the newest */
#define TRACE_JOURNALS	  8	     /* machines whose journal is kept */
#define TRACE_PICTURES	  64	     /* of screens ... */
#define TRACE_PICTURES_MAX (8 << 20) /* ... and their bytes: the oldest are kept */

enum trace_kind {
	TRACE_MACHINE, /* a machine's life went on: @how is enum trace_life, @text why it ended */
	TRACE_CALL,    /* the script asked: @text as it says it, @how enum trace_answer, @reason of the answer */
	TRACE_CONSOLE, /* a machine's console said @text, a line */
	TRACE_FAILURE, /* the script found @text to be wrong */
	TRACE_NOTE,    /* note(): @text */
	TRACE_SUBTEST, /* a subtest is over: @text is its name, @how 0 when it is good */
	TRACE_PHASE,   /* something is over that takes time: @how is enum trace_phase */
	TRACE_JOURNAL, /* @text is the end of a machine's journal, after a failure */
	TRACE_KINDS,
};

/* A life begins by being made (its template, first), or in one of the next five ways; it is up; it has ended. */
enum trace_life {
	LIFE_MAKING,
	LIFE_BOOT,
	LIFE_TEMPLATE,
	LIFE_FROZEN,
	LIFE_SETUP,
	LIFE_CHECKPOINT,
	LIFE_UP,
	LIFE_OFF,
	LIFE_LOST,
	TRACE_LIVES,
};

enum trace_answer {
	ANSWER_OK,
	ANSWER_FAILED,
	ANSWER_TIMED_OUT,
	ANSWER_LOST,
	ANSWER_REFUSED,
	ANSWER_OVERTIME,
	ANSWER_NONE, /* the test ended first */
	TRACE_ANSWERS,
};

enum trace_phase { PHASE_BOOT, PHASE_COPY, PHASE_SETUP, PHASE_TEST, TRACE_PHASES };

/**
 * struct trace_event - One of them
 * @at:		Microseconds since the test's world began
 * @length:	Microseconds that it took (TRACE_CALL, TRACE_PHASE); it began at @at
 * @machine:	Index into the trace's machines, or -1
 * @how:	See @kind
 * @culprit:	A call that the script then found to have failed
 * @ended:	A command has ended, with @status, or by @signal when that is not 0
 * @text, @place, @reason: Of any bytes, "file:line" for @place; owned, or NULL
 */
struct trace_event {
	enum trace_kind kind;
	uint64_t at, length;
	int machine;
	unsigned how;
	bool culprit, ended;
	int status, signal;
	char *text, *place, *reason;
};

/* A picture of a screen, in a PNG. @name: of any bytes; owned, and so is @png */
struct trace_picture {
	char *name;
	int machine;
	char *png;
	size_t size;
};

/**
 * struct trace - All that is known of a test
 * @machines:	Their names, in the order of the script; owned
 * @events:	In the order in which they began
 * @bytes:	Of texts, journals not counted
 * @lost:	Events that had to go
 * @journals:	How many there are
 * @pictures:	In the order in which they were taken; @picture_bytes: of them all
 * @last_call:	Index of the call that was added last, or SIZE_MAX
 * @length:	Microseconds that the world lived
 */
struct trace {
	char **machines;
	size_t nmachines;
	struct trace_event *events;
	size_t nevents, bytes, lost, journals, last_call;
	uint64_t length;
	struct trace_picture pictures[TRACE_PICTURES];
	size_t npictures, picture_bytes;
};

/* Return: a trace without machines and events; ended by trace_free(), which takes NULL as well. */
struct trace *trace_new(void);
void trace_free(struct trace *t);

/* The next machine is called so; copied. */
void trace_add_machine(struct trace *t, const char *name);

/**
 * trace_add() - Add an event
 * @text:	Copied, cut at TRACE_TEXT_MAX (TRACE_JOURNAL: its last TRACE_JOURNAL_MAX bytes); or NULL
 *
 * Return: the event, to be filled in, which stays at its place until the next one is added; NULL for a journal too many
 */
struct trace_event *trace_add(struct trace *t, enum trace_kind kind, uint64_t at, int machine, const char *text);

/* Add a picture; @name and @png are copied. Return: false when there are too many. */
bool trace_add_picture(struct trace *t, const char *name, int machine, const void *png, size_t size);

/* Set @place or @reason of an event of @t; cut at TRACE_TEXT_MAX, copied. "" is none. */
void trace_set(struct trace *t, char **field, const char *text);

/* Return: the last call, or NULL. */
struct trace_event *trace_last_call(struct trace *t);

/* Return: a machine's name, "" for -1. */
const char *trace_machine(const struct trace *t, const struct trace_event *e);

/* Return: the word for @kind, and for @how of an event where that has one, else "". */
const char *trace_kind_name(enum trace_kind kind);
const char *trace_how_name(const struct trace_event *e);
/* The same of a call's answer for people: "timed out". */
const char *trace_answer_text(const struct trace_event *e);
const char *trace_phase_name(enum trace_phase phase);

#endif
