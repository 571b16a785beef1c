/* faults.c - what the script does wrong to the processor becomes a failure with its line
 *
 * Theory of operation
 *
 * The handler runs on a stack of its own (the script's may be what is used
 * up), finds the line, sends one event and ends the process. It never goes
 * back into the script: after a wild write nothing here can be trusted, and
 * the world goes on without us. For the same reason it allocates nothing.
 *
 * Where it happened:
 * 1. in the script's code: the table of lines knows;
 * 2. while we wait for the world (the time limit): call.c has noted it;
 * 3. elsewhere: a function of the C library that was given a bad pointer, or
 *    a call through one. libc is built without frame pointers, so the stack is
 *    searched for the first address that lies behind a call in the script.
 * When even that finds nothing, the line of the test is told. The fault may be
 * the script's all the same, which has overwritten the stack or our data; only
 * an instruction in our own code is told as a possible bug of vmtap.
 *
 * A test that is kept for people when it fails (--keep) stands still at the instruction in its own code that was at
 * fault. The handler cannot wait there, for it has little stack: it makes the script call what waits.
 *
 * SIGALRM comes from the world when the test's time is over, DEADLINE_SIGNAL
 * from a timer of this process, see deadline.c.
 */
#include "script/faults.h"

#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/mem.h"
#include "script/call.h"
#include "script/callers.h"
#include "script/compiled.h"
#include "script/deadline.h"
#include "script/run.h"
#include "wire/frame.h"

#define STACK_SIZE    65536 /* bytes, of the handler */
#define EVENT_MAX     16384 /* bytes of the one event, a long path included */
#define PLACE_MAX     4200  /* bytes of "file:line" */
#define MESSAGE_MAX   300   /* bytes */
#define NULL_AREA     4096  /* a member of a structure at NULL lies below this */
#define STACK_MARGIN  (256 * 1024) /* how far from its end a stack is used up */

static_assert(PLACE_MAX + MESSAGE_MAX + RUN_SOURCE_MAX + CALLERS_TEXT + 128 <= EVENT_MAX, "the handler's event never allocates");

static char stack[STACK_SIZE] __attribute__((aligned(16)));

struct registers {
	uintptr_t pc, sp, fp;
};

static struct registers registers_of(const void *context)
{
	const ucontext_t *c = context;

	return (struct registers){CPU_CONTEXT_PC(c), CPU_CONTEXT_SP(c), CPU_CONTEXT_FP(c)};
}

static bool stack_is_used_up(struct registers r)
{
	struct rlimit l;

	return getrlimit(RLIMIT_STACK, &l) == 0 && r.sp < run.top && run.top - r.sp + STACK_MARGIN > l.rlim_cur;
}

/* Steps 1 to 3, and what called that: by the frame pointer, which in step 3 may be anything. */
static struct chain find_places(struct registers r)
{
	const struct lines *l = &run.script->lines;
	struct place p = lines_find(l, r.pc);
	struct chain c = {.n = 0};
	uintptr_t frame = r.fp;

	if (!p.file && run.asking.file) {
		p = (struct place){run.asking.file, run.asking.line};
		frame = run.asking_frame;
	} else if (!p.file && r.sp < run.top) { /* the end of a used up stack cannot be read */
		p = lines_scan(l, r.sp + (stack_is_used_up(r) ? STACK_MARGIN : 0), run.top);
	}
	chain_add(&c, p);
	if (p.file && frame >= r.sp)
		lines_chain(l, frame, run.top, &c);
	return c;
}

/* Return: whether @pc is an instruction of vmtap itself (of the linker's symbols, see etext(3)). */
static bool is_ours(uintptr_t pc)
{
	extern const char __executable_start[], etext[];

	return pc >= (uintptr_t)__executable_start && pc < (uintptr_t)etext;
}

/* Put into words what happened in the script. */
static void describe_access(char *out, size_t size, const siginfo_t *info, struct registers r, bool in_script)
{
	uintptr_t address = (uintptr_t)info->si_addr;

	if (stack_is_used_up(r))
		snprintf(out, size, "stack overflow (an endless recursion?)");
	else if (address == r.pc && info->si_code > 0 && info->si_code != SI_KERNEL)
		snprintf(out, size, "a call or a return went to address %#lx, where there is no code%s", (unsigned long)address,
			 address ? "" : " (a method of a machine behind the end of its vm_array(), or of a struct vm without vm()?)");
	else if (info->si_code == SI_KERNEL)
		snprintf(out, size, "access through a pointer that cannot be valid%s",
			 in_script ? "" : ", in a C library function: a bad argument, or a damaged heap");
	else
		snprintf(out, size, "%s%s", address < NULL_AREA ? "access through a null pointer"
								: "access to memory that is not there",
			 in_script ? "" : ", in a C library function");
	if (address >= NULL_AREA && info->si_code != SI_KERNEL && address != r.pc && !stack_is_used_up(r))
		snprintf(out + strlen(out), size - strlen(out), " (address %#lx)", (unsigned long)address);
}

