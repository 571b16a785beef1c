/* methods.c - what the methods of a machine ask the world, and what they make of its answer */
#include "script/methods.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/tap_read.h"
#include "script/asking.h"
#include "script/blocks.h"
#include "script/compiled.h"
#include "script/deadline.h"
#include "script/output.h"
#include "script/run.h"

#define CHECKPOINT_NAME_MAX 255	 /* bytes of the name that save() is given */
#define SLEEP_STEP_MS	    20000 /* of the host, that one question may take; less than the limit of a call */

struct result method_execute(unsigned machine, const char *cmd)
{
	struct wording w = wording(machine, "execute");
	struct answer a;

	check_argument(w, cmd, "command");
	a = ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_EXEC, .first = cmd, .may_time_out = true});
	return result_of(&a);
}

char *method_succeed(unsigned machine, const char *cmd)
{
	struct answer a = execute(wording(machine, "succeed"), machine, cmd);

	if (a.status != 0 || a.signal != 0)
		command_failed(wording(machine, "succeed"), cmd, &a);
	return substituted(&a);
}

char *method_fail(unsigned machine, const char *cmd)
{
	struct answer a = execute(wording(machine, "fail"), machine, cmd);

	if (a.status == 0 || a.signal != 0)
		command_failed(wording(machine, "fail"), cmd, &a);
	return substituted(&a);
}

/* Each point is a subtest; @failed gets the names of those that fail, with their notes. */
static void tell_points(const struct tap_read *t, struct buf *failed)
{
	for (size_t i = 0; i < t->npoints; i++) {
		const struct tap_read_point *p = &t->points[i];
		const char *why = *p->why ? p->why : "no reason given";

		run_event(WIRE_EVENT_SUBTEST, run_place(), p->name,
			  (const struct pair[]){{"result", p->ok ? "ok" : "not ok"},
						{"skip", p->directive == TAP_SKIP ? why : NULL},
						{"todo", p->directive == TAP_TODO ? why : NULL},
						{0}});
		if (tap_read_has_failed(p) && failed->len < RUN_VALUE_MAX / 2)
			buf_addf(failed, "%s%s%s%s", failed->len ? "\n" : "", p->name, p->notes.len ? "\n" : "",
				 p->notes.len ? buf_str((struct buf *)&p->notes) : "");
	}
}

void method_tap(unsigned machine, const char *cmd)
{
	struct wording w = wording(machine, "tap");
	struct answer a = execute(w, machine, cmd);
	cleanup_buf struct buf failed = {0};
	struct pair pairs[] = {{"machine", w.machine}, {"command", cmd}, {"stderr", NULL}, {"failed_points", NULL}, {0}};
	struct tap_read t;

	tap_read(&t, a.out, a.out_len);
	output_flush();
	tell_points(&t, &failed);
	pairs[2].value = text_tail(a.err, a.err_len, SIZE_MAX, RUN_VALUE_MAX);
	pairs[3].value = failed.len ? buf_str(&failed) : NULL;
	if (t.failed)
		run_fail(pairs, "%s: %zu of %zu points failed", spoken(w), t.failed, t.npoints + t.lost);
	else if (!t.npoints)
		run_fail(pairs, "%s: the command printed no TAP", spoken(w));
	else if (a.status || a.signal)
		run_fail(pairs, "%s: %s %d though all its points are ok", spoken(w), a.signal ? "killed by signal" : "exited",
			 a.signal ? a.signal : a.status);
	tap_read_free(&t);
}

/* @subject was checked by the caller. */
static struct answer wait_for(unsigned machine, const char *method, enum wire_wait what, const char *subject, uint32_t port)
{
	return ask(wording(machine, method), &(struct question){
			      .machine = machine,
			      .call = WIRE_CALL_WAIT,
			      .first = subject,
			      .number = port << 8 | what,
		      });
}

char *method_wait_until_succeeds(unsigned machine, const char *cmd)
{
	struct answer a;

	check_argument(wording(machine, "wait_until_succeeds"), cmd, "command");
	a = wait_for(machine, "wait_until_succeeds", WIRE_WAIT_SUCCEEDS, cmd, 0);
	return substituted(&a);
}

char *method_wait_until_fails(unsigned machine, const char *cmd)
{
	struct answer a;

	check_argument(wording(machine, "wait_until_fails"), cmd, "command");
	a = wait_for(machine, "wait_until_fails", WIRE_WAIT_FAILS, cmd, 0);
	return substituted(&a);
}

void method_start(unsigned machine)
{
	ask(wording(machine, "start"), &(struct question){.machine = machine, .call = WIRE_CALL_START});
}

void method_shutdown(unsigned machine)
{
	ask(wording(machine, "shutdown"), &(struct question){.machine = machine, .call = WIRE_CALL_SHUTDOWN});
}

