/* erofs_crc.h - the checksum of a superblock */
#ifndef IMAGE_EROFS_CRC_H
#define IMAGE_EROFS_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Return: crc32c (Castagnoli) with all bits set before and not inverted after, as Linux's crc32c(~0, ...). */
static inline uint32_t erofs_crc(const uint8_t *p, size_t n)
{
	uint32_t c = 0xffffffff;

	/* A bit at a time: 3 KB an image are not worth a table. */
	while (n--) {
		c ^= *p++;
		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (c & 1 ? 0x82f63b78 : 0);
	}
	return c;
}

#endif
