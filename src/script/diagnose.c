/* diagnose.c - what is wrong with a script, for the user */
#include "script/diagnose.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/internals.h"
#include "script/methods.h"

#define NAMES_MAX	1024 /* identifiers looked at for "did you mean" */
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
static char *unknown_field(const struct sources *s, const char *at)
{
	const char *colon = strrchr(at, ':');
	cleanup_free char *file = xstrndup(at, colon ? (size_t)(colon - at) : 0);
	char line[SOURCE_LINE_MAX];

	sources_line(s, file, colon ? (int)strtol(colon + 1, NULL, 10) : 0, line, sizeof(line));
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

/* Add ": error: " and tcc's @text, in words that help, behind "FILE:LINE". */
static void explain(struct buf *out, const struct sources *s, const char *text)
{
	cleanup_free char *function = word_after(text, "implicit declaration of function '");
	cleanup_free char *field = strcmp(text, "field expected") == 0 ? unknown_field(s, buf_str(out))
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
	} else if (strcmp(text, "index too large") == 0) {
		buf_adds(out, "there are more values than the array has room for");
	} else if (strcmp(text, "cannot use pointers here") == 0 || text_starts(text, "invalid operand types")) {
		buf_addf(out, "%s; is there a text where a number belongs?", text);
	} else {
		buf_adds(out, text);
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

	if (!error && warning && !is_promoted(text))
		return;
	if (symbol) {
		undefined_symbol(d, symbol);
		return;
	}
	buf_add(&line, start, (size_t)((error ? error : warning ? warning : start) - start));
	explain(&line, d->sources, text);
	buf_addc(&line, '\n');
	if (strstr(buf_str(&d->text), buf_str(&line))) /* what a macro evaluates twice is said once */
		return;
	buf_add(&d->text, line.data, line.len);
	d->count++;
}

int diagnose_result(const struct diagnostics *d, struct err *err)
{
	const char *text = buf_str(&d->text);
	size_t n = d->text.len;

	if (!d->count)
		return 0;
	if (n >= ERR_TEXT_MAX) /* cut after a whole line */
		for (n = ERR_TEXT_MAX - 1; n > 0 && text[n - 1] != '\n';)
			n--;
	if (n > 0)
		n--;
	return err_set(err, "%.*s", (int)n, text);
}
