/* picture.c - what a screen shows: read from QEMU's PPM, written as PNG and PGM */
#include "screen/picture.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"

#define PACKED_CHUNK 65536 /* bytes that deflate() is given room for at once */

/* ---- PPM ---- */

/* Return: the next number of a header, at most @max, and @at behind the one byte that follows it; 0 for none. */
static unsigned read_number(const char **at, const char *end, unsigned max)
{
	unsigned n = 0;

	while (*at < end && isspace((unsigned char)**at))
		++*at;
	while (*at < end && isdigit((unsigned char)**at) && n <= max)
		n = n * 10 + (unsigned)(*(*at)++ - '0');
	if (*at == end || !isspace((unsigned char)**at) || n > max)
		return 0;
	++*at;
	return n;
}

int picture_read_ppm(struct picture *p, const struct buf *ppm, struct err *err)
{
	const char *at = buf_str(ppm) + 2, *end = buf_str(ppm) + ppm->len;
	unsigned width, height;
	size_t n;

	*p = (struct picture){0};
	if (ppm->len < 2 || memcmp(ppm->data, "P6", 2) != 0)
		return err_set(err, "QEMU's picture of the screen is no PPM");
	width = read_number(&at, end, PICTURE_SIDE_MAX);
	height = read_number(&at, end, PICTURE_SIDE_MAX);
	n = 3 * (size_t)width * height;
	if (!n || read_number(&at, end, 255) != 255 || (size_t)(end - at) != n)
		return err_set(err, "QEMU's picture of the screen is damaged");
	*p = (struct picture){.width = width, .height = height, .rgb = xmalloc(n)};
	memcpy(p->rgb, at, n);
	return 0;
}

void picture_free(struct picture *p)
{
	free(p->rgb);
	*p = (struct picture){0};
}

/* ---- PNG ---- */

static void put_be32(struct buf *out, uint32_t n)
{
	uint8_t bytes[4] = {(uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n};

	buf_add(out, bytes, sizeof(bytes));
}

static void put_chunk(struct buf *out, const char *type, const void *data, size_t n)
{
	uLong sum = crc32(crc32(0, (const Bytef *)type, 4), data, (uInt)n);

	put_be32(out, (uint32_t)n);
	buf_add(out, type, 4);
	buf_add(out, data, n);
	put_be32(out, (uint32_t)sum);
}

/* Each row behind the number of its filter: 1 (Sub), the differences to the pixel on the left, is mostly zeros on a screen. */
static void put_rows(const struct picture *p, uint8_t *to)
{
	size_t row = 3 * (size_t)p->width;

	for (unsigned y = 0; y < p->height; y++) {
		const uint8_t *from = p->rgb + y * row;

		*to++ = 1;
		for (size_t i = 0; i < row; i++)
			*to++ = (uint8_t)(from[i] - (i < 3 ? 0 : from[i - 3]));
	}
}

/* Append @n bytes as a zlib stream (RFC 1950). */
static void pack(struct buf *out, const uint8_t *bytes, size_t n)
{
	z_stream z = {.next_in = (Bytef *)bytes, .avail_in = (uInt)n};
	int r = deflateInit(&z, Z_BEST_SPEED);

	while (r == Z_OK) {
		z.next_out = (Bytef *)buf_reserve(out, PACKED_CHUNK);
		z.avail_out = PACKED_CHUNK;
		r = deflate(&z, Z_FINISH);
		buf_commit(out, PACKED_CHUNK - z.avail_out);
	}
	deflateEnd(&z);
}

void picture_write_png(const struct picture *p, struct buf *out)
{
	const size_t n = (3 * (size_t)p->width + 1) * p->height;
	cleanup_free uint8_t *rows = xmalloc(n);
	cleanup_buf struct buf header = {0}, packed = {0};

	put_rows(p, rows);
	pack(&packed, rows, n);
	put_be32(&header, p->width);
	put_be32(&header, p->height);
	buf_add(&header, "\10\2\0\0\0", 5); /* 8 bits, colours; deflate, the filters, not interlaced */
	buf_add(out, "\211PNG\r\n\32\n", 8);
	put_chunk(out, "IHDR", header.data, header.len);
	put_chunk(out, "IDAT", packed.data, packed.len);
	put_chunk(out, "IEND", "", 0);
}

/* ---- PGM ---- */

/* ITU-R BT.601 */
static uint8_t grey(const uint8_t *rgb)
{
	return (uint8_t)((299u * rgb[0] + 587u * rgb[1] + 114u * rgb[2]) / 1000);
}

void picture_write_pgm(const struct picture *p, struct buf *out)
{
	const size_t width = 2 * (size_t)p->width;

	buf_addf(out, "P5\n%zu %u\n255\n", width, 2 * p->height);
	for (unsigned y = 0; y < p->height; y++) {
		uint8_t *row = (uint8_t *)buf_reserve(out, 2 * width);

		for (unsigned x = 0; x < p->width; x++)
			row[2 * x] = row[2 * x + 1] = grey(p->rgb + 3 * ((size_t)y * p->width + x));
		memcpy(row + width, row, width);
		buf_commit(out, 2 * width);
	}
}
