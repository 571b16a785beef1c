/* method_units.c - the methods of a machine that are about systemd's units, the system's and a user's */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "script/asking.h"
#include "script/methods.h"
#include "script/run.h"

#define UNIT_NAME_MAX 255 /* bytes, as systemd has it; the agent could not even ask for one of some 200 KB */
#define USER_NAME_MAX 255 /* bytes: more than any login name */

/* What systemctl --state=help lists; the state of a unit that waits for another is one of these, too. */
static const char *const states[] = {"active",	     "reloading",    "inactive",    "failed",
				     "activating",   "deactivating", "maintenance", "refreshing"};

static void check_unit(struct wording w, const char *unit)
{
	check_name(w, unit, "unit", UNIT_NAME_MAX);
}

/* A user's name, which may be part of a command: the shell gets it quoted, and no line of the wire is broken. */
static void check_user(struct wording w, const char *user)
{
	check_name(w, user, "user", USER_NAME_MAX);
	if (strpbrk(user, "\n/"))
		run_die(NULL, "%s: '%s' cannot be a user's name", spoken(w), user);
}

static void check_state(struct wording w, const char *state)
{
	check_argument(w, state, "state");
	for (size_t i = 0; i < ARRAY_SIZE(states); i++)
		if (strcmp(states[i], state) == 0)
			return;
	run_die(NULL, "%s: '%s' is no state of a unit: active, inactive, failed, activating, deactivating or reloading",
		spoken(w), state);
}

/* @state: "" where none is asked for; @user: "" for the system's. */
static void ask_unit(struct wording w, unsigned machine, enum wire_wait what, const char *unit, const char *state,
		     const char *user)
{
	cleanup_free char *second = xasprintf("%s\n%s", state, user);

	check_unit(w, unit);
	ask(w, &(struct question){
		       .machine = machine,
		       .call = WIRE_CALL_WAIT,
		       .first = unit,
		       .second = second,
		       .second_len = strlen(second),
		       .number = what,
	       });
}

/* "systemctl", or what asks the manager of a user. The caller frees it. */
static char *systemctl(const char *user, const char *arguments)
{
	cleanup_buf struct buf out = {0}, inner = {0};

	if (!*user)
		return xasprintf("systemctl --no-pager %s", arguments);
	/* Without a login shell, whose profile may say something. */
	buf_addf(&inner, "export XDG_RUNTIME_DIR=/run/user/$(id -u); exec systemctl --no-pager --user %s", arguments);
	buf_adds(&out, "su -s /bin/sh -c ");
	text_quote_shell(&out, buf_str(&inner));
	buf_adds(&out, " -- ");
	text_quote_shell(&out, user);
	return buf_steal(&out);
}

static struct result run_systemctl(struct wording w, unsigned machine, const char *arguments, const char *user)
{
	cleanup_free char *cmd = NULL;
	struct answer a;

	check_argument(w, arguments, "text");
	w.shown = arguments;
	cmd = systemctl(user, arguments);
	a = execute(w, machine, cmd);
	return result_of(&a);
}

/* Of "ID=value" for each value that it has, the values, a line each; NULL without one. The caller frees it. */
static char *property_values(const char *text, const char *property)
{
	size_t length = strlen(property), n;
	struct buf out = {0};
	const char *line;
	bool found = false, inside = false;

	while (text_next_line(&text, &line, &n)) {
		const bool begins = n > length && line[length] == '=' && strncmp(line, property, length) == 0;

		inside |= begins;
		if (inside)
			buf_adds(&out, found ? "\n" : "");
		if (inside)
			buf_add(&out, begins ? line + length + 1 : line, begins ? n - length - 1 : n);
		found |= inside;
	}
	return found ? buf_steal(&out) : NULL;
}

static char *unit_property(struct wording w, unsigned machine, const char *unit, const char *property, const char *user)
{
	cleanup_buf struct buf arguments = {0};
	cleanup_free char *cmd = NULL, *value = NULL;
	struct answer a;

	check_unit(w, unit);
	check_name(w, property, "property", UNIT_NAME_MAX);
	buf_adds(&arguments, "show --all -p ");
	text_quote_shell(&arguments, property);
	buf_adds(&arguments, " -- ");
	text_quote_shell(&arguments, unit);
	w.shown = unit;
	cmd = systemctl(user, buf_str(&arguments));
	a = execute(w, machine, cmd);
	if (a.status || a.signal)
		command_failed(w, cmd, &a);
	value = property_values(substituted(&a), property);
	if (!value)
		run_die((const struct pair[]){{"machine", w.machine}, {"argument", unit}, {0}},
			"%s: unit '%s' has no property '%s'", spoken(w), unit, property);
	return run_keep_str(value);
}

