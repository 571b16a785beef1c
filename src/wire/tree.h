/* tree.h - files and folders as records: packed on one side of the wire, unpacked on the other
 *
 * Theory of operation
 *
 * A tree is a sequence of records, each at most WIRE_CHUNK bytes:
 *
 *	u8 TREE_ENTRY	u8 enum tree_kind, str path, u32 mode, u32 uid, u32 gid, u64 mtime in ns, u64 size of a file or
 *			number of a device, str what a link says, or the path of the file that a hard link is
 *	u8 TREE_DATA	u64 offset, bytes: of the last file. What no record covers is a hole
 *
 * Paths are relative to the top, whose own is "". A folder comes before what is in it. What is named on the command
 * line is followed when it is a symbolic link; links in the tree are kept, and so are hard links within it. A file
 * that the kernel makes up (/proc, /sys) is read whole first, as only that tells its size. Sockets are left out:
 * nothing is left of one in a copy.
 *
 * Who unpacks trusts nothing. A path has no component that is empty, "." or "..", is walked from the top one
 * component at a time, and no symbolic link is ever followed on the way, be it one that the tree itself brought:
 * openat(2) with O_NOFOLLOW, which every Linux has; openat2(2) would do it in one call, but is of 5.6. Files are made anew
 * (O_EXCL) after what was there has been removed, so nothing is written through a link. Entries, depth and bytes
 * have limits. A guest's tree gets no set-user-ID bits and no devices on the host.
 */
#ifndef WIRE_TREE_H
#define WIRE_TREE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

#define TREE_ENTRIES_MAX 200000		   /* of a tree */
#define TREE_NESTING_MAX	 100		   /* folders in each other: each is an open descriptor */
#define TREE_FOLDERS_MAX (16 << 20)	   /* bytes of the paths of all folders, which are kept to the end */
#define TREE_BYTES_MAX	 (8ull << 30)	   /* of all files' data, holes not counted */

enum tree_kind { TREE_FOLDER, TREE_FILE, TREE_LINK, TREE_HARD_LINK, TREE_FIFO, TREE_CHAR_DEVICE, TREE_BLOCK_DEVICE, TREE_KINDS };

struct tree_pack;

/* Begin with the file or folder at @path. Return: it, freed by tree_pack_free(); NULL with @err. */
struct tree_pack *tree_pack_open(const char *path, struct err *err);
/* All of it is to belong to root, whoever owns it here. */
void tree_pack_as_root(struct tree_pack *p);
/* Append the next record to @out. Return: 1; 0 at the end; -1 with @err. */
int tree_pack_next(struct tree_pack *p, struct buf *out, struct err *err);
void tree_pack_free(struct tree_pack *p);

struct tree_unpack;

/**
 * tree_unpack_open() - Begin to make a tree
 * @path:	What the top becomes; folders above it are made
 * @guest:	On behalf of a guest: no set-user-ID bits and no devices
 *
 * Files and folders that are there and are not in the tree stay. Owners are set by root alone.
 *
 * Return: it, freed by tree_unpack_free(); NULL with @err
 */
struct tree_unpack *tree_unpack_open(const char *path, bool guest, struct err *err);
/* Take a record. Return: 0, or -1 with @err. */
int tree_unpack_record(struct tree_unpack *u, const void *record, size_t n, struct err *err);
/* All records came: complete the last file and the folders. Return: 0, or -1 with @err. */
int tree_unpack_end(struct tree_unpack *u, struct err *err);
void tree_unpack_free(struct tree_unpack *u);

/* For both: the first byte of a record. */
enum tree_record { TREE_ENTRY = 1, TREE_DATA = 2 };

#endif
