/* format.c - fmt() and the other functions that make texts */
#include "script/format.h"

#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "script/run.h"

#define NUMBER_MAX 16777216 /* of a width or a precision */
#define MATCH_GROUPS 10	    /* that match() knows, the whole included */
#define SPEC_MAX   48	    /* bytes of one conversion, its width and precision written out */

/*
 * The conversions of printf() (C11 7.21.6.1) without %n, and %q. Each is taken
 * apart far enough to know the type of its argument, and then handed to
 * printf() alone.
 */
struct conversion {
	char spec[SPEC_MAX];
	size_t n;
	char length; /* 'H' stands for hh, 'q' for ll */
	char type;
};

static void add_char(struct conversion *c, char ch)
{
	if (c->n + 1 >= SPEC_MAX)
		run_die(NULL, "fmt: a conversion is too long: '%s'", c->spec);
	c->spec[c->n++] = ch;
	c->spec[c->n] = '\0';
}

/* Read digits, or the argument that a '*' stands for; @number is set to 0 without either. Return: what follows. */
static const char *read_number(const char *p, va_list *ap, long *number)
{
	char *end = (char *)p;

	*number = 0;
	if (*p == '*') {
		*number = va_arg(*ap, int);
		return p + 1;
	}
	if (*p >= '0' && *p <= '9')
		*number = strtol(p, &end, 10);
	return end;
}

/* printf() fails on what is too large, and a text without its number would tell nobody. */
static void add_number(struct conversion *c, const char *before, long number)
{
	char text[32];

	if (number > NUMBER_MAX || number < -NUMBER_MAX)
		run_die(NULL, "fmt: a width or precision is %ld: it can be %d", number, NUMBER_MAX);
	snprintf(text, sizeof(text), "%s%ld", before, number);
	for (const char *t = text; *t; t++)
		add_char(c, *t);
}

static const char *read_length(struct conversion *c, const char *p)
{
	if ((*p == 'h' || *p == 'l') && p[1] == *p) {
		c->length = *p == 'h' ? 'H' : 'q';
		add_char(c, *p++);
	} else if (*p && strchr("hlzjtL", *p)) {
		c->length = *p;
	} else {
		return p;
	}
	add_char(c, *p);
	return p + 1;
}

/* Read a conversion behind its '%'. Return: what follows it. */
static const char *read_conversion(struct conversion *c, const char *p, va_list *ap)
{
	long number;

	add_char(c, '%');
	while (*p && strchr("-+ #0", *p))
		add_char(c, *p++);
	p = read_number(p, ap, &number);
	if (number)
		add_number(c, "", number);
	if (*p == '.') {
		p = read_number(p + 1, ap, &number);
		if (number >= 0) /* a negative one is none */
			add_number(c, ".", number);
	}
	p = read_length(c, p);
	c->type = *p;
	if (!*p || !strchr("diouxXcspfFeEgGaAq", *p))
		run_die(NULL, "fmt: there is no conversion '%s%.1s'", c->spec, p);
	add_char(c, *p);
	return p + 1;
}

/* The format is the script's: what can be checked about it, read_conversion() has. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void add_integer(struct buf *out, const struct conversion *c, va_list *ap)
{
	switch (c->length) {
	case 'l': buf_addf(out, c->spec, va_arg(*ap, long)); break;
	case 'q': buf_addf(out, c->spec, va_arg(*ap, long long)); break;
	case 'z': buf_addf(out, c->spec, va_arg(*ap, size_t)); break;
	case 'j': buf_addf(out, c->spec, va_arg(*ap, intmax_t)); break;
	case 't': buf_addf(out, c->spec, va_arg(*ap, ptrdiff_t)); break;
	default: buf_addf(out, c->spec, va_arg(*ap, int)); break;
	}
}

static void add_conversion(struct buf *out, const struct conversion *c, va_list *ap)
{
	const char *s;

	if (strchr("fFeEgGaA", c->type)) {
		if (c->length == 'L')
			buf_addf(out, c->spec, va_arg(*ap, long double));
		else
			buf_addf(out, c->spec, va_arg(*ap, double));
	} else if (c->type == 's') {
		s = va_arg(*ap, const char *);
		buf_addf(out, c->spec, s ? s : "(null)");
	} else if (c->type == 'p') {
		buf_addf(out, c->spec, va_arg(*ap, void *));
	} else if (c->type == 'q') {
		s = va_arg(*ap, const char *);
		if (!s)
			run_die(NULL, "fmt: the argument of %%q is a null pointer");
		text_quote_shell(out, s);
	} else {
		add_integer(out, c, ap);
	}
}

#pragma GCC diagnostic pop

char *text_format(const char *format, ...)
{
	struct buf out = {0};
	va_list ap;

	if (!format)
		run_die(NULL, "fmt: the format is a null pointer");
	va_start(ap, format);
	while (*format) {
		size_t plain = strcspn(format, "%");
		struct conversion c = {.n = 0};

		buf_add(&out, format, plain);
		format += plain;
		if (strncmp(format, "%%", 2) == 0) {
			buf_addc(&out, '%');
			format += 2;
		} else if (*format) {
			format = read_conversion(&c, format + 1, &ap);
			add_conversion(&out, &c, &ap);
		}
	}
	va_end(ap);
	return buf_steal(&out);
}

char *text_trim(const char *text)
{
	static const char white[] = " \t\r\n\v\f";
	size_t n;

	if (!text)
		run_die(NULL, "trim: the text is a null pointer");
	text += strspn(text, white);
	n = strlen(text);
	while (n > 0 && strchr(white, text[n - 1]))
		n--;
	return run_keep(text, n);
}

bool text_contains(const char *text, const char *part)
{
	if (!text || !part)
		run_die(NULL, "contains: the %s is a null pointer", text ? "part" : "text");
	return strstr(text, part) != NULL;
}

const char *text_environment(const char *name)
{
	const char *value = name ? getenv(name) : NULL;

	return value ? run_keep_str(value) : NULL;
}

char *text_match(const char *text, const char *regex, int group)
{
	regmatch_t found[MATCH_GROUPS];
	char why[128];
	regex_t compiled;
	int r;

	if (!text || !regex)
		run_die(NULL, "match: the %s is a null pointer", text ? "regular expression" : "text");
	if (group < 0 || group >= MATCH_GROUPS)
		run_die(NULL, "match: there is no group %d: 0 to %d", group, MATCH_GROUPS - 1);
	r = regcomp(&compiled, regex, REG_EXTENDED | REG_NEWLINE);
	if (r != 0) {
		regerror(r, &compiled, why, sizeof(why));
		run_die((const struct pair[]){{"regex", regex}, {0}}, "match: bad regular expression \"%s\": %s", regex, why);
	}
	r = regexec(&compiled, text, MATCH_GROUPS, found, 0);
	regfree(&compiled);
	if (r != 0 || found[group].rm_so < 0)
		return NULL;
	return run_keep(text + found[group].rm_so, (size_t)(found[group].rm_eo - found[group].rm_so));
}

/* ---- JSON ---- */

