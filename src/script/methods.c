/* methods.c - what the methods of a machine ask the world, and what they make of its answer */
#include "script/methods.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/tap_read.h"
#include "script/call.h"
#include "script/compiled.h"
#include "script/output.h"
#include "script/run.h"

#define TOLD_MAX	    500	 /* bytes of an argument, or of a command's output, that --verbose and reports show */
#define SHOWN_LINES	    5	 /* of each stream that --verbose shows */
#define FILE_MODE	    0644 /* of write_file() */
#define CHECKPOINT_NAME_MAX 255	 /* bytes of the name that save() is given */
#define UNIT_NAME_MAX	    255	 /* bytes, as systemd has it; the agent could not even ask for one of some 200 KB */
#define PATH_BYTES_MAX	    (PATH_MAX - 1) /* no file can be opened by a longer path, and waiting for one would be in vain */

const char *const methods_names[] = {
#define METHOD(type, name, parameters, arguments, doc) #name,
#include "script/methods.def"
#undef METHOD
	NULL,
};

const char *const methods_fields[] = {
#define METHOD(type, name, parameters, arguments, doc) #name,
#include "script/methods.def"
#undef METHOD
	/* struct vm, vm_options, net_options, vmtap_test and result of types.h */
	"name", "image", "kernel", "initrd", "append", "memory", "cpus", "cpu", "hostname", "nets", "qemu",
	"subnet", "mtu", "timeout", "skip", "needs", "xfail",
	"status", "signal", "timed_out", "out", "out_len", "err", "err_len", "seconds", NULL,
};

const char *methods_parameters(const char *name)
{
	static const char *const parameters[] = {
#define METHOD(type, name, parameters, arguments, doc) #parameters,
#include "script/methods.def"
#undef METHOD
	};

	for (size_t i = 0; methods_names[i]; i++)
		if (strcmp(methods_names[i], name) == 0)
			return parameters[i];
	return NULL;
}

/* A call as the script wrote it, for messages; no machine for start_all(). */
struct wording {
	const char *machine, *method;
};

static struct wording wording(unsigned machine, const char *method)
{
	return (struct wording){run.script->machines[machine].name, method};
}

/* Return: "machine.method", or "start_all", for a message; kept until the test ends. */
static const char *spoken(struct wording w)
{
	cleanup_free char *text = xasprintf("%s%s%s", w.machine ? w.machine : "", w.machine ? "." : "", w.method);

	return run_keep_str(text);
}

static void check_argument(struct wording w, const char *argument, const char *what)
{
	if (!argument)
		run_die(NULL, "%s: the %s is a null pointer", spoken(w), what);
}

/* Of an argument that names something; @max: bytes. */
static void check_name(struct wording w, const char *argument, const char *what, size_t max)
{
	check_argument(w, argument, what);
	if (!*argument)
		run_die(NULL, "%s: the %s is empty", spoken(w), what);
	if (strlen(argument) > max)
		run_die(NULL, "%s: the %s has %zu bytes: it can have %zu", spoken(w), what, strlen(argument), max);
}

/*
 * Report an answer other than WIRE_OK. The reason's first line is the message; when there is more, all is a pair. The
 * test's own time limit ends the test, anything else the innermost subtest.
 */
static _Noreturn void refuse(struct wording w, const struct question *q, const struct answer *a)
{
	int first = (int)strcspn(a->reason, "\n");
	const bool timed_out = a->outcome == WIRE_TIMED_OUT && !text_starts(a->reason, "timed out");
	const struct pair pairs[] = {
		{"machine", w.machine},
		{q->call == WIRE_CALL_EXEC ? "command" : "argument", q->first},
		{"reason", a->reason[first] ? a->reason : NULL},
		{"stdout", a->out_len ? a->out : NULL},
		{"stderr", a->err_len ? a->err : NULL},
		{0},
	};

	run_fail(pairs, "%s: %s%s%.*s", spoken(w), timed_out ? "timed out" : "", timed_out && first ? ": " : "", first,
		 a->reason);
	if (a->outcome == WIRE_OVERTIME)
		run_stop();
	run_leave();
}

/* ---- for people ---- */

