/* json.c - JSON (RFC 8259), read and written */
#include "base/json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

struct parser {
	const char *start, *p, *end;
	struct err *err;
};

static struct json *parse_value(struct parser *s, int depth);

static int bad(struct parser *s, const char *what)
{
	return err_set(s->err, "bad JSON at byte %zu: %s", (size_t)(s->p - s->start), what);
}

static void skip_space(struct parser *s)
{
	while (s->p < s->end && strchr(" \t\r\n", *s->p) && *s->p)
		s->p++;
}

static bool take(struct parser *s, char c)
{
	skip_space(s);
	if (s->p >= s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static int parse_hex4(struct parser *s, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, s->p++) {
		const char *digits = "0123456789abcdefABCDEF";
		const char *d = s->p < s->end && *s->p ? strchr(digits, *s->p) : NULL;

		if (!d)
			return bad(s, "four hexadecimal digits expected");
		*out = *out * 16 + (uint32_t)(d - digits < 16 ? d - digits : d - digits - 6);
	}
	return 0;
}

static int parse_unicode(struct parser *s, struct buf *b)
{
	uint32_t c, low;

	if (parse_hex4(s, &c) < 0)
		return -1;
	if (c >= 0xD800 && c < 0xDC00 && s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u') {
		s->p += 2;
		if (parse_hex4(s, &low) < 0)
			return -1;
		if (low < 0xDC00 || low > 0xDFFF)
			return bad(s, "unpaired surrogate");
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
	} else if (c >= 0xD800 && c < 0xE000) {
		return bad(s, "unpaired surrogate");
	}
	if (c == 0) /* our strings are C strings: it would hide what follows */
		return bad(s, "NUL in a string");
	text_add_utf8(b, c);
	return 0;
}

static int parse_escape(struct parser *s, struct buf *b)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *e;

	if (s->p >= s->end)
		return bad(s, "string is not closed");
	if (*s->p == 'u') {
		s->p++;
		return parse_unicode(s, b);
	}
	e = *s->p ? strchr(from, *s->p) : NULL;
	if (!e)
		return bad(s, "unknown escape");
	buf_addc(b, to[e - from]);
	s->p++;
	return 0;
}

/* @s->p stands behind the opening quote. */
static char *parse_string(struct parser *s)
{
	cleanup_buf struct buf b = {0};

	while (s->p < s->end && *s->p != '"') {
		char c = *s->p++;

		if (c == '\\') {
			if (parse_escape(s, &b) < 0)
				return NULL;
		} else if ((unsigned char)c < 0x20) {
			bad(s, "control character in a string");
			return NULL;
		} else {
			buf_addc(&b, c);
		}
	}
	if (s->p >= s->end) {
		bad(s, "string is not closed");
		return NULL;
	}
	s->p++;
	return buf_steal(&b);
}

static int parse_members(struct parser *s, struct json *j, char close, int depth)
{
	struct json **tail = &j->child;

	if (take(s, close))
		return 0;
	do {
		cleanup_free char *key = NULL;

		if (close == '}') {
			if (!take(s, '"'))
				return bad(s, "member name expected");
			key = parse_string(s);
			if (!key)
				return -1;
			if (!take(s, ':'))
				return bad(s, "':' expected");
		}
		*tail = parse_value(s, depth + 1);
		if (!*tail)
			return -1;
		(*tail)->key = steal(key);
		tail = &(*tail)->next;
	} while (take(s, ','));
	return take(s, close) ? 0 : bad(s, "',' or the closing bracket expected");
}

