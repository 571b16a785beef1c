/* methods.c - what the methods of a machine ask the world, and what they make of its answer */
#include "script/methods.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/call.h"
#include "script/compiled.h"
#include "script/dialect.h"
#include "script/run.h"

#define FILE_MODE 0644 /* of write_file() */

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
	"subnet", "mtu", "timeout", "skip",
	"status", "signal", "timed_out", "out", "out_len", "err", "err_len", "seconds", NULL,
};

/* A call as the script wrote it, for messages. */
struct wording {
	const char *machine, *method;
};

static struct wording wording(unsigned machine, const char *method)
{
	return (struct wording){run.script->machines[machine].name, method};
}

static void check_argument(struct wording w, const char *argument, const char *what)
{
	if (!argument)
		run_die(NULL, "%s.%s: the %s is a null pointer", w.machine, w.method, what);
	if (strlen(argument) > CALL_ARGUMENT_MAX)
		run_die(NULL, "%s.%s: the %s has %zu bytes: at most %d can be sent", w.machine, w.method, what,
			strlen(argument), CALL_ARGUMENT_MAX);
}

/* Report an answer other than WIRE_OK. The reason's first line is the message; when there is more, all is a pair. */
static _Noreturn void refuse(struct wording w, const struct call *c, const struct answer *a)
{
	int first = (int)strcspn(a->reason, "\n");
	const bool timed_out = a->outcome == WIRE_TIMED_OUT && !text_starts(a->reason, "timed out");
	const struct pair pairs[] = {
		{"machine", w.machine},
		{c->call == WIRE_CALL_EXEC ? "command" : "argument", c->first},
		{"reason", a->reason[first] ? a->reason : NULL},
		{"stdout", a->out_len ? a->out : NULL},
		{"stderr", a->err_len ? a->err : NULL},
		{0},
	};

	run_die(pairs, "%s.%s: %s%s%.*s", w.machine, w.method, timed_out ? "timed out" : "",
		timed_out && first ? ": " : "", first, a->reason);
}

/* Ask, and return only with a WIRE_OK. */
static struct answer ask(struct wording w, const struct call *c)
{
	struct answer a = call_world(c);

	if (a.outcome != WIRE_OK)
		refuse(w, c, &a);
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
	return ask(w, &(struct call){.machine = machine, .call = WIRE_CALL_EXEC, .first = cmd});
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
		"%s.%s: the command %s", w.machine, w.method, how);
}

struct result method_execute(unsigned machine, const char *cmd)
{
	struct wording w = wording(machine, "execute");
	struct call c = {.machine = machine, .call = WIRE_CALL_EXEC, .first = cmd};
	struct answer a;

	check_argument(w, cmd, "command");
	a = call_world(&c);
	if (a.outcome != WIRE_OK && a.outcome != WIRE_TIMED_OUT)
		refuse(w, &c, &a);
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

static struct answer wait_for(unsigned machine, const char *method, enum wire_wait what, const char *subject,
			      const char *subject_is, uint32_t port)
{
	struct wording w = wording(machine, method);

	check_argument(w, subject, subject_is);
	return ask(w, &(struct call){
			      .machine = machine,
			      .call = WIRE_CALL_WAIT,
			      .first = subject,
			      .number = port << 8 | what,
		      });
}

char *method_wait_until_succeeds(unsigned machine, const char *cmd)
{
	struct answer a = wait_for(machine, "wait_until_succeeds", WIRE_WAIT_SUCCEEDS, cmd, "command", 0);

	return substituted(&a);
}

char *method_wait_until_fails(unsigned machine, const char *cmd)
{
	struct answer a = wait_for(machine, "wait_until_fails", WIRE_WAIT_FAILS, cmd, "command", 0);

	return substituted(&a);
}

void method_wait_for_unit(unsigned machine, const char *unit)
{
	wait_for(machine, "wait_for_unit", WIRE_WAIT_UNIT, unit, "unit", 0);
}

static void wait_for_port(unsigned machine, const char *method, enum wire_wait what, int port)
{
	struct wording w = wording(machine, method);

	if (port < 1 || port > 65535)
		run_die(NULL, "%s.%s: %d is not a port: 1 to 65535", w.machine, method, port);
	wait_for(machine, method, what, "", "port", (uint32_t)port);
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
	wait_for(machine, "wait_for_file", WIRE_WAIT_FILE, path, "path", 0);
}

char *method_read_file(unsigned machine, const char *path)
{
	struct wording w = wording(machine, "read_file");
	struct answer a;

	check_argument(w, path, "path");
	a = ask(w, &(struct call){.machine = machine, .call = WIRE_CALL_READ_FILE, .first = path});
	if (memchr(a.out, '\0', a.out_len))
		run_die((const struct pair[]){{"machine", w.machine}, {"argument", path}, {0}},
			"%s.read_file: '%s' contains NUL bytes, which a C string cannot hold; "
			"execute(\"cat ...\") returns any bytes",
			w.machine, path);
	return a.out;
}

void method_write_file(unsigned machine, const char *path, const char *text)
{
	struct wording w = wording(machine, "write_file");

	check_argument(w, path, "path");
	check_argument(w, text, "text");
	ask(w, &(struct call){
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
	ask(wording(machine, "start"), &(struct call){.machine = machine, .call = WIRE_CALL_START});
}

void method_shutdown(unsigned machine)
{
	ask(wording(machine, "shutdown"), &(struct call){.machine = machine, .call = WIRE_CALL_SHUTDOWN});
}

void method_crash(unsigned machine)
{
	ask(wording(machine, "crash"), &(struct call){.machine = machine, .call = WIRE_CALL_CRASH});
}

void method_save(unsigned machine, const char *name)
{
	ask(wording(machine, "save"), &(struct call){.machine = machine, .call = WIRE_CALL_SAVE, .first = name});
}

void method_restore(unsigned machine, const char *name)
{
	ask(wording(machine, "restore"), &(struct call){.machine = machine, .call = WIRE_CALL_RESTORE, .first = name});
}

bool method_is_up(unsigned machine)
{
	return ask(wording(machine, "is_up"), &(struct call){.machine = machine, .call = WIRE_CALL_IS_UP}).status != 0;
}

void methods_start_all(void)
{
	struct call c = {.call = WIRE_CALL_START_ALL};
	struct answer a = call_world(&c);

	if (a.outcome != WIRE_OK)
		run_die((const struct pair[]){{"reason", a.reason}, {0}}, "start_all: %.*s",
			(int)strcspn(a.reason, "\n"), a.reason);
}
