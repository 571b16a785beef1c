/* run.h - the test that this process runs: its state, its failures, its end */
#ifndef SCRIPT_RUN_H
#define SCRIPT_RUN_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "script/lines.h"
#include "script/script.h"
#include "wire/script.h"

#define RUN_VALUE_MAX  65536 /* bytes of one value in an event; longer ones are cut */
#define RUN_PAIRS_MAX  8     /* of one failure, without those that run_fail() adds */
#define RUN_SOURCE_MAX 256   /* bytes of a source line that are shown */

/* A key and a value of an event; a NULL value leaves the pair out. */
struct pair {
	const char *key, *value;
};

/**
 * struct run - The only test of the process
 * @world:	Socket
 * @begun:	CLOCK_MONOTONIC, ns; 0 at a prompt
 * @top:	The stack above is not the script's
 * @end:	Where a failure outside of any subtest goes
 * @block:	Innermost subtest() or within() that is being executed
 * @failures:	So far
 * @asking:	Where the script is while it waits for the world: a signal then
 *		finds it here, and @asking_frame leads to what has called that
 * @questions:	How many calls were sent to the world
 * @last_words:	What the last call said when it timed out, or NULL
 * @part:	What it is
 * @checking:	The function of an always() runs
 * @hopeless:	What failed is not to be tried again by a retry()
 * @test:	The test whose body is run; NULL: a setup
 * @tell:	Takes the events instead of the world, for a person at a prompt (session.c); NULL otherwise
 * @interact:	Gives the terminal to a person at a machine; NULL where there is no terminal
 */
struct run {
	struct script *script;
	int world;
	uint64_t begun;
	uintptr_t top;
	jmp_buf end;
	struct vmtap_block *block;
	unsigned long failures;
	volatile struct place asking;
	volatile uintptr_t asking_frame;
	volatile unsigned long questions;
	const char *last_words;
	const struct script_part *part;
	bool hopeless, checking;
	const struct script_test *test;
	void (*tell)(enum wire_event type, struct place at, const char *message, const struct pair *pairs);
	script_interact_fn *interact;
};

extern struct run run;

/* Return: the line of the script that called us, however deep we are. */
struct place run_place(void);

/* Tell the world something, see WIRE_EVENT. @pairs ends with a NULL key, or is NULL. */
void run_event(enum wire_event type, struct place at, const char *message, const struct pair *pairs);

/* Record a failure at the script's line. @pairs has RUN_PAIRS_MAX at most; the source line, the lines that led there
 * and the subtest's name are added to @pairs. */
void run_fail(const struct pair *pairs, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* End the innermost subtest, or the test. */
_Noreturn void run_leave(void);

/* run_fail() and run_leave(). */
void run_die(const struct pair *pairs, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));

/* Tell the world that the test is over, at its end or not, and end the process. */
_Noreturn void run_finish(void);

/* run_finish() after a failure that ends the test even from within subtests. */
_Noreturn void run_stop(void);

/*
 * What vmtap returns to the script lives until the test ends. As the process
 * ends with it, nothing is ever freed: these are malloc() by another name, so
 * that one can see it is meant.
 */
void *run_keep(const void *data, size_t n); /* a NUL is added */
char *run_keep_str(const char *s);

#endif
