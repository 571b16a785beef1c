/* tar_build.h - tar archives made in memory, good ones and bad ones */
#ifndef TAR_BUILD_H
#define TAR_BUILD_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"

/* Write the sum into the last header. */
static inline void tar_build_sum(struct buf *b, size_t at)
{
	unsigned int sum = 0;

	memset(b->data + at + 148, ' ', 8);
	for (size_t k = 0; k < 512; k++)
		sum += (unsigned char)b->data[at + k];
	snprintf(b->data + at + 148, 8, "%06o", sum);
}

/* A field of 100 bytes that needs no NUL */
static inline void tar_build_name(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n < 100 ? n : 100);
}

/* A ustar header. Return: its offset, for changes (call tar_build_sum() after them). */
static inline size_t tar_build_head(struct buf *b, const char *name, char type, unsigned int mode, const char *link,
				    size_t size)
{
	size_t at = b->len;
	char *h = buf_reserve(b, 512);

	memset(h, 0, 512);
	tar_build_name(h, name);
	snprintf(h + 100, 8, "%07o", mode);
	snprintf(h + 108, 8, "%07o", 1000u);
	snprintf(h + 116, 8, "%07o", 100u);
	snprintf(h + 124, 12, "%011o", (unsigned)size);
	snprintf(h + 136, 12, "%011o", 1600000000u);
	h[156] = type;
	tar_build_name(h + 157, link);
	memcpy(h + 257, "ustar\0" "00", 8);
	buf_commit(b, 512);
	tar_build_sum(b, at);
	return at;
}

static inline void tar_build_data(struct buf *b, const void *data, size_t n)
{
	static const char zeros[512];

	buf_add(b, data, n);
	buf_add(b, zeros, (512 - n % 512) % 512);
}

static inline void tar_build_file(struct buf *b, const char *name, const char *text)
{
	tar_build_head(b, name, '0', 0644, "", strlen(text));
	tar_build_data(b, text, strlen(text));
}

/* One pax record in a header of its own; the value is any bytes. */
static inline void tar_build_pax(struct buf *b, const char *key, const void *value, size_t n)
{
	struct buf record = {0};
	size_t len = strlen(key) + n + 3, digits = 1;

	while (snprintf(NULL, 0, "%zu", len + digits) > (int)digits)
		digits++;
	buf_addf(&record, "%zu %s=", len + digits, key);
	buf_add(&record, value, n);
	buf_addc(&record, '\n');
	tar_build_head(b, "pax", 'x', 0644, "", record.len);
	tar_build_data(b, record.data, record.len);
	buf_free(&record);
}

static inline void tar_build_end(struct buf *b)
{
	static const char zeros[1024];

	buf_add(b, zeros, sizeof(zeros));
}

#endif
