/* ocr.h - reading the text of a picture with tesseract(1), beside all else */
#ifndef WORLD_OCR_H
#define WORLD_OCR_H

#include <sys/types.h>

#include "base/stream.h"
#include "screen/picture.h"

#define OCR_PROGRAM  "tesseract"
#define OCR_TEXT_MAX (256 * 1024) /* bytes of what it says; a screen has less */

/**
 * struct ocr - One reading
 * @done:	Called once, from the loop: with the text, of any bytes, or with NULL and why there is none
 */
struct ocr {
	void (*done)(void *arg, const struct buf *text, const char *error);
	void *arg;
	struct stream out;
	struct buf text;
	pid_t pid;
	int pidfd;
};

/* Return: the program's path, which the caller frees; NULL when the host has none. */
char *ocr_find(void);

/* Begin; @done and @arg are set. Return: 0, or -1. */
int ocr_start(struct ocr *o, struct loop *l, const char *program, const struct picture *p, struct err *err);

/* End it, without @done; harmless when nothing was begun (`= {0}`). */
void ocr_stop(struct ocr *o);

#endif
