/* json.h - JSON (RFC 8259), read and written */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define JSON_DEPTH_MAX 32 /* nesting accepted; QEMU's replies stay under 10 */

enum json_kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/**
 * struct json - A parsed value
 * @key:	Its name in the object that holds it, or NULL
 * @text:	Decoded string (JSON_STRING) or the number as written (JSON_NUMBER)
 * @child:	First element or member
 * @next:	Next sibling
 */
struct json {
	enum json_kind kind;
	char *key, *text;
	struct json *child, *next;
};

/**
 * json_parse() - Parse one whole value
 * @err:	"bad JSON at byte N: ..."
 * Return: the value, to be freed with json_free(), or NULL
 */
struct json *json_parse(const char *text, size_t n, struct err *err);
void json_free(struct json *j);

/* Return: the member of an object at a path such as "return.status", or NULL. */
const struct json *json_get(const struct json *j, const char *path);
/* Return: the string or number at @path as text, or NULL. */
const char *json_text(const struct json *j, const char *path);

/* Append a text as a string, in quotes. Bytes that are no UTF-8 are the caller's business. */
void json_add_string(struct buf *out, const char *text);
/* Append a value on one line, as json_parse() takes it. */
void json_print(struct buf *out, const struct json *j);

#endif