static size_t count_digits(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

/* Return: the length of the number at @p (RFC 8259, section 6), 0 if there is none. */
static size_t number_length(const char *p, const char *end)
{
	const char *start = p;
	size_t n;

	p += p < end && *p == '-';
	n = count_digits(p, end);
	if (n == 0 || (n > 1 && *p == '0'))
		return 0;
	p += n;
	if (p < end && *p == '.') {
		n = count_digits(p + 1, end);
		if (n == 0)
			return 0;
		p += 1 + n;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		p += p < end && (*p == '+' || *p == '-');
		n = count_digits(p, end);
		if (n == 0)
			return 0;
		p += n;
	}
	return (size_t)(p - start);
}

static int parse_word(struct parser *s, struct json *j)
{
	static const struct { const char *word; enum json_kind kind; } words[] = {
		{"null", JSON_NULL}, {"true", JSON_TRUE}, {"false", JSON_FALSE},
	};
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		n = strlen(words[i].word);
		if ((size_t)(s->end - s->p) >= n && memcmp(s->p, words[i].word, n) == 0) {
			j->kind = words[i].kind;
			s->p += n;
			return 0;
		}
	}
	n = number_length(s->p, s->end);
	if (n == 0)
		return bad(s, "value expected");
	j->kind = JSON_NUMBER;
	j->text = xstrndup(s->p, n);
	s->p += n;
	return 0;
}

static struct json *parse_value(struct parser *s, int depth)
{
	struct json *j;
	int r = 0;

	if (depth > JSON_DEPTH_MAX) {
		bad(s, "nested too deeply");
		return NULL;
	}
	j = xcalloc(1, sizeof(*j));
	if (take(s, '"')) {
		j->kind = JSON_STRING;
		j->text = parse_string(s);
		r = j->text ? 0 : -1;
	} else if (take(s, '{')) {
		j->kind = JSON_OBJECT;
		r = parse_members(s, j, '}', depth);
	} else if (take(s, '[')) {
		j->kind = JSON_ARRAY;
		r = parse_members(s, j, ']', depth);
	} else {
		r = parse_word(s, j);
	}
	if (r < 0) {
		json_free(j);
		return NULL;
	}
	return j;
}

struct json *json_parse(const char *text, size_t n, struct err *err)
{
	struct parser s = {.start = text, .p = text, .end = text + n, .err = err};
	struct json *j = parse_value(&s, 0);

	skip_space(&s);
	if (j && s.p != s.end) {
		bad(&s, "text after the value");
		json_free(j);
		return NULL;
	}
	return j;
}

void json_free(struct json *j)
{
	while (j) {
		struct json *next = j->next;

		json_free(j->child);
		free(j->key);
		free(j->text);
		free(j);
		j = next;
	}
}

const struct json *json_get(const struct json *j, const char *path)
{
	while (j && *path) {
		size_t n = strcspn(path, ".");
		const struct json *c = j->kind == JSON_OBJECT ? j->child : NULL;

		while (c && (strlen(c->key) != n || memcmp(c->key, path, n) != 0))
			c = c->next;
		j = c;
		path += n + (path[n] == '.');
	}
	return j;
}

const char *json_text(const struct json *j, const char *path)
{
	const struct json *v = json_get(j, path);

	return v && (v->kind == JSON_STRING || v->kind == JSON_NUMBER) ? v->text : NULL;
}

void json_add_string(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			buf_addf(out, "\\%c", *text);
		else if ((unsigned char)*text < 0x20)
			buf_addf(out, "\\u%04x", (unsigned)*text);
		else
			buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

static void print_members(struct buf *out, const struct json *j, char open, char close)
{
	buf_addc(out, open);
	for (const struct json *c = j->child; c; c = c->next) {
		if (c != j->child)
			buf_adds(out, ", ");
		if (c->key) {
			json_add_string(out, c->key);
			buf_adds(out, ": ");
		}
		json_print(out, c);
	}
	buf_addc(out, close);
}

void json_print(struct buf *out, const struct json *j)
{
	switch (j->kind) {
	case JSON_NULL:
		buf_adds(out, "null");
		return;
	case JSON_FALSE:
		buf_adds(out, "false");
		return;
	case JSON_TRUE:
		buf_adds(out, "true");
		return;
	case JSON_NUMBER:
		buf_adds(out, j->text);
		return;
	case JSON_STRING:
		json_add_string(out, j->text);
		return;
	case JSON_ARRAY:
		print_members(out, j, '[', ']');
		return;
	case JSON_OBJECT:
		print_members(out, j, '{', '}');
		return;
	}
}
