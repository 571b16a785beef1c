/* stabs.c - the types of variables, from tcc's debugging information back to C */
#include "script/stabs.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define TYPES_MAX 1000000 /* numbers of types; a script has as many pointers as it has variables, at most */

/* Return: a name in C of the type that @text calls so, or NULL; the caller frees it. @kind: the letter behind its "=" */
static char *name_of(const char *text, size_t n, char kind)
{
	if (n == 0)
		return kind == 'e' ? xstrdup("int") : NULL;
	switch (kind) {
	case 's':
		return xasprintf("struct %.*s", (int)n, text);
	case 'u':
		return xasprintf("union %.*s", (int)n, text);
	case 'e': /* its names may be of a function, and mean nothing elsewhere */
		return xstrdup("int");
	default:
		return strncmp(text, "bool", n) == 0 ? xstrdup("_Bool") : xstrndup(text, n);
	}
}

void stabs_learn(struct stabs *s, const char *text)
{
	const char *colon = strchr(text, ':');
	char *equals;
	unsigned long number;

	if (!colon || (colon[1] != 't' && colon[1] != 'T') || !isdigit((unsigned char)colon[2]))
		return;
	number = strtoul(colon + 2, &equals, 10);
	if (*equals != '=' || number > TYPES_MAX)
		return;
	if (number >= s->n) {
		s->names = xrealloc(s->names, (number + 1) * sizeof(*s->names));
		memset(s->names + s->n, 0, (number + 1 - s->n) * sizeof(*s->names));
		s->n = number + 1;
	}
	free(s->names[number]);
	s->names[number] = name_of(text, (size_t)(colon - text), equals[1]);
}

/* Behind each "number=", which gives the rest of the text a number that nothing needs. */
static const char *skip_numbers(const char *p)
{
	for (;;) {
		const char *digits = p + strspn(p, "0123456789");

		if (digits == p || *digits != '=')
			return p;
		p = digits + 1;
	}
}

/* Put @before and @behind around a declarator, with brackets when it begins with a '*' that is to be read first. */
static void wrap(char **declarator, const char *before, const char *behind)
{
	const bool brackets = *behind && **declarator == '*';
	char *text = xasprintf("%s%s%s%s%s", before, brackets ? "(" : "", *declarator, brackets ? ")" : "", behind);

	free(*declarator);
	*declarator = text;
}

/* Read "ar1;0;LAST;". Return: what is behind it, or NULL when it is no array of a known size. */
static const char *read_array(const char *p, char **declarator)
{
	static const char begin[] = "ar1;0;";
	cleanup_free char *size = NULL;
	char *end;
	long last;

	if (strncmp(p, begin, sizeof(begin) - 1) != 0)
		return NULL;
	last = strtol(p + sizeof(begin) - 1, &end, 10);
	if (*end != ';' || last < 0)
		return NULL;
	size = xasprintf("[%ld]", last + 1);
	wrap(declarator, "", size);
	return end + 1;
}

bool stabs_declare(const struct stabs *s, const char *type, const char *name, struct buf *out)
{
	cleanup_free char *declarator = xstrdup(name);
	unsigned long number;
	char *end;

	for (const char *p = skip_numbers(type);; p = skip_numbers(p)) {
		if (*p == '*') {
			wrap(&declarator, "*", "");
			p++;
		} else if (*p == 'f') {
			wrap(&declarator, "", "()");
			p++;
		} else if (*p == 'a') {
			p = read_array(p, &declarator);
		} else {
			number = strtoul(p, &end, 10);
			if (end == p || *end || number >= s->n || !s->names[number])
				return false;
			buf_addf(out, "%s %s;", s->names[number], declarator);
			return true;
		}
		if (!p)
			return false;
	}
}

void stabs_free(struct stabs *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->names[i]);
	free(s->names);
	*s = (struct stabs){0};
}