/* The element or member that the next step of a path names; @path is moved on. */
static const struct json *step(const struct json *j, const char **path)
{
	const char *p = *path + (**path == '.');
	size_t n = strcspn(p, ".[");
	char *end;
	unsigned long i;

	if (*p == '[') {
		i = strtoul(p + 1, &end, 10);
		if (end == p + 1 || *end != ']')
			run_die(NULL, "json_get: '%s' is no index: \"a.b[0].c\"", p);
		*path = end + 1;
		for (j = j->kind == JSON_ARRAY ? j->child : NULL; j && i > 0; i--)
			j = j->next;
		return j;
	}
	*path = p + n;
	for (j = j->kind == JSON_OBJECT ? j->child : NULL; j && (strncmp(j->key, p, n) != 0 || j->key[n]);)
		j = j->next;
	return j;
}

static void write_string(struct buf *out, const char *s)
{
	buf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addf(out, "\\%c", *s);
		else if ((unsigned char)*s < ' ')
			buf_addf(out, "\\u%04x", (unsigned)*s);
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

/* json_parse() has limited how deep this goes. */
static void write_value(struct buf *out, const struct json *j)
{
	static const char *const words[] = {[JSON_NULL] = "null", [JSON_FALSE] = "false", [JSON_TRUE] = "true"};
	const bool object = j->kind == JSON_OBJECT;

	if (j->kind == JSON_STRING) {
		write_string(out, j->text);
	} else if (j->kind == JSON_ARRAY || object) {
		buf_addc(out, object ? '{' : '[');
		for (const struct json *c = j->child; c; c = c->next) {
			if (object) {
				write_string(out, c->key);
				buf_addc(out, ':');
			}
			write_value(out, c);
			buf_adds(out, c->next ? "," : "");
		}
		buf_addc(out, object ? '}' : ']');
	} else {
		buf_adds(out, j->kind == JSON_NUMBER ? j->text : words[j->kind]);
	}
}

char *text_json(const char *text, const char *path)
{
	struct buf out = {0};
	struct err err = {0};
	struct json *all;
	const struct json *j;

	if (!text || !path)
		run_die(NULL, "json_get: the %s is a null pointer", text ? "path" : "text");
	all = json_parse(text, strlen(text), &err);
	if (!all)
		run_die((const struct pair[]){{"found", text}, {0}}, "json_get: %s", err.text);
	for (j = all; j && *path;)
		j = step(j, &path);
	if (j && j->kind == JSON_STRING)
		buf_adds(&out, j->text);
	else if (j)
		write_value(&out, j);
	return j ? buf_steal(&out) : NULL; /* the tree is kept until the test ends, as all is */
}

/* ---- lines ---- */

char *text_lines(const char *text)
{
	if (!text)
		run_die(NULL, "each_line: the text is a null pointer");
	return run_keep_str(text);
}

char *text_next(char **rest)
{
	char *line = *rest;
	size_t n = strcspn(line, "\n");

	if (!*line)
		return NULL;
	*rest = line + n + (line[n] == '\n');
	line[n] = '\0';
	return line;
}
