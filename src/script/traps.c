/* traps.c - what C lets pass and what does not do what it says, found in the text of a script
 *
 * The text is gone through token by token, as outline.c does. This is no parser:
 * where it cannot be sure, it says nothing.
 */
#include "script/traps.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "script/names.h"
#include "script/outline.h"

/* Functions with a format, and which argument that is, from 0; fmt(), which has a conversion of its own, is the first. */
static const struct formatter {
	const char *name;
	int at;
} formatters[] = {{"fmt", 0}, {"printf", 0}, {"sprintf", 1}, {"asprintf", 1}, {"snprintf", 2}};

static bool is_comparison(const char *p)
{
	return (*p == '=' || *p == '!') && p[1] == '=';
}

/* Behind adjacent literals, which are one. Return: whether they are one value, not a byte of it. */
static bool skip_literals(struct token *at)
{
	while (*at->p == '"')
		outline_step(at);
	return *at->p != '[';
}

/* ---- formats ---- */

#define CONVERSIONS_MAX 64 /* of one call: more is a table, or no format */

/* What a format takes, a letter an argument: '*' for a width, else what stands at the end of the conversion. */
struct conversions {
	int n;
	char letters[CONVERSIONS_MAX];
};

static void add_conversion(struct conversions *c, char letter)
{
	if (c->n < CONVERSIONS_MAX)
		c->letters[c->n] = letter;
	c->n++;
}

/* Add a literal's conversions. Return: 0, or -1 when they are not clear. */
static int add_conversions(const char *p, const char *end, struct conversions *c)
{
	for (; p < end; p++) {
		if (*p != '%')
			continue;
		for (p++; p < end && strchr("-+ #0123456789.*hlLqjzt", *p) && *p != 'q'; p++)
			if (*p == '*')
				add_conversion(c, '*');
		if (p == end || *p == '"') /* PRId64 and the like follow */
			return -1;
		if (*p != '%')
			add_conversion(c, *p);
	}
	return 0;
}

/* Return: whether the argument at @at is a literal that a conversion cannot take. */
static bool is_other_kind(struct token at, char letter)
{
	const bool text = *at.p == '"', number = isdigit((unsigned char)*at.p) && *at.p != '0';

	if (text && !skip_literals(&at))
		return false;
	if (number)
		outline_step(&at);
	if (*at.p != ',' && *at.p != ')')
		return false;
	return (text && strchr("*dioxXucfFeEgGaA", letter)) || (number && strchr("sqp", letter));
}

/* Go behind an argument. Return: whether another one follows, and @at is at its beginning. */
static bool skip_argument(struct token *at)
{
	int depth = 0;

	while (*at->p) {
		depth += outline_nesting(*at->p);
		if (depth < 0)
			return false;
		if (depth == 0 && *at->p == ',') {
			outline_step(at);
			return true;
		}
		outline_step(at);
	}
	return false;
}

/* The call whose arguments begin at @at. Return: 0, or -1 when nothing can be said; @wrong is the conversion of an argument of another kind. */
static int count_call(struct token at, int format, struct conversions *c, int *arguments, char *wrong)
{
	*c = (struct conversions){0};
	*wrong = '\0';
	for (*arguments = 0; format > 0; format--)
		if (!skip_argument(&at))
			return -1;
	if (*at.p != '"')
		return -1;
	while (*at.p == '"') {
		if (add_conversions(at.p + 1, outline_skip_token(at.p) - 1, c) < 0)
			return -1;
		outline_step(&at);
	}
	if (*at.p == ')')
		return 0;
	if (*at.p != ',')
		return -1;
	outline_step(&at);
	do {
		const int i = (*arguments)++;

		if (i < c->n && i < CONVERSIONS_MAX && !*wrong && is_other_kind(at, c->letters[i]))
			*wrong = c->letters[i];
	} while (skip_argument(&at));
	return *at.p == ')' ? 0 : -1;
}

static const struct formatter *find_formatter(const char *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(formatters); i++)
		if (outline_is(p, formatters[i].name))
			return &formatters[i];
	return NULL;
}