static void describe(char *out, size_t size, const siginfo_t *info, struct registers r, bool in_script)
{
	switch (info->si_signo) {
	case SIGALRM:
		snprintf(out, size, "time limit reached in the script");
		break;
	case SIGFPE:
		snprintf(out, size, info->si_code == FPE_INTDIV ? "integer division by zero, or its result is too large"
								: "arithmetic fault");
		break;
	case SIGILL:
		snprintf(out, size, "illegal instruction");
		break;
	case SIGABRT:
		snprintf(out, size, "the C library aborted: a damaged heap?");
		break;
	default:
		describe_access(out, size, info, r, in_script);
	}
}

static void put_pair(struct buf *out, const char *key, const char *value)
{
	if (!*value)
		return;
	wire_put_str(out, key);
	wire_put_str(out, value);
}

/* Send the event from static memory: a struct buf that is large enough never allocates. */
static void send_fault(const struct chain *way, const char *message)
{
	static char memory[EVENT_MAX], callers[CALLERS_TEXT];
	const struct place at = way->places[0];
	char place[PLACE_MAX] = "", source[RUN_SOURCE_MAX] = "";
	struct buf out = {.data = memory, .cap = sizeof(memory)};
	size_t mark = wire_begin(&out, WIRE_EVENT, 0);

	if (at.file) {
		snprintf(place, sizeof(place), "%s:%d", at.file, at.line);
		sources_line(&run.script->sources, at.file, at.line, source, sizeof(source));
	}
	callers_describe(&run.script->sources, way, callers, sizeof(callers));
	wire_put_u8(&out, WIRE_EVENT_FAULT);
	wire_put_str(&out, place);
	wire_put_str(&out, message);
	wire_put_u32(&out, (*source != '\0') + (*callers != '\0'));
	put_pair(&out, "source", source);
	put_pair(&out, "called_from", callers);
	wire_end(&out, mark);
	call_send(&out);
}

/* Heap and stack may be damaged: a second fault ends it. */
static void halt(void)
{
	call_halt();
	_exit(1);
}

static void on_fault(int signo, siginfo_t *info, void *context)
{
	struct registers r = registers_of(context);
	struct chain way;
	static bool halting;
	char what[200], message[MESSAGE_MAX];
	const char *blame = "";
	bool in_script;

	if (signo == DEADLINE_SIGNAL) {
		deadline_alarm();
		return;
	}
	if (signo == SIGSEGV && deadline_trap(info, context))
		return;
	if (signo == SIGALRM && call_defer_alarm())
		return;
	if (halting)
		_exit(1);
	way = find_places(r);
	if (!way.n && is_ours(r.pc) && signo != SIGALRM)
		blame = "vmtap's own code failed (a bug of vmtap, or the script has overwritten its memory): ";
	if (!way.n && run.test)
		chain_add(&way, (struct place){run.test->file, run.test->line});
	/* Of what is typed there are no lines, but it is not in the C library either. */
	in_script = lines_find(&run.script->lines, r.pc).file || (run.tell && !is_ours(r.pc));
	describe(what, sizeof(what), info, r, in_script);
	snprintf(message, sizeof(message), "%s%s", blame, what);
	if (run.tell)
		run.tell(WIRE_EVENT_FAULT, way.places[0], message, NULL);
	else
		send_fault(&way, message);
	halting = !run.tell && lines_find(&run.script->lines, r.pc).file && !stack_is_used_up(r);
	if (!halting)
		_exit(1);
	cpu_context_call((ucontext_t *)context, halt);
}

void faults_catch(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM, DEADLINE_SIGNAL};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	sigset_t set;

	sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = sizeof(stack)}, NULL);
	sigfillset(&action.sa_mask);
	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		sigaction(signals[i], &action, NULL);
		sigaddset(&set, signals[i]);
	}
	sigprocmask(SIG_UNBLOCK, &set, NULL); /* the world, which forked this process, may have blocked them */
}
