/* ready.c - what a script's .ready means to an agent (pure) */
#include "wire/ready.h"

#include <stdlib.h>
#include <string.h>

#define DIGITS_MAX 9 /* of a number that is a port, if a wrong one */

/* systemd.unit(5) */
static const char *const unit_kinds[] = {
	".service", ".socket", ".target", ".mount", ".automount", ".path", ".timer", ".device", ".swap", ".slice", ".scope",
};

static int is_unit(const char *text)
{
	const char *dot = strrchr(text, '.');

	for (size_t i = 0; dot > text && i < sizeof(unit_kinds) / sizeof(*unit_kinds); i++)
		if (strcmp(dot, unit_kinds[i]) == 0)
			return 1;
	return 0;
}

struct ready ready_read(const char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (!text)
		return (struct ready){.what = WIRE_WAIT_READY, .subject = ""};
	if (n && n <= DIGITS_MAX && strspn(text, "0123456789") == n)
		return (struct ready){.what = WIRE_WAIT_PORT, .subject = "", .port = (uint32_t)strtoul(text, NULL, 10)};
	if (strpbrk(text, " \t\n"))
		return (struct ready){.what = WIRE_WAIT_SUCCEEDS, .subject = text};
	if (*text == '/')
		return (struct ready){.what = WIRE_WAIT_FILE, .subject = text};
	if (!strchr(text, '/') && is_unit(text))
		return (struct ready){.what = WIRE_WAIT_UNIT, .subject = text};
	return (struct ready){.what = WIRE_WAIT_SUCCEEDS, .subject = text};
}
