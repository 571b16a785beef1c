/* crc32c.h - CRC-32C (Castagnoli; RFC 3720, appendix B.4): finds damage, not malice */
#ifndef BASE_CRC32C_H
#define BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

#define CRC32C_INIT 0xffffffffu

/*
 * Go on with a sum that began as CRC32C_INIT. No final inversion: as Linux's crc32c(). Some 8 GB/s with
 * SSE 4.2, 0.4 GB/s without.
 */
uint32_t crc32c(uint32_t crc, const void *data, size_t n);

#endif
