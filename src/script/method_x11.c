/* method_x11.c - the methods that ask a machine's X server, by xwininfo(1) in the guest
 *
 * The server is the one on display 0. Who starts it keeps a key to it, in a file
 * that the server was told of by -auth: root may read that, too.
 */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "script/asking.h"
#include "script/checks.h"
#include "script/methods.h"
#include "script/run.h"

/* A shell's function: the names of all windows, a line each. */
static const char windows[] =
	"windows() {\n"
	"	server=$(grep -lsxE 'X|Xorg|Xorg.bin|Xvfb|Xwayland|Xephyr|Xvnc|Xtigervnc' /proc/[0-9]*/comm | head -n 1)\n"
	"	[ ! \"$server\" ] || XAUTHORITY=$(tr '\\0' '\\n' <\"${server%comm}cmdline\" | sed -n '/^-auth$/{n;p;}')\n"
	"	tree=$(DISPLAY=:0 XAUTHORITY=$XAUTHORITY xwininfo -root -tree) || return\n"
	"	echo \"$tree\" | sed -n 's/^ *0x[0-9a-f]* \"\\(.*\\)\": (.*$/\\1/p'\n"
	"}\n";

/* Without the program every wait would be in vain. */
static void check_program(struct wording w, unsigned machine)
{
	const struct question q = {.machine = machine, .call = WIRE_CALL_EXEC, .first = "command -v xwininfo"};

	if (ask(w, &q).status != 0)
		run_die(NULL, "%s: the guest has no xwininfo (Debian: x11-utils)", spoken(w));
}

/* Wait until @command, behind the function, succeeds. @told: what a person is told that it waits for */
static struct answer await(unsigned machine, const char *method, const char *command, const char *told)
{
	struct wording w = wording(machine, method);
	cleanup_free char *all = xasprintf("%s%s", windows, command);

	check_program(w, machine);
	return ask(w, &(struct question){.machine = machine,
					 .call = WIRE_CALL_WAIT,
					 .first = run_keep_str(all),
					 .told = told,
					 .number = WIRE_WAIT_SUCCEEDS});
}

void method_wait_for_x(unsigned machine)
{
	await(machine, "wait_for_x", "windows >/dev/null", "");
}

char *method_window_names(unsigned machine)
{
	struct wording w = wording(machine, "window_names");
	cleanup_free char *command = xasprintf("%swindows", windows);
	struct answer a;

	check_program(w, machine);
	a = ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_EXEC, .first = run_keep_str(command), .told = ""});
	if (a.status || a.signal)
		run_die((const struct pair[]){{"machine", w.machine}, {"stderr", text_tail(a.err, a.err_len, SIZE_MAX, RUN_VALUE_MAX)}, {0}},
			"%s: no X server answers on display :0", spoken(w));
	return a.out;
}

char *method_wait_for_window(unsigned machine, const char *regex)
{
	cleanup_buf struct buf command = {0};
	struct answer a;

	check_name(wording(machine, "wait_for_window"), regex, "regular expression", CALL_ARGUMENT_MAX / 2);
	if (!check_regex(regex))
		run_leave();
	buf_adds(&command, "names=$(windows) || exit; echo \"$names\" | grep -E -e ");
	text_quote_shell(&command, regex);
	buf_adds(&command, " || { echo \"windows: $names\"; exit 1; }");
	a = await(machine, "wait_for_window", buf_str(&command), regex);
	return substituted(&a);
}
