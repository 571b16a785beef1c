/* bundle_format.h - the letters of a bundle; bundle.h tells what they mean (for the files of the bundle, and its tests) */
#ifndef IMAGE_BUNDLE_FORMAT_H
#define IMAGE_BUNDLE_FORMAT_H

#include <assert.h>
#include <stdint.h>

#include "image/bundle.h"

#define BUNDLE_HEAD	  "vmtap-bundle 1\n"
#define BUNDLE_END	  "vmtap-index %08zu %s\n"
#define BUNDLE_MARK_MAGIC "\nvmtap: a bundle's mark\n" /* no text elsewhere in vmtap has it */

/**
 * struct bundle_mark - What a bundle's program knows of its own file
 * @size:	Of the whole bundle, little-endian; zero in a plain vmtap
 * @index:	Where the index begins
 */
struct bundle_mark {
	char magic[24];
	uint8_t size[8], index[8];
};

static_assert(sizeof(BUNDLE_MARK_MAGIC) - 1 <= 24, "the magic fits");

/* The mark of this program: the only place in its file with the magic, so take the magic from here. */
const struct bundle_mark *bundle_mark(void);

/* Return: the mark in a program's bytes, or NULL: there is none, or more than one. */
struct bundle_mark *bundle_mark_find(void *program, size_t n);

/* Read @n bytes at @offset. Return: 0, or -1 with what is wrong with the bundle. */
int bundle_read_at(const struct bundle *b, uint64_t offset, void *data, size_t n, struct err *err);

/* Say that a bundle was altered, and what to do. Return: -1. */
int bundle_altered(const struct bundle *b, struct err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
