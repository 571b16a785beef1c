/* frame.h - the one frame format that script, world and agent share
 *
 * A frame is a 12-byte header and a payload, all little-endian:
 *
 *	u32 length	of the payload, at most WIRE_PAYLOAD_MAX
 *	u16 magic	WIRE_MAGIC; a stream that lost its place is noticed here
 *	u16 type	enum wire_type (agent.h), enum wire_script_type (script.h)
 *	u32 id		of the request that the frame belongs to, 0 for none
 *
 * A payload is a sequence of fields in the order that these two give:
 * integers of fixed size, and strings or bytes as u32 length + content.
 * The reader trusts nothing: a field that does not fit sets @bad, and every
 * later get returns zero or "", so that a handler checks once at its end.
 */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WIRE_HEADER_SIZE 12
#define WIRE_MAGIC	 0x7674	  /* "tv" */
#define WIRE_PAYLOAD_MAX (1 << 20) /* bytes; a larger thing is sent in pieces */
#define WIRE_CHUNK	 32768	  /* bytes of output or file data a frame */

/**
 * struct frame - A received frame
 * @payload:	Inside the buffer it was read from; valid until that changes
 */
struct frame {
	uint16_t type;
	uint32_t id;
	const uint8_t *payload;
	size_t len;
};

/**
 * wire_next() - Look at the first whole frame in a buffer
 * @in:		Received bytes; the caller drops the frame with
 *		buf_consume(in, wire_size(f)) when it is done with it
 *
 * Return: 1 with @f set, 0 when more bytes are needed, -1 when the stream is
 * broken (wrong magic, impossible length)
 */
int wire_next(const struct buf *in, struct frame *f);

/* Return: bytes of a frame, header included. */
static inline size_t wire_size(const struct frame *f)
{
	return WIRE_HEADER_SIZE + f->len;
}

/**
 * wire_begin() - Start a frame at the end of a buffer
 * Return: a mark for wire_end(); put fields in between
 */
size_t wire_begin(struct buf *out, uint16_t type, uint32_t id);
void wire_put_u8(struct buf *out, uint8_t v);
void wire_put_u32(struct buf *out, uint32_t v);
void wire_put_u64(struct buf *out, uint64_t v);
void wire_put_bytes(struct buf *out, const void *data, size_t n);
/* NULL is sent as "". */
void wire_put_str(struct buf *out, const char *s);
/* Fill in the length of the frame that wire_begin() started. */
void wire_end(struct buf *out, size_t mark);

/**
 * struct wire_reader - A place in a payload
 * @bad:	A field did not fit: the message is malformed
 */
struct wire_reader {
	const uint8_t *p;
	size_t left;
	bool bad;
};

static inline struct wire_reader wire_read(const struct frame *f)
{
	return (struct wire_reader){.p = f->payload, .left = f->len};
}

uint8_t wire_get_u8(struct wire_reader *r);
uint32_t wire_get_u32(struct wire_reader *r);
uint64_t wire_get_u64(struct wire_reader *r);
/* Return: the bytes, inside the frame, not NUL-terminated; @n is set. */
const char *wire_get_bytes(struct wire_reader *r, size_t *n);
/* Return: a NUL-terminated copy that the caller frees; an inner NUL makes the message bad. */
char *wire_get_str(struct wire_reader *r);

#endif
