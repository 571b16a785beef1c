/* bundle.h - one file with everything: vmtap, and behind it a kit and a QEMU
 *
 * The file, front to back:
 *
 *	program		vmtap's own ELF file: the kernel runs the bundle as it is
 *	streams		of each file one raw deflate stream (RFC 1951), in the order of the index, with nothing between
 *	index		text, below
 *	last line	"vmtap-index LEN SHA256\n": the index's bytes (8 digits) and sum; BUNDLE_END_LEN bytes, found from the
 *			file's end
 *
 * The index has a first line "vmtap-bundle 1" and then a line for each file,
 *
 *	PATH MODE SIZE PACKED OFFSET SHA256 CRC32C
 *
 * - PATH: names of [A-Za-z0-9._-], no dot in front, with '/' between; "PART/...", and "vmtap" for the program, which
 *   comes first. The others are sorted by their bytes, so that none is there twice.
 * - MODE: 755 or 644. There are plain files only: no links, no folders of their own.
 * - SIZE, PACKED, OFFSET: bytes of the file, of its stream, and where in the bundle that begins.
 * - SHA256: of the file. CRC32C: of the stream, 8 digits. The program is not packed: its SHA-256 is that of the vmtap
 *   that the bundle was made with, its CRC-32C that of the bytes in the bundle, which differ in the mark.
 *
 * Parts that vmtap itself looks for are "kit" (vmlinuz, busybox, modules-VERSION.erofs, kit.id) and "qemu"
 * (qemu-system-x86_64, firmware/, qemu.id). A bundle may have others, which are never unpacked by a run.
 *
 * The mark is a place in the program that has zeros in a plain vmtap. In a bundle it says how long the file is and where
 * its index begins: so a bundle knows that it is one also when its end is missing, and a damaged bundle is never taken
 * for a plain vmtap.
 *
 * The same inputs make the same bytes: there are no times, owners or names of this machine in it.
 *
 * Which sums are compared when: the last line's and the program's CRC-32C whenever a bundle is opened (0.3 ms); a
 * stream's CRC-32C whenever it is unpacked; the SHA-256 of files too by bundle_check(), bundle_read() and
 * bundle_unpack(). They find damage, not malice: the sum of the whole file, from where it was published, is for that.
 */
#ifndef IMAGE_BUNDLE_H
#define IMAGE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"

#define BUNDLE_KIND	 "bundle"	/* of the store's entries */
#define BUNDLE_PROGRAM	 "vmtap"	/* the path of the program in the index */
#define BUNDLE_FILES_MAX 512
#define BUNDLE_INDEX_MAX (256u << 10)	/* bytes: so many files of the longest names */
#define BUNDLE_BYTES_MAX (1ull << 30)	/* of all files together, unpacked */
#define BUNDLE_END_LEN	 86		/* bytes of the last line */

/* A line of the index, in the file's units. */
struct bundle_file {
	char *path, sum[SHA256_HEX];
	uint32_t mode, crc;
	uint64_t size, packed, offset;
};

/**
 * struct bundle - An open bundle
 * @path:	For messages
 * @key:	The SHA-256 of the index: the same when all files are
 * @bytes:	Of the bundle
 * @files:	@count of them, the program first
 */
struct bundle {
	int fd;
	char *path, key[SHA256_HEX];
	uint64_t bytes;
	struct bundle_file *files;
	size_t count;
};

/* ---- opening ---- */

/* Return: whether this process runs from a bundle, as its program says; the file itself may be damaged. */
bool bundle_is_self(void);

/**
 * bundle_open_self() - Open the bundle that this process runs from
 * @err:	It was cut short or altered, or something was appended; with the hint
 *		to download it again. /proc/self/exe cannot be read
 *
 * Return: 0, or -1
 */
int bundle_open_self(struct bundle *b, struct err *err);

/**
 * bundle_open() - Open any file as a bundle
 * @path:	For messages, too
 *
 * Return: 0, or -1
 */
int bundle_open(struct bundle *b, const char *path, struct err *err);

/* Harmless on one that bundle_open() refused; start with `= {.fd = -1}`. */
void bundle_close(struct bundle *b);
#define cleanup_bundle __attribute__((cleanup(bundle_close)))

/* ---- what is inside ---- */

/* Return: a file of the bundle, owned by it, or NULL. */
const struct bundle_file *bundle_find(const struct bundle *b, const char *path);

/* Append a file, its sums compared; at most @limit bytes. Return: 0, or -1 (no such file, damaged, too large). */
int bundle_read(const struct bundle *b, const char *path, size_t limit, struct buf *out, struct err *err);

/* Read all files and compare all sums. Return: 0, or -1: which file was altered. */
int bundle_check(const struct bundle *b, struct err *err);

/**
 * bundle_unpack() - Unpack everything into a new folder, the plain vmtap too
 * @dir:	Must not exist. What is there in the end is all of it, or nothing
 *
 * The vmtap in it finds the kit and the QEMU beside itself, wherever the folder is moved to.
 *
 * Return: 0, or -1
 */
int bundle_unpack(const struct bundle *b, const char *dir, struct err *err);

/**
 * bundle_provide() - Have the kit and QEMU of a bundle as an entry of the store, unpacked if they are not there yet
 * @store:	The cache folder; created
 * @path:	Set to the entry's folder, with kit/ and qemu/ in it; leased (store.h); the caller frees it
 * @err:	No room, a cache that cannot be written, a damaged bundle; nothing is left behind
 *
 * Return: 0, or -1
 */
int bundle_provide(const struct bundle *b, const char *store, char **path, struct err *err);

/* ---- making one ---- */

/* A folder, or a file, whose files are to be "NAME/..." in a bundle, or "NAME". */
struct bundle_part {
	const char *name, *path;
};

/**
 * bundle_pack() - Make a bundle
 * @out:	Written under a temporary name first; replaced if it is there
 * @program:	A vmtap of this version or another, not a bundle
 * @gzip:	A program that packs better than zlib, as libdeflate's does: "GZIP -12 -c"
 *		packs its input; NULL: zlib
 * @parts:	@n of them; each named once
 * @err:	A link or another thing that is no plain file, a name that cannot be
 *		in a bundle, no vmtap, too much of anything
 *
 * A folder PART/lib/modules/VERSION becomes the one file PART/modules-VERSION.erofs, which a kit may have instead.
 *
 * Return: 0, or -1
 */
int bundle_pack(const char *out, const char *program, const char *gzip, const struct bundle_part *parts, size_t n,
		struct err *err);

#endif
