/* picture.h - what a screen shows: read from QEMU's PPM, written as PNG and PGM */
#ifndef SCREEN_PICTURE_H
#define SCREEN_PICTURE_H

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

#define PICTURE_SIDE_MAX 8192			/* pixels: a guest chooses the mode of its screen */
#define PICTURE_PPM_MAX	 (3u * 4096 * 4096 + 64) /* bytes of a PPM: no screen is larger than 4096 by 4096, or as many */

/* @rgb: three bytes a pixel, from the top left, row after row; owned. `= {0}` is none. */
struct picture {
	unsigned width, height;
	uint8_t *rgb;
};

/* Read a binary PPM (P6 of 8 bits, as QEMU's screendump writes it). Return: 0, or -1. */
int picture_read_ppm(struct picture *p, const struct buf *ppm, struct err *err);
void picture_free(struct picture *p);

/* Append it as a PNG (RFC 2083) of 8 bits a channel. */
void picture_write_png(const struct picture *p, struct buf *out);

/* Append it as a PGM, grey, each side twice as long: what OCR reads best. */
void picture_write_pgm(const struct picture *p, struct buf *out);

#endif
