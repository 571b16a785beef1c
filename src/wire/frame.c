/* frame.c - the one frame format that script, world and agent share */
#include "wire/frame.h"

#include <string.h>

#include "base/bytes.h"
#include "base/mem.h"

int wire_next(const struct buf *in, struct frame *f)
{
	const uint8_t *p = (const uint8_t *)in->data;
	uint32_t len;

	if (in->len < WIRE_HEADER_SIZE)
		return 0;
	len = get_le32(p);
	if (get_le16(p + 4) != WIRE_MAGIC || len > WIRE_PAYLOAD_MAX)
		return -1;
	if (in->len - WIRE_HEADER_SIZE < len)
		return 0;
	f->type = get_le16(p + 6);
	f->id = get_le32(p + 8);
	f->payload = p + WIRE_HEADER_SIZE;
	f->len = len;
	return 1;
}

static void put(struct buf *out, uint64_t v, int bytes)
{
	uint8_t raw[8];

	put_le64(raw, v);
	buf_add(out, raw, (size_t)bytes);
}

size_t wire_begin(struct buf *out, uint16_t type, uint32_t id)
{
	size_t mark = out->len;

	put(out, 0, 4);
	put(out, WIRE_MAGIC, 2);
	put(out, type, 2);
	put(out, id, 4);
	return mark;
}

void wire_put_u8(struct buf *out, uint8_t v)
{
	put(out, v, 1);
}

void wire_put_u32(struct buf *out, uint32_t v)
{
	put(out, v, 4);
}

void wire_put_u64(struct buf *out, uint64_t v)
{
	put(out, v, 8);
}

void wire_put_bytes(struct buf *out, const void *data, size_t n)
{
	put(out, n, 4);
	buf_add(out, data, n);
}

void wire_put_str(struct buf *out, const char *s)
{
	wire_put_bytes(out, s ? s : "", s ? strlen(s) : 0);
}

void wire_end(struct buf *out, size_t mark)
{
	put_le32((uint8_t *)out->data + mark, (uint32_t)(out->len - mark - WIRE_HEADER_SIZE));
}

static const uint8_t *take(struct wire_reader *r, size_t n)
{
	const uint8_t *p = r->p;

	if (r->bad || n > r->left) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	r->left -= n;
	return p;
}

static uint64_t get(struct wire_reader *r, int bytes)
{
	const uint8_t *p = take(r, (size_t)bytes);
	uint8_t raw[8] = {0};

	if (p)
		memcpy(raw, p, (size_t)bytes);
	return get_le64(raw);
}

uint8_t wire_get_u8(struct wire_reader *r)
{
	return (uint8_t)get(r, 1);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
	return (uint32_t)get(r, 4);
}

uint64_t wire_get_u64(struct wire_reader *r)
{
	return get(r, 8);
}

const char *wire_get_bytes(struct wire_reader *r, size_t *n)
{
	size_t len = wire_get_u32(r);
	const uint8_t *p = take(r, len);

	*n = p ? len : 0;
	return p ? (const char *)p : "";
}

char *wire_get_str(struct wire_reader *r)
{
	size_t n;
	const char *p = wire_get_bytes(r, &n);

	if (memchr(p, '\0', n)) {
		r->bad = true;
		n = 0;
	}
	return xstrndup(p, n);
}
