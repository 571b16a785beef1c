/* ext4.c - an empty ext4 file system, written without mkfs
 *
 * Theory of operation
 *
 * Most of an empty file system is zero, and so is a hole. Blocks have 4 KiB, and
 * 32,768 of them are a group. Each group begins with what is its own:
 *
 *	superblock, table of groups	in group 0, and in those whose number is 1 or a power of 3, 5 or 7
 *	bitmap of blocks		one block
 *	bitmap of inodes		one block
 *	table of inodes			8,192 inodes in 512 blocks
 *
 * Of a group that nothing is in neither bitmap nor inodes are written: "uninit"
 * in its descriptor says so, and a checksum says that this can be believed. Group
 * 0 is written out, with the root, lost+found and the journal; and so is the
 * bitmap of the last group, whose end is not that of a whole one.
 *
 * Nothing newer is used than what Linux 2.6.28 mounts: checksums of all metadata
 * need the kernel's crc32c, which is a module of its own, and find no error that
 * a test would want to be told of.
 *
 * Not done: running mkfs in the guest, which most images have not, or on the
 * host, which need not have it.
 *
 * Source: Linux, Documentation/filesystems/ext4/, fs/ext4/ext4.h, include/linux/jbd2.h.
 */
#include "state/ext4.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/fd.h"
#include "base/host.h"
#include "base/mem.h"
#include "store/store.h"

#define BLOCK	      4096u
#define GROUP	      (8 * BLOCK) /* blocks, as many as its bitmap has bits */
#define INODES	      8192u	  /* of a group */
#define INODE	      256u	  /* bytes */
#define TABLE	      (INODES * INODE / BLOCK)
#define DESCRIPTOR    32u
#define LAST_GROUP_MIN (TABLE + 128u) /* blocks: of a smaller one little would be left */
#define JOURNAL	      2048u	  /* blocks, */
#define JOURNAL_SMALL 1024u	  /* the fewest that there may be, in a file system of less than */
#define SMALL_MIB     128

/* Inodes with a number of their own. */
#define ROOT_INODE    2u
#define JOURNAL_INODE 8u
#define LOST_INODE    11u
#define USED_INODES   LOST_INODE

/* Features that a kernel may ignore, that it must know, and that it must know to write. */
#define COMPATIBLE   (0x4u | 0x8u | 0x20u)		       /* journal, attributes, indexed folders */
#define INCOMPATIBLE (0x2u | 0x40u)			       /* types in folders, extents */
#define READ_ONLY    (0x1u | 0x2u | 0x8u | 0x10u | 0x20u | 0x40u) /* sparse superblocks, large files, huge files, sums of groups,
							       * many folders, larger inodes */
#define GROUP_INODES_UNINIT 1u
#define GROUP_BLOCKS_UNINIT 2u
#define GROUP_INODES_ZERO   4u

/**
 * struct maker - A file system being written
 * @table:	Blocks of the table of groups
 * @groups:	Descriptors, @table blocks
 * @free_blocks: Of all groups
 */
struct maker {
	int fd;
	uint32_t blocks, ngroups, table, journal;
	uint32_t free_blocks;
	uint8_t uuid[16], seed[16];
	uint8_t *groups;
	uint8_t block[BLOCK]; /* being filled */
};

/* ---- arithmetic ---- */

/* As lib/crc16.c of Linux has it. */
static uint16_t crc16(uint16_t crc, const uint8_t *p, size_t n)
{
	while (n--) {
		crc = (uint16_t)(crc ^ *p++);
		for (int i = 0; i < 8; i++)
			crc = (uint16_t)(crc & 1 ? crc >> 1 ^ 0xA001 : crc >> 1);
	}
	return crc;
}

static bool is_power(uint32_t n, uint32_t base)
{
	while (n % base == 0)
		n /= base;
	return n == 1;
}

static bool has_superblock(uint32_t group)
{
	return group <= 1 || is_power(group, 3) || is_power(group, 5) || is_power(group, 7);
}

static uint32_t blocks_of(const struct maker *m, uint32_t group)
{
	return group + 1 < m->ngroups ? GROUP : m->blocks - group * GROUP;
}

/* Return: the blocks at the beginning of a group that no file can have. */
static uint32_t overhead_of(const struct maker *m, uint32_t group)
{
	return (has_superblock(group) ? 1 + m->table : 0) + 2 + TABLE;
}

/* Return: the number of a group's bitmap of blocks; that of inodes follows it, and then its table. */
static uint32_t bitmap_of(const struct maker *m, uint32_t group)
{
	return group * GROUP + (has_superblock(group) ? 1 + m->table : 0);
}

/* ---- writing ---- */

static int write_at(const struct maker *m, uint64_t offset, const void *data, size_t n)
{
	return fd_pwrite_all(m->fd, data, n, (off_t)offset);
}