/* What an administrator would look at next comes with a failure. */
static void run_job(struct wording w, unsigned machine, const char *verb, const char *unit, const char *user)
{
	cleanup_buf struct buf quoted = {0}, verbs = {0}, cmd = {0};
	cleanup_free char *does = NULL, *shows = NULL;
	struct answer a;

	check_unit(w, unit);
	w.shown = unit;
	text_quote_shell(&quoted, unit);
	buf_addf(&verbs, "%s -- %s", verb, buf_str(&quoted));
	does = systemctl(user, buf_str(&verbs));
	buf_clear(&verbs);
	buf_addf(&verbs, "status --full -n 0 -- %s", buf_str(&quoted));
	shows = systemctl(user, buf_str(&verbs));
	buf_addf(&cmd, "%s || { status=$?; { %s; journalctl --no-pager -q -b -n 20 %s %s; } >&2; exit $status; }", does, shows,
		 *user ? "--user-unit" : "-u", buf_str(&quoted));
	a = execute(w, machine, buf_str(&cmd));
	if (a.status || a.signal)
		command_failed(w, does, &a);
}

/* ---- the system's ---- */

void method_wait_for_unit(unsigned machine, const char *unit)
{
	ask_unit(wording(machine, "wait_for_unit"), machine, WIRE_WAIT_UNIT, unit, "", "");
}

void method_wait_for_unit_state(unsigned machine, const char *unit, const char *state)
{
	struct wording w = wording(machine, "wait_for_unit_state");

	check_state(w, state);
	ask_unit(w, machine, WIRE_WAIT_UNIT_STATE, unit, state, "");
}

void method_require_unit_state(unsigned machine, const char *unit, const char *state)
{
	struct wording w = wording(machine, "require_unit_state");

	check_state(w, state);
	ask_unit(w, machine, WIRE_WAIT_UNIT_IS, unit, state, "");
}

char *method_unit_property(unsigned machine, const char *unit, const char *property)
{
	return unit_property(wording(machine, "unit_property"), machine, unit, property, "");
}

struct result method_systemctl(unsigned machine, const char *args)
{
	return run_systemctl(wording(machine, "systemctl"), machine, args, "");
}

void method_start_job(unsigned machine, const char *unit)
{
	run_job(wording(machine, "start_job"), machine, "start", unit, "");
}

void method_stop_job(unsigned machine, const char *unit)
{
	run_job(wording(machine, "stop_job"), machine, "stop", unit, "");
}

/* ---- a user's ---- */

void method_wait_for_user_unit(unsigned machine, const char *unit, const char *user)
{
	struct wording w = wording(machine, "wait_for_user_unit");

	check_user(w, user);
	ask_unit(w, machine, WIRE_WAIT_UNIT, unit, "", user);
}

void method_wait_for_user_unit_state(unsigned machine, const char *unit, const char *state, const char *user)
{
	struct wording w = wording(machine, "wait_for_user_unit_state");

	check_user(w, user);
	check_state(w, state);
	ask_unit(w, machine, WIRE_WAIT_UNIT_STATE, unit, state, user);
}

void method_require_user_unit_state(unsigned machine, const char *unit, const char *state, const char *user)
{
	struct wording w = wording(machine, "require_user_unit_state");

	check_user(w, user);
	check_state(w, state);
	ask_unit(w, machine, WIRE_WAIT_UNIT_IS, unit, state, user);
}

char *method_user_unit_property(unsigned machine, const char *unit, const char *property, const char *user)
{
	struct wording w = wording(machine, "user_unit_property");

	check_user(w, user);
	return unit_property(w, machine, unit, property, user);
}

struct result method_user_systemctl(unsigned machine, const char *args, const char *user)
{
	struct wording w = wording(machine, "user_systemctl");

	check_user(w, user);
	return run_systemctl(w, machine, args, user);
}

void method_start_user_job(unsigned machine, const char *unit, const char *user)
{
	struct wording w = wording(machine, "start_user_job");

	check_user(w, user);
	run_job(w, machine, "start", unit, user);
}

void method_stop_user_job(unsigned machine, const char *unit, const char *user)
{
	struct wording w = wording(machine, "stop_user_job");

	check_user(w, user);
	run_job(w, machine, "stop", unit, user);
}
