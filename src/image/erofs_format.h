/* erofs_format.h - the part of EROFS's disk format that we write
 *
 * Source: Linux, Documentation/filesystems/erofs.rst and the structures that
 * it describes. Everything is little-endian. All offsets and sizes below are
 * bytes, block addresses count blocks from the start of the image.
 */
#ifndef IMAGE_EROFS_FORMAT_H
#define IMAGE_EROFS_FORMAT_H

#include <stdint.h>

#define EROFS_BLOCK	   4096u
#define EROFS_BLOCK_BITS   12
#define EROFS_SLOT	   32u /* an inode number counts these from the start of the metadata */
#define EROFS_SUPER_OFFSET 1024u
#define EROFS_SUPER_SIZE   128u
#define EROFS_MAGIC	   0xe0f5e1e2u

enum erofs_compat {
	EROFS_COMPAT_SUM = 1,	/* the superblock's crc32c is there */
	EROFS_COMPAT_MTIME = 2, /* inodes have the modification time, not the change time */
};

/* Superblock: offsets of its fields. */
enum erofs_super {
	EROFS_SUPER_MAGIC = 0,
	EROFS_SUPER_SUM = 4,
	EROFS_SUPER_COMPAT = 8,
	EROFS_SUPER_BLOCK_BITS = 12, /* u8 */
	EROFS_SUPER_ROOT = 14,	     /* u16 inode number */
	EROFS_SUPER_INODES = 16,     /* u64 */
	EROFS_SUPER_TIME = 24,	     /* u64, the mtime of compact inodes */
	EROFS_SUPER_BLOCKS = 36,
	EROFS_SUPER_META = 40, /* first block of the metadata */
};

/* Inode: offsets of its fields; the compact form has 32 bytes, the extended one 64. */
enum erofs_inode {
	EROFS_INODE_FORMAT = 0,	 /* u16: bit 0 extended, bits 1-3 enum erofs_layout */
	EROFS_INODE_XATTRS = 2,	 /* u16: 0, or 1 + 4-byte units behind the 12-byte header */
	EROFS_INODE_MODE = 4,	 /* u16 */
	EROFS_INODE_LINKS = 6,	 /* u16, compact */
	EROFS_INODE_SIZE = 8,	 /* u32 compact, u64 extended */
	EROFS_INODE_DATA = 16,	 /* u32: first block, or device number */
	EROFS_INODE_NUMBER = 20, /* u32, for 32-bit stat(2) */
	EROFS_INODE_UID = 24,	 /* u16 compact, u32 extended */
	EROFS_INODE_GID = 26,	 /* u16, compact */
	EROFS_INODE_GID32 = 28,
	EROFS_INODE_MTIME = 32, /* u64, from here on extended only */
	EROFS_INODE_MTIME_NS = 40,
	EROFS_INODE_LINKS32 = 44,
	EROFS_INODE_COMPACT = 32,
	EROFS_INODE_EXTENDED = 64,
};

enum erofs_layout {
	EROFS_PLAIN = 0,  /* whole blocks, the last one padded */
	EROFS_INLINE = 2, /* the same, but the last part sits behind the inode, in the same block */
};

#define EROFS_DIRENT	   12u /* u64 inode number, u16 offset of the name, u8 type, u8 0 */
#define EROFS_XATTR_HEADER 12u
#define EROFS_XATTR_ENTRY  4u /* u8 length of name, u8 index of prefix, u16 size of value */

#endif
