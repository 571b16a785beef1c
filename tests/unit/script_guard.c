/* script_guard.c - work that is first done by a child which may die of it */
#include "unit.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "script/guard.c"
#include "script/limits.c"

static struct buf text;

/* Return: what guard_try() returns of @work; @text has its words. */
static int tried(guard_work_fn *work)
{
	static const struct guard_limits limits = {.memory = 64 << 20, .cpu = 1, .wall = 60};

	buf_clear(&text);
	return guard_try(work, "argument", &limits, &text);
}

static void be_fine(void *arg, struct buf *out)
{
	buf_adds(out, arg);
}

static void say_nothing(void *arg, struct buf *out)
{
	(void)arg;
	(void)out;
}

static void say_much(void *arg, struct buf *out)
{
	(void)arg;
	memset(buf_reserve(out, 1 << 20), 'x', 1 << 20);
	buf_commit(out, 1 << 20);
}

static void crash(void *arg, struct buf *out)
{
	(void)arg;
	(void)out;
	raise(SIGSEGV);
}

static void loop(void *arg, struct buf *out)
{
	volatile int n = 0;

	(void)arg;
	(void)out;
	for (;;)
		n = !n;
}

static void sleep_on(void *arg, struct buf *out)
{
	(void)arg;
	(void)out;
	for (;;)
		pause();
}

/* As mem.c does it. */
static void fill(void *arg, struct buf *out)
{
	(void)arg;
	(void)out;
	while (mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
		;
	exit(3);
}

TEST(script_guard, what_the_child_says_comes_back)
{
	CHECK_INT(tried(be_fine), 0);
	CHECK_STR(buf_str(&text), "argument");
	CHECK_INT(tried(say_nothing), 0);
	CHECK_INT(text.len, 0);
	CHECK_INT(tried(say_much), 0);
	CHECK_INT(text.len, 1 << 20);
}

TEST(script_guard, a_crash_is_named)
{
	CHECK_INT(tried(crash), -1);
	CHECK_STR(buf_str(&text), "crashed (SIGSEGV)");
}

TEST(script_guard, processor_time_has_a_limit)
{
	CHECK_INT(tried(loop), -1);
	CHECK_STR(buf_str(&text), "took longer than 1 s");
}

TEST(script_guard, waiting_has_a_limit)
{
	static const struct guard_limits limits = {.memory = 64 << 20, .cpu = 5, .wall = 0};

	buf_clear(&text);
	CHECK_INT(guard_try(sleep_on, NULL, &limits, &text), -1);
	CHECK_STR(buf_str(&text), "took longer than 0 s");
}

TEST(script_guard, memory_has_a_limit)
{
	CHECK_INT(tried(fill), -1);
	CHECK_STR(buf_str(&text), "needs more than 64 MiB of memory");
}

TEST(script_guard, no_child_is_left)
{
	tried(crash);
	tried(loop);
	CHECK_INT(waitpid(-1, NULL, 0), -1);
	CHECK_INT(errno, ECHILD);
}