/* "web.succeed("uname -s")"; numbers are as the script has them. The caller frees it. */
static char *whole_call(struct wording w, const struct question *q)
{
	const char *quote = q->first && q->first[strspn(q->first, "0123456789")] ? "\"" : "";
	cleanup_free char *argument = xstrndup(q->first ? q->first : "", TOLD_MAX);

	return xasprintf("%s%s%s(%s%s%s)", w.machine ? w.machine : "", w.machine ? "." : "", w.method, quote, argument, quote);
}

/* Add the last lines of what a command wrote, behind blanks. */
static void add_stream(struct buf *out, const char *name, const char *bytes, size_t n)
{
	const char *line, *at = text_tail(bytes, n, SHOWN_LINES, TOLD_MAX);

	while (text_next_line(&at, &line, &n))
		buf_addf(out, "\n    %s: %.*s", name, (int)n, line);
}

static void add_answer(struct buf *out, const struct question *q, const struct answer *a)
{
	if (a->outcome != WIRE_OK)
		buf_addf(out, "%.*s", (int)strcspn(a->reason, "\n"), a->reason);
	else if (q->call == WIRE_CALL_EXEC)
		buf_addf(out, "%s %d in %.3f s", a->signal ? "signal" : "exit status", a->signal ? a->signal : a->status, a->seconds);
	else
		buf_addf(out, "done in %.3f s", a->seconds);
	if (q->call != WIRE_CALL_EXEC)
		return;
	add_stream(out, "stdout", a->out, a->out_len);
	add_stream(out, "stderr", a->err, a->err_len);
}

/* --verbose: "[1.204 s] t.c:12: web.succeed("uname -s")", and when it is over how that went. */
static void tell(struct wording w, const struct question *q, const struct answer *a)
{
	struct place at = run_place();
	cleanup_buf struct buf text = {0};

	if (run.begun)
		buf_addf(&text, "[%.3f s] ", (double)(clock_now() - run.begun) / 1e9);
	buf_addf(&text, "%s:%d: %s", at.file ? at.file : "?", at.line, a ? spoken(w) : q->words);
	if (a) {
		buf_adds(&text, ": ");
		add_answer(&text, q, a);
	}
	log_line("%s", buf_str(&text));
}

/* Ask, and return only with a WIRE_OK or, of a command, a WIRE_TIMED_OUT. All calls go through here. */
static struct answer ask(struct wording w, const struct question *asked)
{
	struct question named = *asked;
	const struct question *q = &named;
	size_t n = (q->first ? strlen(q->first) : 0) + q->second_len;
	cleanup_free char *words = whole_call(w, q);
	struct answer a;

	if (n > CALL_ARGUMENT_MAX)
		run_die(NULL, "%s: the arguments have %zu bytes: at most %d can be sent", spoken(w), n, CALL_ARGUMENT_MAX);
	named.words = words;
	run.questions++;
	if (log_level >= 2)
		tell(w, q, NULL);
	a = call_world(q);
	if (log_level >= 2)
		tell(w, q, &a);
	run.last_words = NULL;
	if (a.outcome == WIRE_TIMED_OUT && q->may_time_out)
		run.last_words = run_keep_str(*a.reason ? a.reason : "timed out");
	else if (a.outcome != WIRE_OK)
		refuse(w, q, &a);
	return a;
}

/* Output as $(command) gives it (POSIX 2.6.3; NULs dropped, as all shells do): the answer's own copy, changed. */
static char *substituted(struct answer *a)
{
	size_t n = 0;

	for (size_t i = 0; i < a->out_len; i++)
		if (a->out[i])
			a->out[n++] = a->out[i];
	while (n > 0 && a->out[n - 1] == '\n')
		n--;
	a->out[n] = '\0';
	return a->out;
}

static struct answer execute(unsigned machine, const char *method, const char *cmd)
{
	struct wording w = wording(machine, method);

	check_argument(w, cmd, "command");
	return ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_EXEC, .first = cmd});
}

/* The command did not end as it had to. */
static _Noreturn void command_failed(struct wording w, const char *cmd, const struct answer *a)
{
	char number[16], how[64];

	snprintf(number, sizeof(number), "%d", a->signal ? a->signal : a->status);
	if (a->signal)
		snprintf(how, sizeof(how), "was killed by signal %d (%s)", a->signal, strsignal(a->signal));
	else if (a->status)
		snprintf(how, sizeof(how), "failed with exit status %d", a->status);
	else
		snprintf(how, sizeof(how), "succeeded, but had to fail");
	run_die((const struct pair[]){
			{"machine", w.machine},
			{"command", cmd},
			{a->signal ? "signal" : "exit_status", number},
			{"stdout", text_tail(a->out, a->out_len, SIZE_MAX, RUN_VALUE_MAX)},
			{"stderr", text_tail(a->err, a->err_len, SIZE_MAX, RUN_VALUE_MAX)},
			{0},
		},
		"%s: the command %s", spoken(w), how);
}

