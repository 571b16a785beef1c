/* blocks.c - subtest(), within(), retry() and always()
 *
 * Theory of operation
 *
 * Both are a for loop that runs once (vmtap.h), whose variable is a struct
 * vmtap_block with a cleanup attribute: however the block is left - its end,
 * break, return, goto - block_leave() is called. The blocks that are being
 * executed form a list that starts at run.block.
 *
 * The one way out that runs no cleanup is the longjmp() of a failure. It goes
 * to the innermost subtest, whose condition then says that setjmp() returned
 * for the second time, and the loop ends: its cleanup does run. The blocks
 * further in are dropped from the list by run_leave().
 *
 * A within() that takes longer ends with all that is inside, so that failure
 * goes to the innermost subtest around it. Three look at the clock: the world
 * during a call, block_leave(), and deadline.c while the script computes.
 *
 * A failure in a retry() that has time left is not reported: it leads back to the
 * block's condition, as it leads to that of a subtest, and the blocks further in are
 * forgotten in silence. A call in it ends no later than the retry does, and that is a
 * failure like any other, then.
 */
#include "script/blocks.h"

#include <time.h>

#include "base/clock.h"
#include "script/deadline.h"
#include "script/output.h"
#include "script/run.h"

#define SECONDS_MAX 1e9 /* of within(); more would not fit the clock */
#define PAUSE_FIRST (50 * NS_PER_MS) /* between two times of a retry() or an eventually(), */
#define PAUSE_MAX   NS_PER_S	     /* which grows to that */

_Static_assert(sizeof(jmp_buf) <= sizeof(((struct vmtap_block *)0)->registers), "vmtap.h leaves room for a jmp_buf");

enum { BLOCK_NEW, BLOCK_INSIDE, BLOCK_LEFT };

uint64_t blocks_deadline(void)
{
	return run.block ? run.block->deadline : CLOCK_NEVER;
}

void blocks_put_off(uint64_t ns)
{
	for (struct vmtap_block *b = run.block; b; b = b->outer)
		if (b->deadline != CLOCK_NEVER)
			b->deadline += ns;
	deadline_set(blocks_deadline());
}

static bool enter(struct vmtap_block *b, uint64_t deadline)
{
	b->deadline = deadline;
	b->failures = run.failures;
	b->outer = run.block;
	b->state = BLOCK_INSIDE;
	run.block = b;
	deadline_set(deadline);
	return true;
}

bool block_enter_subtest(struct vmtap_block *b)
{
	if (b->state != BLOCK_NEW)
		return false;
	if (!b->name || !*b->name)
		run_die(NULL, "subtest: the name is %s", b->name ? "empty" : "a null pointer");
	return enter(b, blocks_deadline());
}

static void check_seconds(const char *what, double seconds)
{
	if (!(seconds > 0 && seconds <= SECONDS_MAX))
		run_die(NULL, "%s(%g): the time must be more than 0 and at most %g seconds", what, seconds, SECONDS_MAX);
}

bool block_enter_within(struct vmtap_block *b)
{
	uint64_t end;

	if (b->state != BLOCK_NEW)
		return false;
	check_seconds("within", b->seconds);
	run.last_words = NULL;
	end = clock_now() + (uint64_t)(b->seconds * NS_PER_S);
	return enter(b, end < blocks_deadline() ? end : blocks_deadline());
}

/* Let some time pass, more each time, but not beyond its end. Return: whether there was any left. */
static bool rest(struct vmtap_block *b)
{
	uint64_t now = clock_now(), end = b->end < blocks_deadline() ? b->end : blocks_deadline();
	struct timespec t;

	if (now >= end)
		return false;
	b->pause = !b->pause ? PAUSE_FIRST : b->pause * 2 > PAUSE_MAX ? PAUSE_MAX : b->pause * 2;
	b->pause = b->pause < end - now ? b->pause : end - now;
	t = (struct timespec){.tv_sec = (time_t)(b->pause / NS_PER_S), .tv_nsec = (long)(b->pause % NS_PER_S)};
	nanosleep(&t, NULL);
	return true;
}

