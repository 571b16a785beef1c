/* callers.c - the way to a line of the script, for people */
#include "script/callers.h"

#include <stdio.h>

#define SOURCE_MAX 160 /* bytes of a source line: it is there to be recognized */

static void add(const struct sources *s, const struct place *p, size_t lost, char *out, size_t size)
{
	char source[SOURCE_MAX], more[64] = "";
	int n;

	sources_line(s, p->file, p->line, source, sizeof(source));
	if (lost)
		snprintf(more, sizeof(more), "(%zu more)\n", lost);
	n = snprintf(out, size, "%s%s:%d%s%s\n", more, p->file, p->line, *source ? ": " : "", source);
	if (n < 0 || (size_t)n >= size)
		*out = '\0';
}

void callers_describe(const struct sources *s, const struct chain *c, char *out, size_t size)
{
	size_t used = 0;

	*out = '\0';
	for (size_t i = 1; i < c->n; i++) {
		add(s, &c->places[i], i + 1 == c->n ? c->lost : 0, out + used, size - used);
		while (out[used])
			used++;
	}
	if (used)
		out[used - 1] = '\0'; /* the last line end */
}
