/* diagnose.c - what is wrong with a script, for the user */
#include "script/diagnose.h"

#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/embed.h"
#include "script/internals.h"
#include "script/names.h"
#include "script/outline.h"
#include "script/script.h"
#include "script/shape.h"

#define NAMES_MAX	1024 /* identifiers looked at for "did you mean" */
#define SHOWN_LINE_MAX	160  /* bytes of a source line that are shown */
#define NESTED		"function without file scope cannot be static" /* what tcc says of a test in a function */
#define SOURCE_LINE_MAX 512  /* bytes of a line that are searched for a field */

/* What tcc lets pass with a warning and we do not: code that would not do what it says. */
static const char *const promoted[] = {
	"implicit declaration of function",
	"assignment makes pointer from integer",
	"assignment makes integer from pointer",
	"assignment from incompatible pointer type",
	"assignment of read-only location",
	"pointer/integer mismatch",
	"pointer type mismatch",
	"comparison of distinct pointer types",
	"function might return no value",
	"void function returns a value",
	"'return' with no value",
	"initializer-string for array is too long",
	"integer constant overflow",
	"unknown escape sequence",
	"multi-character character constant",
	"redefined",
	"#warning",
};

void diagnose_free(struct diagnostics *d)
{
	buf_free(&d->text);
}

int diagnose(struct diagnostics *d, const char *file, int line, const char *fmt, ...)
{
	cleanup_buf struct buf message = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&message, fmt, ap);
	va_end(ap);
	buf_addf(&d->text, "%s:%d: error: ", file, line);
	for (const char *p = buf_str(&message); *p; p++) { /* a line without a place helps nobody */
		if (*p == '\n')
			buf_adds(&d->text, "; ");
		else
			buf_addc(&d->text, *p);
	}
	buf_addc(&d->text, '\n');
	d->count++;
	return -1;
}

/* Return: where @line stands among the sources: by file, then by line. */
static unsigned long long position(const struct sources *s, const char *line)
{
	for (size_t i = 0; i < s->n; i++) {
		size_t n = strlen(s->files[i].path);

		if (strncmp(line, s->files[i].path, n) == 0 && line[n] == ':')
			return (unsigned long long)i << 32 | strtoul(line + n + 1, NULL, 10);
	}
	return 0;
}

void diagnose_sort(struct diagnostics *d)
{
	struct buf left = d->text, sorted = {0};

	while (left.len) {
		const char *first = left.data;
		size_t n;

		for (const char *p = first; (p = strchr(p, '\n')) && p[1];)
			if (position(d->sources, ++p) < position(d->sources, first))
				first = p;
		n = strcspn(first, "\n") + 1;
		buf_add(&sorted, first, n);
		memmove(left.data + (first - left.data), first + n, left.len - (size_t)(first - left.data) - n + 1);
		left.len -= n;
	}
	d->text = sorted;
	buf_free(&left);
}

/* A name that people know from elsewhere, and what it is here. */
struct elsewhere {
	const char *there, *here;
};

/* Fields and methods, of Python's subprocess, the shell and other drivers. */
static const struct elsewhere fields_elsewhere[] = {
	{"exit_code", "status"}, {"exit_status", "status"}, {"returncode", "status"}, {"rc", "status"}, {"code", "status"},
	{"stdout", "out"}, {"output", "out"}, {"stderr", "err"}, {"run", "execute"}, {"exec", "execute"},
};

/* Return: what that is here, or NULL. */
static const char *find_elsewhere(const struct elsewhere *names, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, names[i].there) == 0)
			return names[i].here;
	return NULL;
}

static void hint_field(struct buf *out, const char *word)
{
	const char *here = find_elsewhere(fields_elsewhere, ARRAY_SIZE(fields_elsewhere), word);
	const char *near = here ? here : text_nearest(word, names_fields);

	if (names_has(names_net_methods, word))
		buf_addf(out, " here; it is a network's: net(lan); ... lan.%s(...)", word);
	else if (names_has(names_methods, word))
		buf_addf(out, " here; it is a machine's: vm(server); ... server.%s(...)", word);
	else if (near && strcmp(near, word) != 0)
		buf_addf(out, "; did you mean '%s'?", near);
}