/* ---- retry ---- */

bool block_enter_retry(struct vmtap_block *b)
{
	if (b->state != BLOCK_NEW)
		return false;
	check_seconds("retry", b->seconds);
	b->end = clock_now() + (uint64_t)(b->seconds * NS_PER_S);
	return enter(b, blocks_deadline());
}

bool block_begin_again(struct vmtap_block *b)
{
	rest(b);
	return true;
}

uint64_t blocks_call_deadline(void)
{
	uint64_t end = blocks_deadline();

	for (const struct vmtap_block *b = run.block; b; b = b->outer)
		if (b->again && b->end < end)
			end = b->end;
	return end;
}

void blocks_try_again(void)
{
	struct vmtap_block *b = run.block;
	uint64_t now = clock_now();

	while (b && (!b->again || now >= b->end))
		b = b->outer;
	if (!b || run.hopeless || now >= blocks_deadline())
		return;
	run.block = b;
	run.checking = false;
	deadline_set(blocks_deadline());
	longjmp(*(jmp_buf *)b->registers, 1);
}

/* ---- always ---- */

static void check_invariant(const struct vmtap_block *b)
{
	struct vmtap_block *inside = run.block;
	bool holds;

	run.checking = true;
	holds = b->holds();
	run.checking = false;
	run.block = inside;
	if (!holds)
		run_die((const struct pair[]){{"condition", b->condition}, {0}}, "always(%s): it does not hold any more",
			b->condition);
}

void blocks_check(bool machine)
{
	if (!machine || run.checking)
		return;
	for (const struct vmtap_block *b = run.block; b; b = b->outer)
		if (b->holds)
			check_invariant(b);
}

bool block_enter_always(struct vmtap_block *b)
{
	if (b->state == BLOCK_INSIDE)
		check_invariant(b);
	if (b->state != BLOCK_NEW)
		return false;
	if (!b->holds)
		run_die(NULL, "always: the function is a null pointer");
	enter(b, blocks_deadline());
	check_invariant(b);
	return true;
}

/* ---- eventually ---- */

bool block_poll_again(struct vmtap_block *b)
{
	if (!b->end) {
		check_seconds("eventually", b->seconds);
		b->end = clock_now() + (uint64_t)(b->seconds * NS_PER_S);
	}
	return rest(b);
}

bool block_polled(int held, const struct vmtap_block *b, const char *condition)
{
	if (!held)
		run_fail((const struct pair[]){{"condition", condition}, {0}}, "not true within %g s: %s", b->seconds, condition);
	return held;
}

static void report_subtest(const struct vmtap_block *b)
{
	const bool good = run.failures == b->failures;

	output_flush();
	run_event(WIRE_EVENT_SUBTEST, run_place(), b->name,
		  (const struct pair[]){{"result", good ? "ok" : "not ok"}, {0}});
}

/* Leave all blocks within @outer, from which no way leads back: their subtests are over. */
static void drop_blocks(struct vmtap_block *outer)
{
	while (run.block != outer) {
		const struct vmtap_block *b = run.block;

		run.block = b->outer;
		if (b->name)
			report_subtest(b);
	}
}

/*
 * The deadline of the innermost block has passed. The within() that set it is the outermost one with that deadline: it
 * ends, and so do the blocks in it.
 */
void blocks_overdue(void)
{
	const struct vmtap_block *late = run.block, *b = run.block;

	while ((b = b->outer) && b->deadline == late->deadline)
		if (!b->name)
			late = b;
	run_fail((const struct pair[]){{"last_call", run.last_words}, {0}}, "within(%g): the block took longer",
		 late->seconds);
	drop_blocks(late->outer);
	run_leave();
}

void blocks_abandon(void)
{
	drop_blocks(NULL);
}

void block_leave(struct vmtap_block *b)
{
	if (b->state != BLOCK_INSIDE)
		return;
	b->state = BLOCK_LEFT;
	if (!b->name && clock_now() > b->deadline)
		blocks_overdue();
	run.block = b->outer;
	deadline_set(blocks_deadline());
	if (b->name)
		report_subtest(b);
}
