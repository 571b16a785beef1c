/* shape.c - what is wrong with how a script declares its machines, networks, tests and setups, and with its brackets */
#include "script/shape.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/names.h"
#include "script/outline.h"

#define DEPTH_MAX 128 /* of brackets in brackets: more is no script */

enum kind {
	WORD,	   /* its name is a word */
	WORD_MANY, /* ... and how many there are follows */
	QUOTED,	   /* its name is in quotes, and a block follows */
};

/* What stands at file scope, and how. */
static const struct form {
	const char *word;
	enum kind kind;
	const char *what, *written;
	const char *const *fields;
} forms[] = {
	{"vm", WORD, "machine", "vm(server);", names_vm_fields},
	{"vm_array", WORD_MANY, "group of machines", "vm_array(node, 3);", names_vm_fields},
	{"net", WORD, "network", "net(lan);", names_net_fields},
	{"test", QUOTED, "test", "test(\"name\") { ... }", names_test_fields},
	{"setup", QUOTED, "setup", "setup { ... } or setup(\"name\") { ... }", names_test_fields},
};

static const char *const keywords[] = {"auto", "break", "case", "char", "const", "continue", "default", "do", "double", "else", "enum",
	"extern", "float", "for", "goto", "if", "inline", "int", "long", "register", "restrict", "return", "short", "signed", "sizeof",
	"static", "struct", "switch", "typedef", "union", "unsigned", "void", "volatile", "while", NULL};

static bool is_identifier(const char *p)
{
	return (isalpha((unsigned char)*p) || *p == '_') && !outline_is_one_of(p, keywords);
}

/* Go behind a value. Return: whether a ',' or the ')' of the declaration is there. */
static bool skip_value(struct token *at)
{
	for (int depth = 0; *at->p; outline_step(at)) {
		if (depth == 0 && strchr(",);", *at->p))
			return *at->p != ';';
		depth += outline_nesting(*at->p);
	}
	return false;
}

/* Go behind the name. Return: whether there is one. */
static bool skip_name(const struct form *f, struct token *at)
{
	if (!is_identifier(at->p) && (f->kind != QUOTED || *at->p != '"'))
		return false;
	do
		outline_step(at); /* a text may be of several, or a macro */
	while (f->kind == QUOTED && (*at->p == '"' || is_identifier(at->p)));
	return *at->p == ',' || *at->p == ')';
}

/* Return: what is wrong with a field of that name, or NULL. */
static char *check_field(const struct form *f, const char *name, int length)
{
	cleanup_free char *field = xstrndup(name, (size_t)length);
	const char *near;

	if (names_has(f->fields, field))
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (names_has(forms[i].fields, field))
			return xasprintf("a %s has no field '%s'; a %s has it", f->what, field, forms[i].what);
	near = text_nearest(field, f->fields);
	return near ? xasprintf("a %s has no field '%s'; did you mean '%s'?", f->what, field, near)
		    : xasprintf("a %s has no field '%s'", f->what, field);
}

/* The ".name = value" at @at. Return: NULL, or what is wrong with it but for the value. */
static char *begin_field(const struct form *f, struct token *at)
{
	const bool dotted = *at->p == '.';
	const char *name;
	int length;

	if (dotted)
		outline_step(at);
	name = at->p;
	length = (int)(outline_skip_token(name) - name);
	if (!is_identifier(name))
		return xasprintf("behind the name of a %s come its fields, each with a dot: .name = value", f->what);
	outline_step(at);
	if (!dotted || *at->p != '=')
		return xasprintf("a field is written with a dot and a '=': .%.*s = value", length, name);
	outline_step(at);
	return check_field(f, name, length);
}

static char *not_closed(const struct form *f)
{
	return xasprintf("the '(' of this %s(...) is not closed", f->word);
}

/* Go behind the "(...)" at @at. Return: NULL, or what is wrong with it; @line becomes that of a wrong field. */
static char *skip_arguments(const struct form *f, struct token *at, int *line)
{
	outline_step(at);
	if (!skip_name(f, at))
		return xasprintf("a %s has a name %s, and behind it ',' or ')': %s", f->what,
				 f->kind == QUOTED ? "in double quotes" : "of letters, digits and '_'", f->written);
	if (f->kind == WORD_MANY) {
		if (*at->p != ',')
			return xasprintf("how many machines there are follows their name: %s", f->written);
		outline_step(at);
		if (!skip_value(at))
			return not_closed(f);
	}
	while (*at->p == ',') {
		struct token field;
		char *wrong;

		outline_step(at);
		field = *at;
		if (*at->p == ')')
			break;
		wrong = begin_field(f, at);
		if (wrong) {
			*line = field.line;
			return wrong;
		}
		if (!skip_value(at))
			return not_closed(f);
	}
	outline_step(at);
	return NULL;
}

/* The declaration whose word is in front of @at. @line is its line, and becomes that of what is wrong. */
static char *check_form(const struct form *f, struct token at, int *line)
{
	const bool named = *at.p == '(';
	char *wrong = named ? skip_arguments(f, &at, line) : NULL;

	if (wrong)
		return wrong;
	if (f->kind != QUOTED && !named)
		return xasprintf("%s declares a %s, whose type is struct %s", f->written, f->what,
				 f->fields == names_net_fields ? "net" : "vm");
	if (f->kind != QUOTED)
		return *at.p == ';' ? NULL : xasprintf("there is no ';' at the end of this %s: %s", f->what, f->written);
	if (*at.p == ';')
		return xasprintf("what a %s does follows at once, without a ';': %s", f->what, f->written);
	return *at.p == '{' ? NULL : xasprintf("what a %s does belongs in braces: %s", f->what, f->written);
}

/* What begins at @at, at file scope, in that @line. */
static char *check_item(struct token at, int *line)
{
	const char *word = at.p;
	const int length = (int)(outline_skip_token(word) - word);

	if (*word == '}')
		return xstrdup("there is a '}' too many");
	outline_step(&at);
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
		if (outline_is(word, forms[i].word))
			return check_form(&forms[i], at, line);
	if (*at.p == '.' && is_identifier(word))
		return xasprintf("what a machine does belongs in a test or a setup: setup { %.*s. ... }", length, word);
	return NULL;
}

char *shape_find(const char *text, int *line)
{
	struct token at = outline_begin(text);
	bool begins = true;

	for (int depth = 0; *at.p;) {
		if (*at.p == '#' && outline_starts_line(text, at.p)) {
			outline_skip_line(&at);
			continue;
		}
		if (begins && depth == 0) {
			char *wrong;

			*line = at.line;
			wrong = check_item(at, line);
			if (wrong)
				return wrong;
		}
		depth += outline_nesting(*at.p);
		begins = depth == 0 && (*at.p == ';' || *at.p == '}');
		outline_step(&at);
	}
	return NULL;
}

static char closing_of(char open)
{
	return open == '(' ? ')' : open == '[' ? ']' : '}';
}

int shape_open_bracket(const char *text, char *missing)
{
	struct token open[DEPTH_MAX];
	size_t depth = 0;

	for (struct token at = outline_begin(text); *at.p; outline_step(&at)) {
		if (outline_nesting(*at.p) > 0) {
			if (depth == DEPTH_MAX)
				return 0;
			open[depth++] = at;
		} else if (outline_nesting(*at.p) < 0 && depth > 0) {
			*missing = closing_of(*open[--depth].p);
			if (*at.p != *missing) /* what is around it is closed first */
				return open[depth].line;
		}
	}
	if (!depth)
		return 0;
	*missing = closing_of(*open[0].p);
	return open[0].line;
}
