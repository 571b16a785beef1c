/* decompress.h - streams that a program of the host decompresses: xz, zstd, bzip2, lz4
 *
 * gzip is inflated by ourselves (base/gzip.h). For the others there are programs
 * on most hosts, which are not worth their size in every download of vmtap.
 */
#ifndef IMAGE_DECOMPRESS_H
#define IMAGE_DECOMPRESS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define DECOMPRESS_MEMORY_MAX (512ull << 20) /* bytes of address space of such a program; zstd -19 and xz -9 take 70 MB */
#define DECOMPRESS_STALL_MS   120000	     /* without a byte from it */

/**
 * struct decompress_tool - A kind of compression
 * @name:	"xz"; the program's, too
 * @package:	Where distributions have the program
 */
struct decompress_tool {
	const char *name, *package, *magic;
	const char *const arguments[4];
};

/* Return: the tool for a file that begins with these bytes, or NULL. */
const struct decompress_tool *decompress_tool(const void *data, size_t n);

struct decompress;

/**
 * decompress_open() - Start the program
 * @fd:		Read from its position; not owned
 * @max:	Bytes to read of it at most, behind which there is something else
 * @name:	For messages; not owned
 * @err:	There is no such program: which package has it
 *
 * It runs with our environment, dies with us, and may use DECOMPRESS_MEMORY_MAX.
 *
 * Return: the stream, or NULL
 */
struct decompress *decompress_open(const struct decompress_tool *tool, int fd, uint64_t max, const char *name,
				   struct err *err);
void decompress_close(struct decompress *d);

/**
 * decompress_read() - The next bytes
 * @err:	What the program said; it did not answer for DECOMPRESS_STALL_MS
 * Return: how many, 0 at the end, when the program has found nothing wrong, or -1
 */
ssize_t decompress_read(struct decompress *d, void *out, size_t n, struct err *err);

#endif
