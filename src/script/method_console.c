/* method_console.c - the methods that read and write a machine's serial console and its virtual terminals */
#include <stdio.h>
#include <string.h>

#include "script/asking.h"
#include "script/checks.h"
#include "script/methods.h"
#include "script/run.h"

#define TTY_MAX 63 /* the last virtual terminal that Linux has */

/* An expression that is none ends the test. */
static void check_expression(struct wording w, const char *regex)
{
	check_name(w, regex, "regular expression", CALL_ARGUMENT_MAX);
	if (!check_regex(regex))
		run_leave();
}

char *method_console_log(unsigned machine)
{
	return ask(wording(machine, "console_log"), &(struct question){.machine = machine, .call = WIRE_CALL_CONSOLE_TEXT}).out;
}

char *method_wait_for_console_text(unsigned machine, const char *regex)
{
	struct wording w = wording(machine, "wait_for_console_text");

	check_expression(w, regex);
	return ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_CONSOLE_WAIT, .first = regex}).out;
}

void method_send_console(unsigned machine, const char *text)
{
	struct wording w = wording(machine, "send_console");

	check_argument(w, text, "text");
	ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_CONSOLE_SEND, .first = text});
}

static char *ask_tty(struct wording w, unsigned machine, int tty, const char *regex)
{
	if (tty < 1 || tty > TTY_MAX)
		run_die(NULL, "%s: %d is not a virtual terminal: 1 to %d", spoken(w), tty, TTY_MAX);
	return ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_TTY, .first = regex, .number = (uint32_t)tty}).out;
}

char *method_tty_text(unsigned machine, int tty)
{
	return ask_tty(wording(machine, "tty_text"), machine, tty, "");
}

char *method_wait_until_tty_matches(unsigned machine, int tty, const char *regex)
{
	struct wording w = wording(machine, "wait_until_tty_matches");

	check_expression(w, regex);
	return ask_tty(w, machine, tty, regex);
}

/* ---- QEMU ---- */

char *method_monitor(unsigned machine, const char *command)
{
	struct wording w = wording(machine, "monitor");
	struct answer a;

	check_name(w, command, "command", CALL_ARGUMENT_MAX);
	a = ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_MONITOR, .first = command});
	return substituted(&a);
}

char *method_qmp(unsigned machine, const char *json)
{
	struct wording w = wording(machine, "qmp");

	check_name(w, json, "command", CALL_ARGUMENT_MAX);
	return ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_QMP, .first = json}).out;
}

/* "a.b=x, c=y": each part has a path and a value. */
static bool is_content(const char *content)
{
	while (*content) {
		size_t n = strcspn(content, ","), path = strcspn(content, "=");

		if (path == 0 || path >= n)
			return false;
		content += n;
		content += strspn(content, ", ");
	}
	return true;
}

char *method_wait_for_qmp_event(unsigned machine, const char *name, const char *content)
{
	struct wording w = wording(machine, "wait_for_qmp_event");

	check_name(w, name, "name", CALL_ARGUMENT_MAX);
	content = content ? content : "";
	if (!is_content(content))
		run_die(NULL, "%s: \"%s\" is not what an event can say: \"data.device=nic0\"", spoken(w), content);
	return ask(w, &(struct question){.machine = machine,
					 .call = WIRE_CALL_QMP_EVENT,
					 .first = name,
					 .second = content,
					 .second_len = strlen(content)})
		.out;
}
