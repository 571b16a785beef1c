/* crc32c.c - CRC-32C (Castagnoli) */
#include "base/crc32c.h"

#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

#define POLYNOMIAL 0x82f63b78 /* bits reversed */

static void fill(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c >> 1 ^ (c & 1 ? POLYNOMIAL : 0);
		table[i] = c;
	}
}

static uint32_t add_plain(uint32_t crc, const uint8_t *p, size_t n)
{
	static uint32_t table[256];

	if (n && !table[255])
		fill(table);
	while (n--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t add_words(uint32_t crc, const uint8_t *p, size_t words)
{
	uint64_t c = crc, w;

	for (; words; words--, p += sizeof(w)) {
		memcpy(&w, p, sizeof(w));
		c = _mm_crc32_u64(c, w);
	}
	return (uint32_t)c;
}

static int has_instruction(void)
{
	static int known = -1;
	unsigned int a, b, c, d;

	if (known < 0)
		known = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2);
	return known;
}
#endif

uint32_t crc32c(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;

#ifdef __x86_64__
	if (has_instruction()) {
		crc = add_words(crc, p, n / 8);
		p += n / 8 * 8;
		n %= 8;
	}
#endif
	return add_plain(crc, p, n);
}