struct result method_execute(unsigned machine, const char *cmd)
{
	struct wording w = wording(machine, "execute");
	struct answer a;

	check_argument(w, cmd, "command");
	a = ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_EXEC, .first = cmd, .may_time_out = true});
	return (struct result){
		.status = a.status,
		.signal = a.signal,
		.timed_out = a.outcome == WIRE_TIMED_OUT,
		.out = a.out,
		.out_len = a.out_len,
		.err = a.err,
		.err_len = a.err_len,
		.seconds = a.seconds,
	};
}

char *method_succeed(unsigned machine, const char *cmd)
{
	struct answer a = execute(machine, "succeed", cmd);

	if (a.status != 0 || a.signal != 0)
		command_failed(wording(machine, "succeed"), cmd, &a);
	return substituted(&a);
}

char *method_fail(unsigned machine, const char *cmd)
{
	struct answer a = execute(machine, "fail", cmd);

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
	struct answer a = execute(machine, "tap", cmd);
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

void method_wait_for_unit(unsigned machine, const char *unit)
{
	check_name(wording(machine, "wait_for_unit"), unit, "unit", UNIT_NAME_MAX);
	wait_for(machine, "wait_for_unit", WIRE_WAIT_UNIT, unit, 0);
}

static void wait_for_port(unsigned machine, const char *method, enum wire_wait what, int port)
{
	char number[16]; /* for messages */

	snprintf(number, sizeof(number), "%d", port);
	if (port < 1 || port > 65535)
		run_die(NULL, "%s: %s is not a port: 1 to 65535", spoken(wording(machine, method)), number);
	wait_for(machine, method, what, number, (uint32_t)port);
}

void method_wait_for_open_port(unsigned machine, int port)
{
	wait_for_port(machine, "wait_for_open_port", WIRE_WAIT_PORT, port);
}

void method_wait_for_closed_port(unsigned machine, int port)
{
	wait_for_port(machine, "wait_for_closed_port", WIRE_WAIT_NO_PORT, port);
}

void method_wait_for_file(unsigned machine, const char *path)
{
	check_name(wording(machine, "wait_for_file"), path, "path", PATH_BYTES_MAX);
	wait_for(machine, "wait_for_file", WIRE_WAIT_FILE, path, 0);
}

char *method_read_file(unsigned machine, const char *path)
{
	struct wording w = wording(machine, "read_file");
	struct answer a;

	check_name(w, path, "path", PATH_BYTES_MAX);
	a = ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_READ_FILE, .first = path});
	if (memchr(a.out, '\0', a.out_len))
		run_die((const struct pair[]){{"machine", w.machine}, {"argument", path}, {0}},
			"%s: '%s' contains NUL bytes, which a C string cannot hold; "
			"execute(\"cat ...\") returns any bytes",
			spoken(w), path);
	return a.out;
}

void method_write_file(unsigned machine, const char *path, const char *text)
{
	struct wording w = wording(machine, "write_file");

	check_name(w, path, "path", PATH_BYTES_MAX);
	check_argument(w, text, "text");
	ask(w, &(struct question){
		       .machine = machine,
		       .call = WIRE_CALL_WRITE_FILE,
		       .first = path,
		       .second = text,
		       .second_len = strlen(text),
		       .number = FILE_MODE,
	       });
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

void method_interact(unsigned machine)
{
	struct wording w = wording(machine, "interact");

	if (!run.interact)
		run_die(NULL, "%s: there is no terminal for a shell%s", spoken(w),
			run.tell ? "" : "; vmtap repl has one, and vmtap shell");
	output_flush();
	run.interact(machine, run.world);
}

bool method_is_up(unsigned machine)
{
	return ask(wording(machine, "is_up"), &(struct question){.machine = machine, .call = WIRE_CALL_IS_UP}).status != 0;
}

void methods_start_all(void)
{
	ask((struct wording){.method = "start_all"}, &(struct question){.call = WIRE_CALL_START_ALL});
}