/* Of an unknown field in vm(x, .field = ...) tcc tells only the line. Return: its name, to be freed, or NULL. */
static char *unknown_field(const char *line)
{
	for (const char *p = line; (p = strchr(p, '.')); p++) {
		cleanup_free char *word = xstrndup(p + 1, strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_0123456789"));

		if (*word && !names_has(names_fields, word) && p[1 + strlen(word) + strspn(p + 1 + strlen(word), " ")] == '=')
			return steal(word);
	}
	return NULL;
}

/* Return: the word after @prefix in @text, without quotes, to be freed; NULL when @text does not start so. */
static char *word_after(const char *text, const char *prefix)
{
	const char *word = text + strlen(prefix);

	if (!text_starts(text, prefix))
		return NULL;
	return xstrndup(word, strcspn(word, "'"));
}

#define A_NUMBER    "something else belongs here, such as a text, and this is a number"
#define A_STRUCTURE "a structure, as execute() returns, is not a number or a text: take its .out or .status"

/* What tcc says where two types do not fit, and what that means in a script. */
static const char *const in_our_words[][2] = {
	{"assignment makes pointer from integer", "a text or another pointer belongs here, and this is a number"},
	{"assignment makes integer from pointer", "a number belongs here, and this is a text or another pointer"},
	{"assignment from incompatible pointer type", "a pointer to something else belongs here"},
	{"struct or union expected", "a '.' is for machines and structures: what is a pointer to one takes '->'"},
	{"cannot convert 'struct result'", A_STRUCTURE},
	{"cannot convert 'double'", A_NUMBER},
	{"cannot convert 'float'", A_NUMBER},
	{"cannot convert 'long double'", A_NUMBER},
	{"invalid number", "there is a number with something in it that C does not know, such as a unit"},
	{"initializer element is not constant", "a constant belongs here, such as a text in quotes: outside of functions nothing is computed"},
	{"invalid aggregate type for register load", A_STRUCTURE},
};

static const char *our_words(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(in_our_words); i++)
		if (text_starts(text, in_our_words[i][0]))
			return in_our_words[i][1];
	return NULL;
}

/* Return: how many arguments stand in "(...)" at @p; -1 when it is not closed in this text. */
static int count_arguments(const char *p)
{
	int depth = 1, n = 0;

	while (depth > 0) {
		p = outline_skip_space(outline_skip_token(p));
		if (!*p)
			return -1;
		depth += outline_nesting(*p);
		if (depth > 0)
			n += n == 0 || (*p == ',' && depth == 1);
	}
	return n;
}

/* Return: the "(...)" that a method takes, or a function or macro of vmtap.h, and what follows; NULL for any other name. */
static const char *parameters_of(const char *name)
{
	const char *method = names_parameters(name), *header, *end;
	cleanup_free char *call = xasprintf("%s(", name);
	size_t n;

	if (method)
		return method;
	header = embed_header(&n);
	for (const char *p = header; (p = strstr(p, call)); p++) {
		const char *line = p;

		while (line > header && line[-1] != '\n')
			line--;
		end = strchr(p, '\n');
		if (p == line || !strchr(" *", p[-1]) || !end)
			continue;
		if (text_starts(line, "#define ") ? p == line + 8 : isalpha((unsigned char)*line) && memchr(p, ';', (size_t)(end - p)))
			return p + strlen(name);
	}
	return NULL;
}

/* Return: whether "(...)" that declares what there is takes @n arguments. */
static bool takes(const char *parameters, int n)
{
	const int count = count_arguments(parameters);
	const bool more = memmem(parameters, strcspn(parameters, ")"), "...", 3) != NULL;

	return text_starts(parameters, "(void)") ? n == 0 : more ? n >= count - 1 : n == count;
}

/* Append how a function is called that takes @parameters. */
static void add_call(struct buf *out, const char *name, const char *parameters)
{
	if (parameters)
		buf_addf(out, "; it is %s%.*s)", name, (int)strcspn(parameters, ")"), parameters);
}

/* What people type who come from other languages. */
static const struct elsewhere names_elsewhere[] = {
	{"assert", "ok(condition) is the check"},
	{"vm", "the type of a machine is struct vm"},
	{"net", "the type of a network is struct net"},
	{"print", "note(text) and printf() are there"},
	{"string", "a text is a char *"},
	{"None", "there is NULL"},
	{"True", "there is true"},
	{"False", "there is false"},
};

/* Return: whether a line begins with test(word. */
static bool is_test_name(const char *line, const char *word)
{
	const char *p = outline_skip_space(line);

	if (!outline_is(p, "test"))
		return false;
	p = outline_skip_space(outline_skip_token(p));
	return *p == '(' && outline_is(outline_skip_space(p + 1), word);
}

