/* fuzz_console.c - any bytes on a guest's serial console, in pieces of any length */
#include "fuzz.h"

#include <stdlib.h>

#include "machine/console.h"

static void panicked(void *arg)
{
	if ((*(int *)arg)++)
		abort(); /* told twice */
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	int panics = 0;
	struct console c = {.name = "fuzz", .panicked = panicked, .arg = &panics};
	size_t piece = n ? data[0] + 1u : 1;

	for (size_t at = 0; at < n; at += piece)
		console_feed(&c, (const char *)data + at, n - at < piece ? n - at : piece);
	console_feed(&c, "\n", 1);
	for (size_t i = 0; i < c.text.len; i++)
		if ((unsigned char)c.text.data[i] < ' ' && c.text.data[i] != '\n' && c.text.data[i] != '\t')
			abort(); /* would reach a terminal or a log as a command */
	if (!c.panic != !panics || c.text.len > 2 * (size_t)CONSOLE_KEEP + 4 * (size_t)CONSOLE_LINE_MAX)
		abort();
	console_free(&c);
	return 0;
}
