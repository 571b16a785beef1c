/* method_screen.c - the methods that look at a machine's screen and press its keys */
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/asking.h"
#include "script/checks.h"
#include "script/methods.h"
#include "script/output.h"
#include "script/run.h"

#define KEYS_BYTES_MAX 255   /* of the names of keys that are pressed together */
#define TYPED_MAX      10000 /* characters of a text: minutes */

static void press(unsigned machine, const char *method, const char *keys, size_t max, uint32_t together)
{
	struct wording w = wording(machine, method);

	check_name(w, keys, together ? "key" : "text", max);
	ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_KEYS, .first = keys, .number = together});
}

void method_send_key(unsigned machine, const char *keys)
{
	press(machine, "send_key", keys, KEYS_BYTES_MAX, 1);
}

void method_send_chars(unsigned machine, const char *text)
{
	press(machine, "send_chars", text, TYPED_MAX, 0);
}

void method_screenshot(unsigned machine, const char *name)
{
	struct wording w = wording(machine, "screenshot");
	cleanup_free char *file = NULL, *lost = NULL;
	struct answer a;

	check_name(w, name, "name", PATH_MAX - 1);
	if (strpbrk(name, "\r\n"))
		run_die(NULL, "%s: the name is more than one line", spoken(w));
	file = xasprintf("%s%s", name, strchr(name, '/') && !text_ends(name, ".png") ? ".png" : "");
	a = ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_SCREENSHOT, .first = run_keep_str(file)});
	if (!a.status)
		return;
	lost = xasprintf("%s(\"%s\") is not kept: run with --artifacts=DIR, or give it a path", spoken(w), name);
	output_note(lost);
}

/* Return: the text; a picture that nothing here can read is no fault of the guest. */
static char *read_screen(struct wording w, unsigned machine, const char *regex)
{
	struct answer a = ask(w, &(struct question){.machine = machine, .call = WIRE_CALL_SCREEN, .first = regex});

	if (a.status) {
		cleanup_free char *why = xasprintf("%s: %s", spoken(w), a.out);

		output_skip(run_keep_str(why));
	}
	return a.out;
}

char *method_screen_text(unsigned machine)
{
	return read_screen(wording(machine, "screen_text"), machine, "");
}

char *method_wait_for_text(unsigned machine, const char *regex)
{
	struct wording w = wording(machine, "wait_for_text");

	check_name(w, regex, "regular expression", CALL_ARGUMENT_MAX);
	if (!check_regex(regex))
		run_leave();
	return read_screen(w, machine, regex);
}