/* @before: the last character of the token in front: behind a word it is a declaration, behind '.' or '>' a member. */
static char *check_format(struct token at, char before)
{
	const struct formatter *f = find_formatter(at.p);
	struct conversions c;
	int arguments;
	char wrong;

	if (!f || isalnum((unsigned char)before) || strchr("_*.>", before))
		return NULL;
	outline_step(&at);
	if (*at.p != '(')
		return NULL;
	outline_step(&at);
	if (count_call(at, f->at, &c, &arguments, &wrong) < 0)
		return NULL;
	if (f != formatters && memchr(c.letters, 'q', sizeof(c.letters)))
		return xasprintf("%%q is of fmt() alone, and not of %s()", f->name);
	if (c.n != arguments)
		return xasprintf("the format of %s() takes %d argument%s, and %d follow%s", f->name, c.n, c.n == 1 ? "" : "s",
				 arguments, arguments == 1 ? "s" : "");
	if (!wrong)
		return NULL;
	return xasprintf("the format of %s() has %%%c for a %s", f->name, wrong, strchr("sqp", wrong) ? "number" : "text");
}

/* ---- numbers ---- */

/* Return: the parameter that @list has behind this one, or NULL. */
static const char *next_parameter(const char *list)
{
	list = strchr(list, ',');
	return list ? outline_skip_space(list + 1) : NULL;
}

/* A method, whose name is at @at behind a '.' or a "->", that is given a text for a number: the compiler takes its address for one. */
static char *check_numbers(struct token at, char before)
{
	cleanup_free char *name = strchr(".>", before) ? xstrndup(at.p, (size_t)(outline_skip_token(at.p) - at.p)) : NULL;
	const char *parameter = name ? names_parameters(name) : NULL;

	if (!parameter)
		return NULL;
	outline_step(&at);
	if (*at.p != '(')
		return NULL;
	outline_step(&at);
	for (parameter++; parameter; parameter = next_parameter(parameter)) {
		if (*at.p == '"' && outline_is(parameter, "double"))
			return xasprintf("%s() takes a number here, and this is a text", name);
		if (!skip_argument(&at))
			break;
	}
	return NULL;
}

/* ---- escapes ---- */

static size_t count_digits(const char *p)
{
	size_t n = 0;

	while (isxdigit((unsigned char)p[n]))
		n++;
	return n;
}

/*
 * An escape in a literal that stands for more than a byte: the compiler keeps the last byte of it. One of a wide literal may:
 * @before is the character in front, an 'L' then.
 */
static char *check_escapes(const char *p, char before)
{
	const char *end = outline_skip_token(p);

	if (*p != '"' || before == 'L')
		return NULL;
	for (p++; p < end; p++) {
		size_t n;

		if (*p != '\\')
			continue;
		p++;
		n = count_digits(p + 1);
		if (*p == 'x' && n > 2)
			return xasprintf("\\x%.*s is read as one byte: a text of its own ends it, \"\\x%.2s\" \"%.*s\"", (int)n, p + 1, p + 1,
					 (int)n - 2, p + 3);
		if ((*p == 'u' || *p == 'U') && strtoul(p + 1, NULL, 16) > 0x7F)
			return xasprintf("\\%.*s would become one byte: write the character itself", (int)n + 1, p);
	}
	return NULL;
}

/* ---- results ---- */

/* What does nothing but return something; of those that also fail a test, none. */
static const char *const pure[] = {"contains", "accelerated", "slowness", "job_running", "job_output", "strcmp", "strncmp", "strlen",
	"strstr", "strchr", "atoi", NULL};
static const char *const pure_methods[] = {"is_up", NULL};

/* Go behind "web", "node[i]", "p->" and the like, to the last word of them. Return: whether it is a member. */
static bool skip_object(struct token *at)
{
	bool member = false;

	for (struct token next = *at; isalpha((unsigned char)*next.p) || *next.p == '_'; member = true) {
		*at = next;
		outline_step(&next);
		if (*next.p == '[') {
			outline_step(&next);
			while (*next.p && *next.p != ']')
				outline_step(&next);
			outline_step(&next);
		}
		if (*next.p == '-' && next.p[1] == '>')
			outline_step(&next);
		else if (*next.p != '.')
			break;
		outline_step(&next);
	}
	return member;
}

