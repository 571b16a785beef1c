/* diagnose.c - what is wrong with a script, for the user */
#include "script/diagnose.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/embed.h"
#include "script/internals.h"
#include "script/methods.h"
#include "script/script.h"
#include "script/traps.h"

#define NAMES_MAX	1024 /* identifiers looked at for "did you mean" */
#define SHOWN_LINE_MAX	160  /* bytes of a source line that are shown */
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

static void hint_name(struct buf *out, const char *word)
{
	static const char *names[NAMES_MAX];
	const char *method = text_nearest(word, methods_names), *near;

	internals_names(names, NAMES_MAX);
	near = text_nearest(word, names);
	if (method && (!near || strcmp(method, word) == 0))
		buf_addf(out, "; did you mean a machine's method, name.%s(...)?", method);
	else if (near)
		buf_addf(out, "; did you mean '%s'?", near);
}

static void hint_field(struct buf *out, const char *word)
{
	const char *near = text_nearest(word, methods_fields);

	if (near)
		buf_addf(out, "; did you mean '%s'?", near);
}

static bool is_field(const char *word)
{
	for (size_t i = 0; methods_fields[i]; i++)
		if (strcmp(methods_fields[i], word) == 0)
			return true;
	return false;
}

/* Of an unknown field in vm(x, .field = ...) tcc tells only the line. Return: its name, to be freed, or NULL. */
static char *unknown_field(const char *line)
{
	for (const char *p = line; (p = strchr(p, '.')); p++) {
		cleanup_free char *word = xstrndup(p + 1, strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_0123456789"));

		if (*word && !is_field(word) && p[1 + strlen(word) + strspn(p + 1 + strlen(word), " ")] == '=')
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

/* What tcc says where two types do not fit, and what that means in a script. */
static const char *const in_our_words[][2] = {
	{"assignment makes pointer from integer", "a text or another pointer belongs here, and this is a number"},
	{"assignment makes integer from pointer", "a number belongs here, and this is a text or another pointer"},
	{"assignment from incompatible pointer type", "a pointer to something else belongs here"},
	{"struct or union expected", "a '.' is for machines and structures: what is a pointer to one takes '->'"},
	{"invalid aggregate type for register load", "a structure, as execute() returns, is not a number or a text: take its .out or .status"},
};

static const char *our_words(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(in_our_words); i++)
		if (text_starts(text, in_our_words[i][0]))
			return in_our_words[i][1];
	return NULL;
}

/* Return: how many arguments stand in "(...)" at @open; -1 when it is not closed in this line. */
static int count_arguments(const char *open)
{
	int depth = 0, commas = 0;
	bool any = false;

	for (const char *p = open; *p; p++) {
		if (*p == '"' || *p == '\'') {
			for (char quote = *p++; *p && *p != quote; p++)
				p += *p == '\\' && p[1];
			if (!*p)
				return -1;
		} else if (strchr("([{", *p)) {
			any |= depth++ > 0;
			continue;
		} else if (strchr(")]}", *p) && --depth == 0) {
			return any ? commas + 1 : 0;
		}
		commas += *p == ',' && depth == 1;
		any |= *p != ' ';
	}
	return -1;
}

/* Return: the "(...)" that a method takes, or a function that vmtap.h declares, and what follows; NULL for any other name. */
static const char *parameters_of(const char *name)
{
	const char *method = methods_parameters(name), *header, *end;
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
		if (p > line && strchr(" *", p[-1]) && isalpha((unsigned char)*line) && end && memchr(p, ';', (size_t)(end - p)))
			return p + strlen(name);
	}
	return NULL;
}

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
		if (!parameters || (n = count_arguments(p)) < 0)
			continue;
		if (n == (text_starts(parameters, "(void)") ? 0 : count_arguments(parameters)))
			continue;
		buf_addf(out, "; it is %s%.*s)", name, (int)strcspn(parameters, ")"), parameters);
		return;
	}
}

/* What tcc did not expect is often the inside of a macro of vmtap.h, or the end of the file. Return: whether that was told. */
static bool explain_shape(struct buf *out, const struct sources *s, const char *text, const char *line)
{
	bool at_end = strcmp(text, "identifier expected") == 0 && !*line;
	int open;

	if (at_end || strcmp(text, "function without file scope cannot be static") == 0) {
		for (size_t i = 0; i < s->n; i++) {
			open = traps_open_block(buf_str(&s->files[i].text));
			if (!open)
				continue;
			buf_addf(out, "a '}' is missing: what begins in %s:%d is not closed", s->files[i].path, open);
			return true;
		}
	}
	if (strcmp(text, "';' expected (got \"static\")") == 0)
		buf_adds(out, "there is no ';' at the end of what comes before this line");
	else if (text_starts(text, "';' expected (got \"vmtap_") ||
		 (text_starts(text, "';' expected") && (text_starts(line, "test(") || text_starts(line, "setup"))))
		buf_adds(out, "what a test or setup does belongs in braces: test(\"name\") { ... }");
	else
		return false;
	return true;
}

/* The line that "FILE:LINE" is of. */
static void find_line(const struct sources *s, const char *at, char *line, size_t size)
{
	const char *colon = strrchr(at, ':');
	cleanup_free char *file = xstrndup(at, colon ? (size_t)(colon - at) : 0);

	sources_line(s, file, colon ? (int)strtol(colon + 1, NULL, 10) : 0, line, size);
}

/* Add what else tcc says, in words that help where there are any. */
static void explain_other(struct buf *out, const struct sources *s, const char *text, const char *line)
{
	const char *ours = our_words(text);

	if (explain_shape(out, s, text, line))
		return;
	if (strcmp(text, "index too large") == 0) {
		buf_adds(out, "there are more values than the array has room for");
	} else if (strcmp(text, "cannot use pointers here") == 0 || text_starts(text, "invalid operand types")) {
		buf_addf(out, "%s; is there a text where a number belongs?", text);
	} else if (strcmp(text, "pointer expected") == 0 && strstr(line, "->")) {
		buf_adds(out, "'->' is for pointers: a machine takes a '.'");
	} else if (ours) {
		buf_adds(out, ours);
	} else {
		buf_adds(out, text);
		if (strstr(text, "arguments to function"))
			hint_arguments(out, line);
	}
}

/* Add ": error: " and tcc's @text, in words that help, behind "FILE:LINE". */
static void explain(struct buf *out, const struct sources *s, const char *text, const char *line)
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
		hint_name(out, name);
	} else if (field) {
		buf_addf(out, "there is no field '%s'", field);
		hint_field(out, field);
	} else if (include) {
		buf_addf(out, "there is no header '%s': vmtap.h declares all there is", include);
		buf_adds(out, text_ends(include, ".c") ? "; another script comes in with use(\"file.c\");" : "");
	} else {
		explain_other(out, s, text, line);
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
	const char *last = strrchr(message, '\n'); /* after "In file included from" */
	const char *start = last ? last + 1 : message;
	const char *error = strstr(start, ": error: ");
	const char *warning = strstr(start, ": warning: ");
	const char *text = error ? error + 9 : warning ? warning + 11 : start;
	cleanup_free char *symbol = word_after(text, "undefined symbol '");
	cleanup_buf struct buf line = {0};
	char source[SOURCE_LINE_MAX];

	if (!error && warning && !is_promoted(text))
		return;
	if (symbol) {
		undefined_symbol(d, symbol);
		return;
	}
	buf_add(&line, start, (size_t)((error ? error : warning ? warning : start) - start));
	find_line(d->sources, buf_str(&line), source, sizeof(source));
	explain(&line, d->sources, text, source);
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