static void hint_name(struct buf *out, const char *word, const char *line)
{
	static const char *names[NAMES_MAX];
	const char *here = find_elsewhere(names_elsewhere, ARRAY_SIZE(names_elsewhere), word);
	const char *method = text_nearest(word, names_methods), *near;

	if (here || is_test_name(line, word)) {
		buf_addf(out, "; %s", here ? here : "the name of a test is a text, in double quotes");
		return;
	}
	internals_names(names, NAMES_MAX);
	near = text_nearest(word, names);
	if (near && strcmp(near, word) == 0) /* a macro, which is none without its arguments */
		add_call(out, word, parameters_of(word));
	else if (method && (!near || strcmp(method, word) == 0))
		buf_addf(out, "; did you mean a machine's method, name.%s(...)?", method);
	else if (near)
		buf_addf(out, "; did you mean '%s'?", near);
}

/* Return: whether "(...)" at @p begins with a text that has a '%' in it, as a format has. */
static bool begins_with_format(const char *p)
{
	p = outline_skip_space(p + 1);
	return *p == '"' && memchr(p, '%', (size_t)(outline_skip_token(p) - p));
}

#define FMT_HINT "; fmt(\"...\", ...) makes one text of a format and values"

/* Append what the first function takes that is called in a line with another number of arguments. */
static void hint_arguments(struct buf *out, const char *line)
{
	for (const char *p = line; (p = strchr(p, '(')); p++) {
		const char *start = p, *parameters;
		cleanup_free char *name = NULL;
		int n;

		while (start > line && (isalnum((unsigned char)start[-1]) || start[-1] == '_'))
			start--;
		name = xstrndup(start, (size_t)(p - start));
		parameters = *name ? parameters_of(name) : NULL;
		if (!parameters || (n = count_arguments(p)) < 0 || takes(parameters, n))
			continue;
		add_call(out, name, parameters);
		buf_adds(out, begins_with_format(p) ? FMT_HINT : "");
		return;
	}
}

/* What tcc did not expect is often the inside of a macro of vmtap.h. Return: whether that was told. */
static bool explain_block(struct buf *out, const char *text)
{
	/* What checks and blocks begin with. */
	static const char *const begins[] = {"vmtap_", "_Generic", "__extension__", "for"};
	static const char expected[] = "';' expected (got \"";
	const char *got = text_starts(text, expected) ? text + strlen(expected) : "";
	bool begun = false;

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++)
		begun |= text_starts(got, begins[i]);
	if (strcmp(text, NESTED) == 0)
		buf_adds(out, "tests, setups, machines, networks and needs() stand by themselves, not inside of a function");
	else if (strcmp(got, "static\")") == 0)
		buf_adds(out, "there is no ';' at the end of what comes before this line");
	else if (begun)
		buf_adds(out, "there is no ';' in front of this statement, here or at the end of the line before");
	else
		return false;
	return true;
}

/* Return: whether a line has struct vm or struct net without its "struct", as a function's parameter. */
static bool has_bare_type(const char *line)
{
	const char *before = "";

	for (const char *p = outline_skip_space(line); *p; before = p, p = outline_skip_space(outline_skip_token(p))) {
		const char *behind = outline_skip_space(outline_skip_token(p));

		if ((*before == '(' || *before == ',') && (outline_is(p, "vm") || outline_is(p, "net")) &&
		    (*behind == '*' || isalpha((unsigned char)*behind)))
			return true;
	}
	return false;
}

/*
 * Something that stands outside of functions and is no declaration: a check, a mistyped test. A declaration of C may look so
 * as well, so the compiler must have said that it is none. Return: whether that was told.
 */
