/* mend.h - sums of tar headers, which mutations break */
#ifndef FUZZ_MEND_H
#define FUZZ_MEND_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Write the sum where a header seems to be. */
static inline void mend_sums(uint8_t *data, size_t n)
{
	for (size_t at = 0; at + 512 <= n; at += 512) {
		unsigned int sum = 8 * ' ';

		if (data[at + 257] != 'u' || data[at + 258] != 's')
			continue;
		for (size_t k = 0; k < 512; k++)
			sum += k >= 148 && k < 156 ? 0 : data[at + k];
		snprintf((char *)data + at + 148, 8, "%06o", sum);
	}
}

#endif
