/* pack.h - entries of the store as one file, to carry them elsewhere
 *
 * The file is a gzip stream (RFC 1952), so that gzip -t can check it and any
 * gunzip unpack it. Inside, numbers are unsigned and little-endian:
 *
 *	magic	"vmtap-cache\n"				12 bytes
 *	u32	version, 1
 *	then records, each with 4 letters in front:
 *
 *	"ENTR"	u8 n, kind[n], key[64]			an entry begins
 *	"FILE"	u8 n, name[n], u32 mode, u64 size	a file of it begins, all zero
 *	"DATA"	u64 offset, u32 n, bytes[n]		what is not zero in it, in order
 *	"ESUM"	sum[64]					the entry ends
 *	"DONE"	u32 entries				the file ends
 *
 * A sum is the SHA-256, in hexadecimal, of everything from the letters "ENTR"
 * up to the letters "ESUM", neither of these included.
 *
 * Limits: PACK_ENTRIES_MAX entries, STORE_FILES_MAX files each, of at most
 * PACK_FILE_MAX bytes; DATA of at most PACK_DATA_MAX, inside the file, offsets
 * rising; kinds and names of STORE_NAME_MAX letters, digits, '.', '_' and '-'
 * with no dot in front; and no more data than the cache may hold.
 *
 * Sums find damage, not malice: a person who makes a pack that others import
 * decides what their guests boot, as a person who can write the cache folder does.
 */
#ifndef STORE_PACK_H
#define STORE_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

#define PACK_ENTRIES_MAX 4096
#define PACK_FILE_MAX	 (1ull << 36) /* 64 GiB: more is a mistake */
#define PACK_DATA_MAX	 (1u << 20)   /* bytes */

/* What was done. @skipped: there already (import), or damaged (export). @bytes: of the pack. */
struct pack_report {
	size_t entries, skipped;
	uint64_t bytes;
};

/**
 * store_export() - Write entries to a file
 * @root:	The cache folder
 * @path:	Written under a temporary name first; "-" is stdout
 * @kinds:	NULL-terminated: only these; empty: all
 *
 * Entries with folders in them are left out without a word: they were unpacked
 * from a file, and that is the one to carry.
 *
 * Least recently used first, so that an import that must drop some drops those.
 *
 * Return: 0, or -1 and nothing left behind
 */
int store_export(const char *root, const char *path, char *const *kinds, struct pack_report *out, struct err *err);

/**
 * store_import() - Add the entries of a file
 * @path:	"-" is stdin
 * @limit:	Most bytes of data to accept, the cache's own limit
 * @err:	Says what is wrong with it: truncated, damaged, no pack, another
 *		version, a name or a size that no export writes
 *
 * Everything is read and checked before the first entry is put in its place.
 *
 * Return: 0, or -1 and nothing left behind (should a rename fail in the end,
 * the entries in their places stay: each is whole)
 */
int store_import(const char *root, const char *path, uint64_t limit, struct pack_report *out, struct err *err);

#endif