/* Write the block being filled, and begin another one. */
static int write_block(struct maker *m, uint32_t number)
{
	int r = write_at(m, (uint64_t)number * BLOCK, m->block, BLOCK);

	memset(m->block, 0, BLOCK);
	return r;
}

static void set_bits(uint8_t *map, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		map[i / 8] |= (uint8_t)(1u << i % 8);
}

/* ---- groups ---- */

/* The blocks of group 0 that files have: one each of the root and of lost+found, and the journal. */
static uint32_t files_of(const struct maker *m, uint32_t group)
{
	return group ? 0 : 2 + m->journal;
}

static void describe_group(struct maker *m, uint32_t group)
{
	uint8_t *d = m->groups + (size_t)group * DESCRIPTOR, number[4];
	uint32_t bitmap = bitmap_of(m, group), used = overhead_of(m, group) + files_of(m, group);
	uint32_t free_blocks = blocks_of(m, group) - used, used_inodes = group ? 0 : USED_INODES;
	bool last = group + 1 == m->ngroups;
	uint16_t sum;

	put_le32(d, bitmap);
	put_le32(d + 4, bitmap + 1);
	put_le32(d + 8, bitmap + 2);
	put_le16(d + 12, free_blocks);
	put_le16(d + 14, INODES - used_inodes);
	put_le16(d + 16, group ? 0 : 2); /* folders */
	put_le16(d + 18, GROUP_INODES_ZERO | (group ? GROUP_INODES_UNINIT : 0) | (group && !last ? GROUP_BLOCKS_UNINIT : 0));
	put_le16(d + 28, INODES - used_inodes); /* at the end of the table, never used */
	put_le32(number, group);
	sum = crc16(crc16(crc16(0xFFFF, m->uuid, sizeof(m->uuid)), number, sizeof(number)), d, 30);
	put_le16(d + 30, sum);
	m->free_blocks += free_blocks;
}

/* Of those groups whose bitmaps are written. */
static int write_bitmaps(struct maker *m, uint32_t group)
{
	set_bits(m->block, 0, overhead_of(m, group) + files_of(m, group));
	set_bits(m->block, blocks_of(m, group), GROUP);
	if (write_block(m, bitmap_of(m, group)) < 0)
		return -1;
	if (group)
		return 0;
	set_bits(m->block, 0, USED_INODES);
	set_bits(m->block, INODES, GROUP);
	return write_block(m, bitmap_of(m, group) + 1);
}

/* ---- files ---- */

/* @offset: of its first block behind what is the group's own */
struct file {
	uint32_t inode, mode, links, offset, blocks;
};

static uint32_t first_block(const struct maker *m, const struct file *f)
{
	return overhead_of(m, 0) + f->offset;
}

static int write_inode(const struct maker *m, const struct file *f)
{
	uint8_t i[INODE] = {0}, *extents = i + 0x28;
	uint32_t size = f->blocks * BLOCK;

	put_le16(i, f->mode);
	put_le32(i + 4, size);
	put_le16(i + 0x1A, f->links);
	put_le32(i + 0x1C, size / 512);
	put_le32(i + 0x20, 0x80000); /* it has extents: */
	put_le16(extents, 0xF30A);
	put_le16(extents + 2, 1);
	put_le16(extents + 4, 4);
	put_le16(extents + 16, f->blocks);
	put_le32(extents + 20, first_block(m, f));
	put_le16(i + 0x80, 32); /* bytes that are more than 128 */
	return write_at(m, (uint64_t)(bitmap_of(m, 0) + 2) * BLOCK + (uint64_t)(f->inode - 1) * INODE, i, sizeof(i));
}

/* Return: where the next one goes. */
static uint8_t *put_entry(uint8_t *p, uint32_t inode, const char *name, size_t length)
{
	put_le32(p, inode);
	put_le16(p + 4, (uint32_t)length);
	p[6] = (uint8_t)strlen(name);
	p[7] = 2; /* a folder */
	memcpy(p + 8, name, strlen(name));
	return p + length;
}

static int write_folder(struct maker *m, const struct file *f, bool root)
{
	uint8_t *p = put_entry(m->block, f->inode, ".", 12);

	p = put_entry(p, ROOT_INODE, "..", root ? 12 : BLOCK - 12);
	if (root)
		put_entry(p, LOST_INODE, "lost+found", BLOCK - 24);
	return write_inode(m, f) < 0 ? -1 : write_block(m, first_block(m, f));
}

