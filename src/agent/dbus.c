/* dbus.c - the little of the D-Bus wire format that asking systemd takes (pure) */
#include "agent/dbus.h"

#include <string.h>

#include "base/bytes.h"

#define FIXED_SIZE 16 /* bytes of the header before its fields' content */

enum field { FIELD_PATH = 1, FIELD_INTERFACE = 2, FIELD_MEMBER = 3, FIELD_ERROR = 4, FIELD_REPLY = 5, FIELD_SIGNATURE = 8 };

/* ---- writing ---- */

static void align(struct buf *b, size_t start, size_t to)
{
	while ((b->len - start) % to)
		buf_addc(b, '\0');
}

static void put_u32(struct buf *b, uint32_t v)
{
	uint8_t raw[4];

	put_le32(raw, v);
	buf_add(b, raw, sizeof(raw));
}

static void put_string(struct buf *b, const char *s)
{
	put_u32(b, (uint32_t)strlen(s));
	buf_add(b, s, strlen(s) + 1);
}

void dbus_put_u32(struct buf *body, uint32_t v)
{
	align(body, 0, 4);
	put_u32(body, v);
}

void dbus_put_string(struct buf *body, const char *s)
{
	align(body, 0, 4);
	put_string(body, s);
}

void dbus_put_strings(struct buf *body, const char *const *strings, size_t n)
{
	size_t start;

	dbus_put_u32(body, 0);
	start = body->len;
	for (size_t i = 0; i < n; i++)
		dbus_put_string(body, strings[i]);
	put_le32((uint8_t *)body->data + start - 4, (uint32_t)(body->len - start));
}

/* A header field: a structure of its number and a variant, aligned to 8. */
static void put_field(struct buf *out, size_t start, enum field number, char type, const char *value)
{
	align(out, start, 8);
	buf_addc(out, (char)number);
	buf_addc(out, 1);
	buf_addc(out, type);
	buf_addc(out, '\0');
	if (type == 'g') {
		buf_addc(out, (char)strlen(value));
		buf_add(out, value, strlen(value) + 1);
	} else {
		put_string(out, value);
	}
}

void dbus_put_call(struct buf *out, uint32_t serial, const char *path, const char *interface, const char *member,
		   const char *signature, const struct buf *body)
{
	size_t start = out->len;

	buf_add(out, "l\1\0\1", 4); /* little-endian, call, no flags, version 1 */
	put_u32(out, (uint32_t)body->len);
	put_u32(out, serial);
	put_u32(out, 0);
	put_field(out, start, FIELD_PATH, 'o', path);
	put_field(out, start, FIELD_INTERFACE, 's', interface);
	put_field(out, start, FIELD_MEMBER, 's', member);
	if (*signature)
		put_field(out, start, FIELD_SIGNATURE, 'g', signature);
	put_le32((uint8_t *)out->data + start + 12, (uint32_t)(out->len - start - FIXED_SIZE));
	align(out, start, 8);
	buf_add(out, buf_str(body), body->len);
}

/* ---- reading ---- */

static const uint8_t *take(struct dbus_reader *r, size_t alignment, size_t n)
{
	size_t at = (r->at + alignment - 1) / alignment * alignment;

	if (r->bad || at > r->end || n > r->end - at) {
		r->bad = true;
		return NULL;
	}
	r->at = at + n;
	return r->data + at;
}

static uint8_t get_u8(struct dbus_reader *r)
{
	const uint8_t *p = take(r, 1, 1);

	return p ? *p : 0;
}

uint32_t dbus_get_u32(struct dbus_reader *r)
{
	const uint8_t *p = take(r, 4, 4);

	return p ? get_le32(p) : 0;
}

/* @n bytes and a NUL that is really there. */
static const char *get_text(struct dbus_reader *r, size_t n)
{
	const uint8_t *p = take(r, 1, n + 1);

	if (p && !memchr(p, '\0', n) && p[n] == '\0')
		return (const char *)p;
	r->bad = true;
	return "";
}

const char *dbus_get_string(struct dbus_reader *r)
{
	return get_text(r, dbus_get_u32(r));
}

static const char *get_signature(struct dbus_reader *r)
{
	return get_text(r, get_u8(r));
}

size_t dbus_get_array(struct dbus_reader *r)
{
	size_t n = dbus_get_u32(r);

	/* The padding before the first element is not part of the length. */
	take(r, 8, 0);
	if (n > r->end - r->at)
		r->bad = true;
	return r->bad ? 0 : r->at + n;
}

bool dbus_get_struct(struct dbus_reader *r, size_t array_end)
{
	if (r->bad || r->at >= array_end)
		return false;
	return take(r, 8, 0) != NULL;
}

static void read_field(struct dbus_reader *r, struct dbus_message *m)
{
	uint8_t number = get_u8(r);
	const char *type = get_signature(r);
	const char *text = "";
	uint32_t value = 0;

	if (!strcmp(type, "u"))
		value = dbus_get_u32(r);
	else if (!strcmp(type, "s") || !strcmp(type, "o"))
		text = dbus_get_string(r);
	else if (!strcmp(type, "g"))
		text = get_signature(r);
	else
		r->bad = true; /* no field of the standard has another type */
	if (number == FIELD_REPLY)
		m->reply_to = value;
	else if (number == FIELD_ERROR)
		m->error = text;
	else if (number == FIELD_SIGNATURE)
		m->signature = text;
}

int dbus_next(const struct buf *in, struct dbus_message *m)
{
	const uint8_t *p = (const uint8_t *)in->data;
	struct dbus_reader r = {.data = p, .at = 4, .end = in->len};
	size_t body, fields, end;

	if (in->len < FIXED_SIZE)
		return 0;
	if (p[0] != 'l' || p[1] < DBUS_CALL || p[1] > DBUS_SIGNAL || p[3] != 1)
		return -1;
	body = dbus_get_u32(&r);
	dbus_get_u32(&r); /* its serial */
	fields = dbus_get_u32(&r);
	if (body > DBUS_MESSAGE_MAX || fields > DBUS_MESSAGE_MAX)
		return -1;
	end = (FIXED_SIZE + fields + 7) / 8 * 8;
	if (in->len < end + body)
		return 0;
	*m = (struct dbus_message){.type = p[1], .size = end + body, .signature = "", .error = ""};
	r.end = FIXED_SIZE + fields;
	while (dbus_get_struct(&r, FIXED_SIZE + fields))
		read_field(&r, m);
	m->body = (struct dbus_reader){.data = p, .at = end, .end = end + body};
	return r.bad ? -1 : 1;
}
