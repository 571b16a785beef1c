/* run.c - the test that this process runs */
#include "script/run.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "script/blocks.h"
#include "script/call.h"
#include "script/callers.h"
#include "script/compiled.h"
#include "script/deadline.h"
#include "script/faults.h"
#include "script/heap.h"
#include "script/limits.h"
#include "script/output.h"
#include "wire/frame.h"

#define STACK_MAX   (64ul << 20) /* bytes; without a limit an endless recursion would take all memory */
#define ADDED_PAIRS 3		 /* "source", "called_from" and "subtest" of each failure */
#define PLACE_MAX   4200	 /* bytes of "file:line" */
#define KEY_MAX	    64		 /* bytes of a key, about */

static_assert((RUN_PAIRS_MAX + ADDED_PAIRS + 1) * (RUN_VALUE_MAX + KEY_MAX) + PLACE_MAX < WIRE_PAYLOAD_MAX,
	      "a frame has room for the longest message and values");

struct run run;

struct place run_place(void)
{
	struct chain c = {.n = 0};

	lines_chain(&run.script->lines, (uintptr_t)__builtin_frame_address(0), run.top, &c);
	return c.places[0];
}

void *run_keep(const void *data, size_t n)
{
	char *copy = xmalloc(n + 1);

	if (n)
		memcpy(copy, data, n);
	copy[n] = '\0';
	return copy;
}

char *run_keep_str(const char *s)
{
	return run_keep(s, strlen(s));
}

void run_event(enum wire_event type, struct place at, const char *message, const struct pair *pairs)
{
	cleanup_buf struct buf out = {0};
	char place[PLACE_MAX] = "";
	size_t mark;
	uint32_t n = 0;

	if (run.tell) {
		run.tell(type, at, message, pairs);
		return;
	}
	mark = wire_begin(&out, WIRE_EVENT, 0);
	if (at.file)
		snprintf(place, sizeof(place), "%s:%d", at.file, at.line);
	for (const struct pair *p = pairs; p && p->key; p++)
		n += p->value != NULL;
	wire_put_u8(&out, (uint8_t)type);
	wire_put_str(&out, place);
	wire_put_bytes(&out, message, strnlen(message, RUN_VALUE_MAX));
	wire_put_u32(&out, n);
	for (const struct pair *p = pairs; p && p->key; p++) {
		if (!p->value)
			continue;
		wire_put_str(&out, p->key);
		wire_put_bytes(&out, p->value, strnlen(p->value, RUN_VALUE_MAX));
	}
	wire_end(&out, mark);
	call_send(&out);
}

/* The names of the subtests that we are in, outermost first. */
static void name_subtests(struct buf *out, const struct vmtap_block *b)
{
	if (!b)
		return;
	name_subtests(out, b->outer);
	if (b->name)
		buf_addf(out, "%s%s", out->len ? " / " : "", b->name);
}

static void __attribute__((format(printf, 2, 0))) fail(const struct pair *pairs, const char *fmt, va_list ap)
{
	cleanup_buf struct buf message = {0}, subtest = {0};
	struct pair all[RUN_PAIRS_MAX + ADDED_PAIRS + 1];
	char source[RUN_SOURCE_MAX] = "", callers[CALLERS_TEXT];
	struct chain way = {.n = 0};
	struct place at;
	size_t n = 0;

	blocks_try_again();
	output_flush();
	run.failures++;
	buf_vaddf(&message, fmt, ap);
	lines_chain(&run.script->lines, (uintptr_t)__builtin_frame_address(0), run.top, &way);
	callers_describe(&run.script->sources, &way, callers, sizeof(callers));
	at = way.places[0];
	if (at.file)
		sources_line(&run.script->sources, at.file, at.line, source, sizeof(source));
	name_subtests(&subtest, run.block);
	all[n++] = (struct pair){"source", *source ? source : NULL};
	all[n++] = (struct pair){"called_from", *callers ? callers : NULL};
	all[n++] = (struct pair){"subtest", subtest.len ? buf_str(&subtest) : NULL};
	for (; pairs && pairs->key && n < RUN_PAIRS_MAX + ADDED_PAIRS; pairs++)
		all[n++] = *pairs;
	all[n] = (struct pair){0};
	run_event(WIRE_EVENT_FAILURE, at, buf_str(&message), all);
	call_halt();
}

void run_fail(const struct pair *pairs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(pairs, fmt, ap);
	va_end(ap);
}

void run_die(const struct pair *pairs, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail(pairs, fmt, ap);
	va_end(ap);
	run_leave();
}

void run_leave(void)
{
	/* longjmp() runs no cleanups: a within() on the way out is forgotten here. */
	run.checking = false;
	while (run.block && !run.block->name)
		run.block = run.block->outer;
	deadline_set(blocks_deadline());
	if (run.block)
		longjmp(*(jmp_buf *)run.block->registers, 1);
	longjmp(run.end, 1);
}

void run_finish(void)
{
	cleanup_buf struct buf out = {0};

	output_flush();
	if (run.tell) /* the session goes on without this process, and without what it did to the variables */
		_exit(1);
	wire_end(&out, wire_begin(&out, WIRE_FINISHED, 0));
	call_send(&out);
	_exit(0);
}

void run_stop(void)
{
	blocks_abandon();
	run_finish();
}

/* From the stage that there is to the one that is wanted. Return: whether there was any. */
static bool run_setups(const struct script *s, int begun, int stage)
{
	if (stage == begun)
		return false;
	if (stage >= 0) {
		run_setups(s, begun, s->stages[stage].parent);
		s->stage_bodies[stage]();
		return true;
	}
	for (size_t i = 0; i < s->setup_count && stage == SCRIPT_BASE; i++)
		s->setups[i]();
	return stage == SCRIPT_BASE && s->setup_count;
}

void script_run(struct script *s, const struct script_part *part, int world_fd)
{
	run.script = s;
	run.world = world_fd;
	run.interact = part->interact;
	run.begun = clock_now();
	run.part = part;
	run.top = (uintptr_t)__builtin_frame_address(0);
	faults_catch();
	limits_lower(RLIMIT_STACK, STACK_MAX);
	heap_limit();
	if (setjmp(run.end) == 0) {
		bool ran = run_setups(s, part->begun, part->stage);

		if (ran && part->test != SCRIPT_NO_TEST)
			run_event(WIRE_EVENT_BODY, (struct place){.file = NULL}, "", NULL);
		if (part->test != SCRIPT_NO_TEST) {
			run.test = &s->tests[part->test];
			log_verbose("%s:%d: test \"%s\"", run.test->file, run.test->line, run.test->name);
			s->bodies[part->test]();
		}
		run_finish();
	}
	run_finish();
}