void method_crash(unsigned machine)
{
	ask(wording(machine, "crash"), &(struct question){.machine = machine, .call = WIRE_CALL_CRASH});
}

void method_reboot(unsigned machine)
{
	ask(wording(machine, "reboot"), &(struct question){.machine = machine, .call = WIRE_CALL_REBOOT});
}

void method_suspend(unsigned machine)
{
	ask(wording(machine, "suspend"), &(struct question){.machine = machine, .call = WIRE_CALL_SUSPEND});
}

void method_wakeup(unsigned machine)
{
	ask(wording(machine, "wakeup"), &(struct question){.machine = machine, .call = WIRE_CALL_WAKEUP});
}

void method_wait_for_shutdown(unsigned machine)
{
	ask(wording(machine, "wait_for_shutdown"), &(struct question){.machine = machine, .call = WIRE_CALL_AWAIT_OFF});
}

void method_pause(unsigned machine)
{
	ask(wording(machine, "pause"), &(struct question){.machine = machine, .call = WIRE_CALL_PAUSE});
}

void method_resume(unsigned machine)
{
	ask(wording(machine, "resume"), &(struct question){.machine = machine, .call = WIRE_CALL_RESUME});
}

static void use_checkpoint(unsigned machine, const char *method, enum wire_call call, const char *name)
{
	struct wording w = wording(machine, method);

	check_name(w, name, "name", CHECKPOINT_NAME_MAX);
	ask(w, &(struct question){.machine = machine, .call = call, .first = name});
}

void method_save(unsigned machine, const char *name)
{
	use_checkpoint(machine, "save", WIRE_CALL_SAVE, name);
}

void method_restore(unsigned machine, const char *name)
{
	use_checkpoint(machine, "restore", WIRE_CALL_RESTORE, name);
}

/* On the line where the run's status may be. */
static void tell_person(struct wording w, enum wire_call call)
{
	struct place at = run_place();

	if (isatty(STDERR_FILENO))
		(void)fd_write_all(STDERR_FILENO, "\r\033[K", 4);
	log_line("%s:%d: %s() waits for you: %s~. at the start of a line goes on", at.file, at.line, spoken(w),
		 call == WIRE_CALL_SHELL ? "exit or " : "");
}

/* A person takes as long as he likes: the world stops the test's clock meanwhile, and here stand those of within(). */
static void visit(unsigned machine, const char *method, enum wire_call call)
{
	struct wording w = wording(machine, method);
	uint64_t begun = clock_now();

	if (!run.interact && run.tell)
		run_die(NULL, "%s: there is no terminal", spoken(w));
	output_flush();
	deadline_set(CLOCK_NEVER);
	if (run.interact && !run.tell)
		tell_person(w, call);
	if (run.interact)
		run.interact(machine, (int)call, run.world);
	else if (!ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_INTERACT}).status)
		run_event(WIRE_EVENT_NOTE, run_place(), "nobody was there for interact() any more, and the test went on", NULL);
	blocks_put_off(clock_now() - begun);
}

void method_interact(unsigned machine)
{
	visit(machine, "interact", WIRE_CALL_SHELL);
}

void method_console_interact(unsigned machine)
{
	visit(machine, "console_interact", WIRE_CALL_CONSOLE);
}

/* Time that jumps is asked for at once: it goes on jumping between two questions. */
void method_sleep(unsigned machine, double seconds)
{
	struct wording w = wording(machine, "sleep");
	const char *clock = run.script->machines[machine].options->clock;
	cleanup_free char *shown = xasprintf("%g", seconds);
	long step = clock && strcmp(clock, "virtual") == 0 ? WIRE_SLEEP_MAX_S * 1000L : SLEEP_STEP_MS;

	if (!(seconds >= 0 && seconds <= WIRE_SLEEP_MAX_S))
		run_die(NULL, "%s: %g seconds: it can be 0 to %d", spoken(w), seconds, WIRE_SLEEP_MAX_S);
	w.shown = run_keep_str(shown);
	for (long left = lround(seconds * 1000), now; left > 0; left -= now) {
		cleanup_free char *ms = NULL;

		now = left < step ? left : step;
		ms = xasprintf("%ld", now);
		ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_WAIT, .first = ms, .number = WIRE_WAIT_SLEEP});
	}
}

bool method_is_up(unsigned machine)
{
	return ask(wording(machine, "is_up"), &(struct question){.machine = machine, .call = WIRE_CALL_IS_UP}).status != 0;
}

void methods_start_all(void)
{
	ask((struct wording){.method = "start_all"}, &(struct question){.call = WIRE_CALL_START_ALL});
}

void methods_join_all(void)
{
	for (unsigned i = 0; i < run.script->machine_count; i++)
		ask(wording(i, "join_all"), &(struct question){.machine = i, .call = WIRE_CALL_AWAIT_OFF});
}
