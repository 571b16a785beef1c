/* sha256.h - SHA-256 (FIPS 180-4) */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_HEX 65 /* bytes of a sum in hexadecimal, NUL included */

struct sha256 {
	uint32_t state[8];
	uint64_t total; /* bytes fed so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
/* @data: NULL will do for @n 0. */
void sha256_add(struct sha256 *s, const void *data, size_t n);
/* Feed a C string with its NUL, so that "ab","c" and "a","bc" differ. */
void sha256_add_str(struct sha256 *s, const char *text);
/* Finish and write the sum as lower-case hexadecimal. */
void sha256_hex(struct sha256 *s, char out[SHA256_HEX]);

#endif