/* A statement at @at that is a call whose result nobody looks at, and which does nothing else; or what would be a call with its (). */
static char *check_result(struct token at)
{
	static const char *const calls[] = {"start_all", "join_all", NULL};
	const char *begin = at.p;
	const bool member = skip_object(&at) && at.p > begin;
	const char *name = at.p;
	const int length = (int)(outline_skip_token(name) - name);
	cleanup_free char *word = xstrndup(name, (size_t)length);

	outline_step(&at);
	if (*at.p == ';' && (member ? names_parameters(word) != NULL : outline_is_one_of(name, calls)))
		return xasprintf("%s is not called here: %s(...) does that", word, word);
	if (!outline_is_one_of(name, member ? pure_methods : pure))
		return NULL;
	if (*at.p != '(')
		return NULL;
	outline_step(&at);
	while (skip_argument(&at))
		;
	if (*at.p != ')')
		return NULL;
	outline_step(&at);
	return *at.p == ';' ? xasprintf("%.*s() does nothing but return something, which is not used here", length, name) : NULL;
}

/* ---- conditions ---- */

/* m.is_up without its (): the function's address, which is always true. */
static char *check_method(struct token at, char before)
{
	if (!strchr(".>", before) || !outline_is_one_of(at.p, pure_methods))
		return NULL;
	outline_step(&at);
	return *at.p == '(' ? NULL : xstrdup("is_up is a function, and is always true: is_up() is whether the machine is up");
}

/* Return: whether the '=' at @p assigns. */
static bool is_assignment(const char *p)
{
	return *p == '=' && p[1] != '=' && !strchr("=!<>+-*/%&|^", p[-1]);
}

/* ok(x = 5), if (x = 5): of a constant, the condition is one as well. */
static char *check_condition(struct token at, char before)
{
	static const char *const words[] = {"ok", "if", "while", NULL};
	int depth = 0;

	if (strchr(".>", before) || !outline_is_one_of(at.p, words))
		return NULL;
	outline_step(&at);
	if (*at.p != '(')
		return NULL;
	do {
		const bool assigns = is_assignment(at.p);

		depth += outline_nesting(*at.p);
		outline_step(&at);
		if (!assigns || !(isdigit((unsigned char)*at.p) || *at.p == '"'))
			continue;
		outline_step(&at);
		if (*at.p && strchr("),&|", *at.p))
			return xstrdup("'=' assigns, and what is assigned is always the same: '==' compares");
	} while (depth > 0 && *at.p && *at.p != ';' && *at.p != '{');
	return NULL;
}

/* ---- all of it ---- */

#define COMPARED "a comparison with a text compares addresses: is(a, \"text\") compares texts, and so does strcmp()"

static void find_escapes(const char *text, traps_tell_fn *tell, void *arg)
{
	char before = ';';

	for (struct token at = outline_begin(text); *at.p;) {
		cleanup_free char *wrong = check_escapes(at.p, before);

		if (wrong)
			tell(arg, at.line, wrong);
		before = outline_skip_token(at.p)[-1];
		if (*at.p == '#' && outline_starts_line(text, at.p))
			outline_skip_line(&at);
		else
			outline_step(&at);
	}
}

void traps_find(const char *text, traps_tell_fn *tell, void *arg)
{
	struct token at = outline_begin(text);
	char before = ';';
	int inside = 0; /* parentheses: what ends with a ';' there is no statement */

	while (*at.p) {
		const struct token here = at;
		char *wrong[] = {check_format(at, before), check_numbers(at, before), check_method(at, before), check_condition(at, before),
				 inside <= 0 && strchr(";{}", before) ? check_result(at) : NULL};
		const char *end = outline_skip_token(at.p);

		for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
			if (wrong[i])
				tell(arg, at.line, wrong[i]);
			free(wrong[i]);
		}
		inside += *at.p == '(' ? 1 : *at.p == ')' ? -1 : 0;
		if (*at.p == '#' && outline_starts_line(text, at.p)) {
			outline_skip_line(&at);
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
			outline_step(&at);
			outline_step(&at);
			if (*at.p == '"' && before != '"' && skip_literals(&at))
				tell(arg, here.line, COMPARED);
			before = '=';
			continue;
		}
		before = end[-1];
		outline_step(&at);
	}
	find_escapes(text, tell, arg);
}
