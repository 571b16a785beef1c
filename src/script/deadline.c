/* deadline.c - the deadline of within(), kept while the script computes
 *
 * Theory of operation
 *
 * The world keeps the deadline of every call, and block_leave() looks at the
 * clock. A script that computes for ever reaches neither. A timer of this
 * process ends it, by DEADLINE_SIGNAL. The limit of the test is another signal,
 * SIGALRM of the world's: the kernel keeps one of a kind, so of two that come
 * before the script has its turn one would be lost.
 *
 * A failure ends a block with longjmp(). From within a signal handler that
 * would leave malloc() or a half-sent frame behind, so it must wait for the
 * moment when the script's own code runs. The handler therefore takes the
 * right to execute from the pages of the script's code and returns. At the
 * next instruction of the script, which is at once or when the function
 * returns that the script has called, the processor raises SIGSEGV; its
 * handler gives the right back, and makes the script go on in
 * blocks_overdue() as if it had called that itself.
 *
 * A script that waits for the world is not stopped at its deadline: the
 * world's answer comes a moment later, and the script may look at what it
 * says. So each second the timer looks again, and stops the script when the
 * call that was waited for is over.
 *
 * Rejected: to look whether the signal met the script's own code, and to try
 * again in a millisecond otherwise. A loop that spends its time in the
 * C library would end by luck.
 */
#include "script/deadline.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/mem.h"
#include "script/blocks.h"
#include "script/compiled.h"
#include "script/run.h"

#define PATIENCE (1 * NS_PER_S) /* from the deadline, or the last look, to the next look at a script that waits */

static volatile uint64_t deadline = CLOCK_NEVER;
static volatile unsigned long waited_for; /* number of the question that the script waited for at the last look */
static volatile sig_atomic_t barred;	  /* the script's code cannot be executed */
static timer_t timer;
static bool has_timer;

/* Code besides the script's. */
static struct code {
	uintptr_t start, end;
} *typed;
static size_t ntyped;

/* The pages of code. What shares them is data, or the functions of the machines. */
static uintptr_t first_page(uintptr_t start)
{
	return start & ~((uintptr_t)sysconf(_SC_PAGESIZE) - 1);
}

/* The script's is behind what was typed. */
static struct code code_at(size_t i)
{
	return i < ntyped ? typed[i] : (struct code){run.script->lines.start, run.script->lines.end};
}

static void protect_code(int protection)
{
	for (size_t i = 0; i <= ntyped; i++) {
		const struct code c = code_at(i);

		mprotect((void *)first_page(c.start), c.end - first_page(c.start), protection);
	}
}

static bool is_code(uintptr_t address)
{
	for (size_t i = 0; i <= ntyped; i++)
		if (address >= first_page(code_at(i).start) && address < code_at(i).end)
			return true;
	return false;
}

void deadline_add_code(uintptr_t start, uintptr_t end)
{
	typed = xrealloc(typed, (ntyped + 1) * sizeof(*typed));
	typed[ntyped++] = (struct code){start, end};
}

static void set_timer(uint64_t when)
{
	struct itimerspec t = {0};

	if (when != CLOCK_NEVER) {
		t.it_value.tv_sec = (time_t)(when / NS_PER_S);
		t.it_value.tv_nsec = (long)(when % NS_PER_S);
	}
	timer_settime(timer, TIMER_ABSTIME, &t, NULL);
}

void deadline_set(uint64_t when)
{
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = DEADLINE_SIGNAL};

	deadline = when; /* first: an alarm that is under way looks at it */
	waited_for = 0;
	if (!has_timer && when != CLOCK_NEVER)
		has_timer = timer_create(CLOCK_MONOTONIC, &event, &timer) == 0;
	if (barred) { /* before the timer: it may be late already, and bars the code at once */
		barred = 0;
		protect_code(PROT_READ | PROT_WRITE | PROT_EXEC);
	}
	if (has_timer)
		set_timer(when);
}

void deadline_forget(void)
{
	has_timer = false;
	deadline_set(CLOCK_NEVER);
}

void deadline_alarm(void)
{
	uint64_t now = clock_now();

	if (now < deadline)
		return;
	if (run.asking.file && (!waited_for || waited_for == run.questions)) {
		waited_for = run.questions;
		set_timer(now + PATIENCE);
		return;
	}
	barred = 1;
	protect_code(PROT_READ | PROT_WRITE);
}

bool deadline_trap(const siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;

	if (!barred || info->si_code != SEGV_ACCERR || !is_code(address))
		return false;
	barred = 0;
	protect_code(PROT_READ | PROT_WRITE | PROT_EXEC);
	cpu_context_call((ucontext_t *)context, blocks_overdue); /* which finds the line behind its return address */
	return true;
}
