/* sha256.c - SHA-256 (FIPS 180-4) */
#include "base/sha256.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotr(uint32_t x, int n)
{
	return x >> n | x << (32 - n);
}

static uint32_t get32be(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* One round; the caller rotates the names instead of the values. */
#define ROUND(a, b, c, d, e, f, g, h, n)                                                                     \
	do {                                                                                                 \
		uint32_t t1 = (h) + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((g) ^ ((e) & ((f) ^ (g)))) + \
			      round_constants[n] + w[(n) % 16];                                              \
		(d) += t1;                                                                                   \
		(h) = t1 + (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + (((a) & (b)) | ((c) & ((a) | (b))));   \
	} while (0)

/* The next 16 words of the schedule, in the place of the last. */
static void schedule(uint32_t w[16])
{
#pragma GCC unroll 16
	for (int i = 0; i < 16; i++) {
		uint32_t x = w[(i + 1) % 16], y = w[(i + 14) % 16];

		w[i] += (rotr(x, 7) ^ rotr(x, 18) ^ x >> 3) + w[(i + 9) % 16] +
			(rotr(y, 17) ^ rotr(y, 19) ^ y >> 10);
	}
}

static void compress_plain(uint32_t state[8], const uint8_t *block)
{
	uint32_t w[16], a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

	for (int i = 0; i < 16; i++)
		w[i] = get32be(block + 4 * i);
	for (int i = 0; i < 64; i += 8) {
		if (i >= 16 && i % 16 == 0)
			schedule(w);
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	state[0] += a, state[1] += b, state[2] += c, state[3] += d;
	state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

static void add_plain(uint32_t state[8], const uint8_t *p, size_t blocks)
{
	for (; blocks; blocks--, p += 64)
		compress_plain(state, p);
}

#ifdef __x86_64__
/*
 * The SHA extensions (Intel SDM, volume 1, "Intel SHA Extensions"): two rounds
 * an instruction, on a state that is kept as the halves ABEF and CDGH.
 */
__attribute__((target("sha,sse4.1,ssse3"))) static void add_extension(uint32_t state[8], const uint8_t *p,
								      size_t blocks)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
	__m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
	__m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);

	for (; blocks; blocks--, p += 64) {
		__m128i abef_before = abef, cdgh_before = cdgh, w[4] = {0};

#pragma GCC unroll 16
		for (int i = 0; i < 16; i++) {
			__m128i k = _mm_loadu_si128((const __m128i *)(const void *)(round_constants + 4 * i));
			__m128i newest = w[(i + 3) % 4];

			if (i < 4)
				w[i] = _mm_shuffle_epi8(
					_mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), swap);
			else
				w[i % 4] = _mm_sha256msg2_epu32(
					_mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]),
						      _mm_alignr_epi8(newest, w[(i + 2) % 4], 4)),
					newest);
			k = _mm_add_epi32(k, w[i % 4]);
			cdgh = _mm_sha256rnds2_epu32(cdgh, abef, k);
			abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(k, 0x0e));
		}
		abef = _mm_add_epi32(abef, abef_before);
		cdgh = _mm_add_epi32(cdgh, cdgh_before);
	}
	badc = _mm_shuffle_epi32(abef, 0x1b); /* feba */
	hgfe = _mm_shuffle_epi32(cdgh, 0xb1); /* dchg */
	_mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(badc, hgfe, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(hgfe, badc, 8));
}

/* SSSE3 and SSE4.1 in leaf 1, SHA in leaf 7. */
static bool has_extension(void)
{
	static int known = -1;
	unsigned int a, b, c, d;

	if (known < 0)
		known = __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSSE3) && (c & bit_SSE4_1) &&
			__get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
	return known;
}
#endif

/* With the processor's own instructions where it has them: five to ten times as fast. */
static void add_blocks(uint32_t state[8], const uint8_t *p, size_t blocks)
{
#ifdef __x86_64__
	if (has_extension()) {
		add_extension(state, p, blocks);
		return;
	}
#endif
	add_plain(state, p, blocks);
}

void sha256_init(struct sha256 *s)
{
	static const uint32_t start[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};

	*s = (struct sha256){0};
	memcpy(s->state, start, sizeof(start));
}

void sha256_add(struct sha256 *s, const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t used = s->total % 64;

	if (n == 0) /* of an empty buffer, @data may be NULL */
		return;
	s->total += n;
	if (used) {
		size_t take = 64 - used < n ? 64 - used : n;

		memcpy(s->block + used, p, take);
		if (used + take < 64)
			return;
		add_blocks(s->state, s->block, 1);
		p += take;
		n -= take;
	}
	add_blocks(s->state, p, n / 64);
	if (n % 64)
		memcpy(s->block, p + n / 64 * 64, n % 64);
}

void sha256_add_str(struct sha256 *s, const char *text)
{
	sha256_add(s, text, strlen(text) + 1);
}

void sha256_hex(struct sha256 *s, char out[SHA256_HEX])
{
	uint64_t bits = s->total * 8;
	uint8_t pad[72] = {0x80};
	size_t n = (s->total % 64 < 56 ? 56 : 120) - s->total % 64;

	for (int i = 0; i < 8; i++)
		pad[n + (size_t)i] = (uint8_t)(bits >> (56 - 8 * i));
	sha256_add(s, pad, n + 8);
	for (int i = 0; i < 8; i++)
		snprintf(out + 8 * i, 9, "%08x", s->state[i]);
}