static void put_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* One that nothing is to be replayed from. */
static int write_journal(struct maker *m, const struct file *f)
{
	put_be32(m->block, 0xC03B3998);
	put_be32(m->block + 4, 4); /* a superblock, version 2 */
	put_be32(m->block + 12, BLOCK);
	put_be32(m->block + 16, f->blocks);
	put_be32(m->block + 20, 1); /* first block of the log, */
	put_be32(m->block + 24, 1); /* and first transaction */
	memcpy(m->block + 48, m->uuid, sizeof(m->uuid));
	put_be32(m->block + 64, 1); /* file systems that use it */
	return write_inode(m, f) < 0 ? -1 : write_block(m, first_block(m, f));
}

static int write_files(struct maker *m)
{
	const struct file root = {ROOT_INODE, S_IFDIR | 0755, 3, 0, 1};
	const struct file lost = {LOST_INODE, S_IFDIR | 0700, 2, 1, 1};
	const struct file journal = {JOURNAL_INODE, S_IFREG | 0600, 1, 2, m->journal};

	return write_folder(m, &root, true) < 0 || write_folder(m, &lost, false) < 0 ? -1 : write_journal(m, &journal);
}

/* ---- superblocks ---- */

static void put_superblock(const struct maker *m, uint32_t group, uint8_t s[1024])
{
	memset(s, 0, 1024);
	put_le32(s, m->ngroups * INODES);
	put_le32(s + 4, m->blocks);
	put_le32(s + 12, m->free_blocks);
	put_le32(s + 16, m->ngroups * INODES - USED_INODES);
	put_le32(s + 24, 2); /* 1024 << 2 bytes a block, */
	put_le32(s + 28, 2); /* and a cluster */
	put_le32(s + 32, GROUP);
	put_le32(s + 36, GROUP);
	put_le32(s + 40, INODES);
	put_le16(s + 54, 0xFFFF); /* mounts until it is to be checked: never */
	put_le16(s + 56, 0xEF53);
	put_le16(s + 58, 1); /* clean */
	put_le16(s + 60, 1); /* it goes on after an error */
	put_le32(s + 76, 1); /* revision: */
	put_le32(s + 84, LOST_INODE);
	put_le16(s + 88, INODE);
	put_le16(s + 90, group);
	put_le32(s + 92, COMPATIBLE);
	put_le32(s + 96, INCOMPATIBLE);
	put_le32(s + 100, READ_ONLY);
	memcpy(s + 104, m->uuid, sizeof(m->uuid));
	memcpy(s + 120, "vmtap", 5);
	put_le32(s + 224, JOURNAL_INODE);
	memcpy(s + 236, m->seed, sizeof(m->seed));
	s[252] = 1; /* hashes of folders: half MD4 */
	put_le16(s + 254, DESCRIPTOR);
	put_le32(s + 256, 0x4 | 0x8); /* mounted with attributes of users, and with ACLs */
	put_le16(s + 348, 32);
	put_le16(s + 350, 32);
	put_le32(s + 352, 1); /* of signed characters */
}

static int write_superblocks(struct maker *m)
{
	uint8_t s[1024];

	for (uint32_t g = 0; g < m->ngroups; g++) {
		uint64_t at = (uint64_t)g * GROUP * BLOCK;

		if (!has_superblock(g))
			continue;
		put_superblock(m, g, s);
		if (write_at(m, at + (g ? 0 : 1024), s, sizeof(s)) < 0 ||
		    write_at(m, at + BLOCK, m->groups, (size_t)m->table * BLOCK) < 0)
			return -1;
	}
	return 0;
}

/* ---- all of it ---- */

static int write_all(struct maker *m)
{
	for (uint32_t g = 0; g < m->ngroups; g++)
		describe_group(m, g);
	if (write_bitmaps(m, 0) < 0 || (m->ngroups > 1 && write_bitmaps(m, m->ngroups - 1) < 0))
		return -1;
	return write_files(m) < 0 ? -1 : write_superblocks(m);
}

int ext4_make(int fd, const char *path, long mib, struct err *err)
{
	struct maker m = {.fd = fd, .blocks = (uint32_t)(mib << 8), .journal = mib < SMALL_MIB ? JOURNAL_SMALL : JOURNAL};
	int r;

	assert(mib >= EXT4_MIB_MIN && mib <= EXT4_MIB_MAX);
	if (m.blocks > GROUP && m.blocks % GROUP && m.blocks % GROUP < LAST_GROUP_MIN)
		m.blocks -= m.blocks % GROUP;
	m.ngroups = (m.blocks + GROUP - 1) / GROUP;
	m.table = (m.ngroups * DESCRIPTOR + BLOCK - 1) / BLOCK;
	if (host_random(m.uuid, sizeof(m.uuid)) < 0 || host_random(m.seed, sizeof(m.seed)) < 0)
		return err_errno(err, "cannot read random bytes");
	m.groups = xcalloc(m.table, BLOCK);
	r = ftruncate(fd, (off_t)mib << 20) < 0 ? -1 : write_all(&m);
	free(m.groups);
	return r < 0 ? store_write_error(err, path) : 0;
}