static bool explain_stray(struct buf *out, const char *text, const char *line)
{
	static const char *const none[] = {"identifier expected", "declaration expected", "function definition expected",
		"incompatible types for redefinition"};
	static const char *const declare[] = {"test", "setup", "vm", "vm_array", "net", "needs", "use", NULL};
	const char *p = outline_skip_space(line), *near;
	cleanup_free char *word = xstrndup(p, (size_t)(outline_skip_token(p) - p)), *small = xstrdup(word);
	bool is_none = false;

	p = outline_skip_space(outline_skip_token(p));
	for (size_t i = 0; i < ARRAY_SIZE(none); i++)
		is_none |= text_starts(text, none[i]);
	if (!is_none || !(isalpha((unsigned char)*word) || *word == '_') || (*p != '(' && *p != '{'))
		return false;
	for (char *c = small; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	near = text_nearest(small, declare);
	if (parameters_of(word) && !outline_is_one_of(word, declare))
		buf_addf(out, "%s() belongs in a test or a setup, and is outside of them", word);
	else
		buf_addf(out, "'%s' declares nothing%s%s%s", word, near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
	return true;
}

/* Of a number, a text or a pointer where something else belongs: @ours, or what is needed by the function that the line calls. */
static const char *needed_in(const char *line, const char *ours)
{
	return strstr(line, "always(") ? "always() takes the name of a function: bool holds(void)" : ours;
}

/* Return: whether a line calls ok() with more than its text. */
static bool has_long_ok(const char *line)
{
	for (const char *p = line; (p = strstr(p, "ok(")); p++)
		if (count_arguments(p + 2) > 2)
			return true;
	return false;
}

/* The line that "FILE:LINE" is of. */
static void find_line(const struct sources *s, const char *at, char *line, size_t size)
{
	const char *colon = strrchr(at, ':');
	cleanup_free char *file = xstrndup(at, colon ? (size_t)(colon - at) : 0);

	sources_line(s, file, colon ? (int)strtol(colon + 1, NULL, 10) : 0, line, size);
}

/* Add what else tcc says, in words that help where there are any. */
static void explain_other(struct buf *out, const char *text, const char *line)
{
	const char *ours = our_words(text);

	if (explain_block(out, text) || explain_stray(out, text, line))
		return;
	if (strcmp(text, "index too large") == 0 && has_long_ok(line)) {
		buf_adds(out, "ok() takes a condition and a text" FMT_HINT);
	} else if (strcmp(text, "index too large") == 0) {
		buf_adds(out, "there are more values than the array has room for");
	} else if (text_starts(text, "',' expected (got \"") && has_bare_type(line)) {
		buf_adds(out, "the type of a machine is struct vm, that of a network struct net: (struct vm *m)");
	} else if (strcmp(text, "too many basic types") == 0 && strstr(line, "setup")) {
		buf_adds(out, "setup is a word of vmtap.h: a variable needs another name");
	} else if (strcmp(text, "cannot use pointers here") == 0 || text_starts(text, "invalid operand types")) {
		buf_addf(out, "%s; is there a text where a number belongs?", text);
	} else if (strcmp(text, "pointer expected") == 0 && strstr(line, "->")) {
		buf_adds(out, "'->' is for pointers: a machine takes a '.'");
	} else if (ours) {
		buf_adds(out, needed_in(line, ours));
	} else {
		buf_adds(out, text);
		if (strstr(text, "arguments to function") || text_starts(text, "macro '"))
			hint_arguments(out, line);
	}
}

/* Add ": error: " and tcc's @text, in words that help, behind "FILE:LINE". */
static void explain(struct buf *out, const char *text, const char *line)
{
	cleanup_free char *function = word_after(text, "implicit declaration of function '");
	cleanup_free char *field = strcmp(text, "field expected") == 0 ? unknown_field(line)
								       : word_after(text, "field not found: ");
	cleanup_free char *include = word_after(text, "include file '");
	cleanup_free char *quoted = text_ends(text, "' undeclared") ? word_after(text, "'") : NULL;
	const char *name = function ? function : quoted;

	buf_adds(out, ": error: ");
	if (name) {
		buf_addf(out, "'%s' undeclared", name);
		hint_name(out, name, line);
	} else if (field) {
		buf_addf(out, "there is no field '%s'", field);
		hint_field(out, field);
	} else if (include) {
		buf_addf(out, "there is no header '%s': vmtap.h declares all there is", include);
		buf_adds(out, text_ends(include, ".c") ? "; another script comes in with use(\"file.c\");" : "");
	} else {
		explain_other(out, text, line);
	}
}

/* The linker knows no lines: look for the name. */
static void undefined_symbol(struct diagnostics *d, const char *name)
{
	const char *file;
	int line;

	if (sources_find_word(d->sources, name, &file, &line))
		diagnose(d, file, line, "'%s' is declared, but it is neither defined nor provided by vmtap", name);
	else
		diagnose(d, d->sources->files[0].path, 1, "'%s' is not provided by vmtap", name);
}

/*
 * Tell of a declaration that is not as vmtap.h takes it: in the line of "FILE:LINE" or, what a compiler runs on from, in front of
 * it; in any if there is no place. Return: whether there is one.
 */
static bool explain_shape(struct diagnostics *d, const char *at, bool in_front)
{
	const char *colon = strrchr(at, ':');
	const long last = colon ? strtol(colon + 1, NULL, 10) : LONG_MAX;

	for (size_t i = 0; i < d->sources->n; i++) {
		const struct source *f = &d->sources->files[i];
		cleanup_free char *wrong = NULL;
		int line = 0;

		if (colon && (strlen(f->path) != (size_t)(colon - at) || !text_starts(at, f->path)))
			continue;
		wrong = shape_find(buf_str(&f->text), &line);
		if (!wrong || line > last || (line < last && !in_front))
			continue;
		diagnose(d, f->path, line, "%s", wrong);
		return true;
	}
	return false;
}

/* Tell of a bracket that is not closed, where tcc came to the end of the file or into another test. Return: whether there is one. */
static bool explain_bracket(struct diagnostics *d, const char *text, const char *source)
{
	if (strcmp(text, NESTED) != 0 && (*source || !text_ends(text, " expected")))
		return false;
	for (size_t i = 0; i < d->sources->n; i++) {
		const struct source *f = &d->sources->files[i];
		char missing;
		int line = shape_open_bracket(buf_str(&f->text), &missing);

		if (!line)
			continue;
		diagnose(d, f->path, line, "a '%c' is missing: what begins here is not closed", missing);
		return true;
	}
	return false;
}

static bool is_promoted(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(promoted); i++)
		if (strstr(text, promoted[i]))
			return true;
	return false;
}

void diagnose_tcc(void *opaque, const char *message)
{
	struct diagnostics *d = opaque;
	const char *error = strstr(message, ": error: ");
	const char *warning = error ? NULL : strstr(message, ": warning: ");
	const char *place = error ? error : warning ? warning : message; /* "FILE:LINE" ends there */
	const char *said = error ? error + 9 : warning ? warning + 11 : message, *start = place;
	cleanup_free char *text = xstrndup(said, strcspn(said, "\n"));
	cleanup_free char *symbol = word_after(text, "undefined symbol '");
	cleanup_buf struct buf line = {0};
	char source[SOURCE_LINE_MAX];

	while (start > message && start[-1] != '\n') /* "In file included from" may be in front */
		start--;
	if (!error && warning && !is_promoted(text))
		return;
	if (symbol) {
		undefined_symbol(d, symbol);
		return;
	}
	buf_add(&line, start, (size_t)(place - start));
	if (explain_shape(d, buf_str(&line), error))
		return;
	find_line(d->sources, buf_str(&line), source, sizeof(source));
	if (explain_bracket(d, text, source))
		return;
	explain(&line, text, source);
	buf_addc(&line, '\n');
	if (strstr(buf_str(&d->text), buf_str(&line))) /* what a macro evaluates twice is said once */
		return;
	buf_add(&d->text, line.data, line.len);
	d->count++;
}

/* Append "    the source line" behind the last line of @out, which begins with "FILE:LINE:"; nothing when there is none. */
static void add_source(struct buf *out, const struct sources *s, const char *line)
{
	char source[SHOWN_LINE_MAX];

	for (size_t i = 0; i < s->n; i++) {
		size_t n = strlen(s->files[i].path);

		if (strncmp(line, s->files[i].path, n) != 0 || line[n] != ':')
			continue;
		sources_line(s, s->files[i].path, (int)strtol(line + n + 1, NULL, 10), source, sizeof(source));
		if (*source)
			buf_addf(out, "%s%s\n", SCRIPT_SOURCE_INDENT, source);
		return;
	}
}

int diagnose_result(const struct diagnostics *d, struct err *err)
{
	cleanup_buf struct buf all = {0};
	const char *line, *text;
	size_t n;

	if (!d->count)
		return 0;
	for (const char *at = buf_str((struct buf *)&d->text); text_next_line(&at, &line, &n);) {
		buf_add(&all, line, n);
		buf_addc(&all, '\n');
		add_source(&all, d->sources, line);
	}
	text = buf_str(&all);
	n = all.len;
	if (n >= ERR_TEXT_MAX) /* cut after a whole line */
		for (n = ERR_TEXT_MAX - 1; n > 0 && text[n - 1] != '\n';)
			n--;
	if (n > 0)
		n--;
	return err_set(err, "%.*s", (int)n, text);
}
