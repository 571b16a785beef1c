/* traps.c - what C lets pass and what does not do what it says, found in the text of a script
 *
 * The text is gone through token by token, as outline.c does. This is no parser:
 * where it cannot be sure, it says nothing.
 */
#include "script/traps.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "script/outline.h"

/* Functions with a format, and which argument that is, from 0. */
static const struct formatter {
	const char *name;
	int at;
} formatters[] = {{"fmt", 0}, {"printf", 0}, {"sprintf", 1}, {"asprintf", 1}, {"snprintf", 2}};

struct place {
	const char *p;
	int line;
};

static int count_lines(const char *from, const char *to)
{
	int n = 0;

	for (; from < to; from++)
		n += *from == '\n';
	return n;
}

/* Go behind the token at @at and what is no token behind it; directives are none. */
static void step(struct place *at)
{
	const char *from = at->p;

	at->p = outline_skip_space(outline_skip_token(at->p));
	at->line += count_lines(from, at->p);
}

static bool is_comparison(const char *p)
{
	return (*p == '=' || *p == '!') && p[1] == '=';
}

/* Behind adjacent literals, which are one. Return: whether they are one value, not a byte of it. */
static bool skip_literals(struct place *at)
{
	while (*at->p == '"')
		step(at);
	return *at->p != '[';
}

/* ---- formats ---- */

/* Return: how many arguments a literal's conversions take; -1 when that is not clear. */
static int count_conversions(const char *p, const char *end)
{
	int n = 0;

	for (; p < end; p++) {
		if (*p != '%')
			continue;
		for (p++; p < end && strchr("-+ #0123456789.*hlLqjzt", *p) && *p != 'q'; p++)
			n += *p == '*';
		if (p == end || *p == '"') /* PRId64 and the like follow */
			return -1;
		n += *p != '%';
	}
	return n;
}

/* Go behind an argument. Return: whether another one follows, and @at is at its beginning. */
static bool skip_argument(struct place *at)
{
	int depth = 0;

	while (*at->p) {
		depth += outline_nesting(*at->p);
		if (depth < 0)
			return false;
		if (depth == 0 && *at->p == ',') {
			step(at);
			return true;
		}
		step(at);
	}
	return false;
}

/* The call whose arguments begin at @at. Return: 0, or -1 when nothing can be said; conversions and arguments are set. */
static int count_call(struct place at, int format, int *conversions, int *arguments)
{
	int n;

	for (*conversions = *arguments = 0; format > 0; format--)
		if (!skip_argument(&at))
			return -1;
	if (*at.p != '"')
		return -1;
	while (*at.p == '"') {
		n = count_conversions(at.p + 1, outline_skip_token(at.p) - 1);
		if (n < 0)
			return -1;
		*conversions += n;
		step(&at);
	}
	if (*at.p == ')')
		return 0;
	if (*at.p != ',')
		return -1;
	step(&at);
	do {
		++*arguments;
	} while (skip_argument(&at));
	return *at.p == ')' ? 0 : -1;
}

static const struct formatter *find_formatter(const char *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(formatters); i++) {
		size_t n = strlen(formatters[i].name);

		if (strncmp(p, formatters[i].name, n) == 0 && outline_skip_token(p) == p + n)
			return &formatters[i];
	}
	return NULL;
}

/* @before: the last character of the token in front: behind a word it is a declaration, behind '.' or '>' a member. */
static char *check_format(struct place at, char before)
{
	const struct formatter *f = find_formatter(at.p);
	int conversions, arguments;

	if (!f || isalnum((unsigned char)before) || strchr("_*.>", before))
		return NULL;
	step(&at);
	if (*at.p != '(')
		return NULL;
	step(&at);
	if (count_call(at, f->at, &conversions, &arguments) < 0 || conversions == arguments)
		return NULL;
	return xasprintf("the format of %s() takes %d argument%s, and %d follow%s", f->name, conversions,
			 conversions == 1 ? "" : "s", arguments, arguments == 1 ? "s" : "");
}

/* ---- all of it ---- */

#define COMPARED "a comparison with a text compares addresses: is(a, \"text\") compares texts, and so does strcmp()"

void traps_find(const char *text, void (*tell)(void *arg, int line, const char *message), void *arg)
{
	struct place at = {.p = outline_skip_space(text), .line = 1};
	char before = ';';

	at.line += count_lines(text, at.p);
	while (*at.p) {
		const struct place here = at;
		cleanup_free char *wrong = check_format(at, before);
		const char *end = outline_skip_token(at.p);

		if (wrong)
			tell(arg, at.line, wrong);
		if (*at.p == '#' && outline_starts_line(text, at.p)) {
			at.p = outline_skip_space(outline_line_end(at.p));
			at.line += count_lines(here.p, at.p);
			continue;
		}
		if (*at.p == '"') {
			bool whole = skip_literals(&at) && before != '*';

			if (whole && is_comparison(at.p))
				tell(arg, here.line, COMPARED);
			before = '"';
			continue;
		}
		if (is_comparison(at.p)) {
			step(&at);
			step(&at);
			if (*at.p == '"' && before != '"' && skip_literals(&at))
				tell(arg, here.line, COMPARED);
			before = '=';
			continue;
		}
		before = end[-1];
		step(&at);
	}
}

int traps_open_block(const char *text)
{
	struct place at = {.p = outline_skip_space(text), .line = 1};
	int depth = 0, line = 0;

	at.line += count_lines(text, at.p);
	for (; *at.p; step(&at)) {
		if (*at.p == '{' && depth++ == 0)
			line = at.line;
		else if (*at.p == '}' && depth > 0)
			depth--;
	}
	return depth > 0 ? line : 0;
}
