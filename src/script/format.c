/* format.c - fmt() and the other functions that make texts */
#include "script/format.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "script/run.h"

#define NUMBER_MAX 16777216 /* of a width or a precision */
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
