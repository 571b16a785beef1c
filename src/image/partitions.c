/* partitions.c - what is on a disk: its partitions, their file systems, and who could boot it */
#include "image/partitions.h"

#include <string.h>
#include <zlib.h>

#include "base/mem.h"

#define CODE_BYTES  440u   /* of the first sector that a BIOS runs; numbers and the table follow */
#define TABLE_AT    446u   /* the four entries of the older table, */
#define ENTRY_BYTES 16u    /* each of that size */
#define EXTENDED_MAX 60u   /* partitions inside an extended one */
#define GPT_ENTRY_MIN 128u /* bytes */
#define GPT_ENTRY_MAX 4096u
#define GPT_ENTRIES_MAX 1024u

static uint32_t le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint64_t le64(const uint8_t *p)
{
	return (uint64_t)le32(p + 4) << 32 | le32(p);
}

/* ---- file systems ---- */

static const struct magic {
	const char *fs;
	uint32_t at, len;
	const char *bytes;
} magics[] = {
	{"ext4", 1080, 2, "\x53\xef"}, /* ext2 and ext3 as well: the driver of ext4 mounts them */
	{"xfs", 0, 4, "XFSB"},
	{"btrfs", 65600, 8, "_BHRfS_M"},
	{"f2fs", 1024, 4, "\x10\x20\xf5\xf2"},
	{"erofs", 1024, 4, "\xe2\xe1\xf5\xe0"},
	{"squashfs", 0, 4, "hsqs"},
	{"iso9660", 32769, 5, "CD001"},
	{"LUKS", 0, 6, "LUKS\xba\xbe"},
	{"LVM", 536, 8, "LVM2 001"},
	{"swap", 4086, 10, "SWAPSPACE2"},
	{"vfat", 82, 5, "FAT32"},
	{"vfat", 54, 5, "FAT12"},
	{"vfat", 54, 5, "FAT16"},
	{"ntfs", 3, 4, "NTFS"},
};

/* What cannot be read is not known: a disk may end in the middle of what it says is a partition. */
static const char *fs_at(const struct disk *d, uint64_t start)
{
	uint8_t bytes[16];

	for (const struct magic *m = magics; m < magics + ARRAY_SIZE(magics); m++)
		if (disk_read(d, start + m->at, bytes, m->len, NULL) == 0 && memcmp(bytes, m->bytes, m->len) == 0)
			return m->fs;
	return NULL;
}

static void add(struct partitions *p, const struct disk *d, struct partition one)
{
	if (p->count == PARTITIONS_MAX || one.size == 0)
		return;
	one.fs = fs_at(d, one.start);
	p->efi |= one.efi;
	p->list[p->count++] = one;
}

/* ---- the older table ---- */

static bool is_extended(uint8_t type)
{
	return type == 0x05 || type == 0x0f || type == 0x85;
}

/* Those inside an extended partition are a chain of tables, each with one and the place of the next. */
static int read_chain(const struct disk *d, struct partitions *p, uint64_t base, struct err *err)
{
	uint64_t at = base;
	uint8_t s[DISK_SECTOR];

	for (uint32_t n = 0; n < EXTENDED_MAX; n++) {
		const uint8_t *one = s + TABLE_AT, *next = one + ENTRY_BYTES;

		if (disk_read(d, at * DISK_SECTOR, s, sizeof(s), err) < 0)
			return -1;
		if (s[510] != 0x55 || s[511] != 0xaa)
			return err_set(err, "'%s': its extended partition has a damaged table", d->path);
		if (one[4])
			add(p, d, (struct partition){.number = 5 + n, .start = (at + le32(one + 8)) * DISK_SECTOR,
						     .size = (uint64_t)le32(one + 12) * DISK_SECTOR, .efi = one[4] == 0xef});
		if (!is_extended(next[4]) || le32(next + 8) == 0)
			return 0;
		at = base + le32(next + 8);
	}
	return 0;
}

static int read_dos(const struct disk *d, const uint8_t *sector, struct partitions *p, struct err *err)
{
	uint64_t extended = 0;

	p->table = TABLE_DOS;
	for (uint32_t i = 0; i < 4; i++) {
		const uint8_t *e = sector + TABLE_AT + (size_t)i * ENTRY_BYTES;

		if (is_extended(e[4]))
			extended = le32(e + 8);
		else if (e[4])
			add(p, d, (struct partition){.number = i + 1, .start = (uint64_t)le32(e + 8) * DISK_SECTOR,
						     .size = (uint64_t)le32(e + 12) * DISK_SECTOR, .efi = e[4] == 0xef});
	}
	return extended ? read_chain(d, p, extended, err) : 0;
}

/* Return: whether the four entries can be a table; a file system's boot sector has its own 55 aa. */
static bool has_dos_table(const uint8_t *sector)
{
	bool any = false;

	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return false;
	for (uint32_t i = 0; i < 4; i++) {
		const uint8_t *e = sector + TABLE_AT + (size_t)i * ENTRY_BYTES;

		if (e[0] & 0x7f)
			return false;
		any |= e[4] != 0;
	}
	return any;
}

/* ---- GPT ---- */

static int read_gpt_entries(const struct disk *d, uint64_t at, uint32_t n, uint32_t size, struct partitions *p, struct err *err)
{
	/* C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it is stored */
	static const uint8_t efi[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
	static const uint8_t unused[16];
	uint8_t e[GPT_ENTRY_MIN];

	for (uint32_t i = 0; i < n; i++) {
		uint64_t first, last;

		if (disk_read(d, at + (uint64_t)i * size, e, sizeof(e), err) < 0)
			return -1;
		first = le64(e + 32);
		last = le64(e + 40);
		if (memcmp(e, unused, sizeof(unused)) == 0)
			continue;
		if (last < first || last >= DISK_SIZE_MAX / DISK_SECTOR)
			return err_set(err, "'%s': its partition %u ends before it begins", d->path, i + 1);
		add(p, d, (struct partition){.number = i + 1, .start = first * DISK_SECTOR,
					     .size = (last - first + 1) * DISK_SECTOR, .efi = memcmp(e, efi, sizeof(efi)) == 0});
	}
	return 0;
}

static int read_gpt(const struct disk *d, struct partitions *p, struct err *err)
{
	uint8_t h[DISK_SECTOR];
	uint32_t size, sum, n, entry;

	p->table = TABLE_GPT;
	if (disk_read(d, DISK_SECTOR, h, sizeof(h), err) < 0)
		return -1;
	size = le32(h + 12);
	sum = le32(h + 16);
	n = le32(h + 80);
	entry = le32(h + 84);
	memset(h + 16, 0, 4);
	if (size < 92 || size > sizeof(h) || crc32(0, h, size) != sum) {
		err_set(err, "'%s': its GPT, the table of partitions, is damaged", d->path);
		return err_hint(err, "its copy at the end of the disk may be whole: sgdisk -e '%s' mends the first", d->path);
	}
	if (entry < GPT_ENTRY_MIN || entry > GPT_ENTRY_MAX || n > GPT_ENTRIES_MAX || le64(h + 72) > DISK_SIZE_MAX / DISK_SECTOR)
		return err_set(err, "'%s': its GPT has entries of an impossible size or number", d->path);
	return read_gpt_entries(d, le64(h + 72) * DISK_SECTOR, n, entry, p, err);
}

/* ---- the disk ---- */

static bool has_code(const uint8_t *sector)
{
	if (sector[510] != 0x55 || sector[511] != 0xaa)
		return false;
	for (size_t i = 0; i < CODE_BYTES; i++)
		if (sector[i])
			return true;
	return false;
}

int partitions_read(const struct disk *d, struct partitions *out, struct err *err)
{
	uint8_t sector[DISK_SECTOR], magic[8];

	*out = (struct partitions){.table = TABLE_NONE};
	if (disk_read(d, 0, sector, sizeof(sector), err) < 0)
		return -1;
	out->bios = has_code(sector);
	if (disk_read(d, DISK_SECTOR, magic, sizeof(magic), NULL) == 0 && memcmp(magic, "EFI PART", 8) == 0)
		return read_gpt(d, out, err);
	if (has_dos_table(sector))
		return read_dos(d, sector, out, err);
	out->fs = fs_at(d, 0);
	return 0;
}

const struct partition *partitions_root(const struct partitions *p)
{
	static const char *const roots[] = {"ext4", "xfs", "btrfs", "f2fs", "erofs", "squashfs"};
	const struct partition *best = NULL;

	for (size_t i = 0; i < p->count; i++)
		for (size_t k = 0; k < ARRAY_SIZE(roots) && p->list[i].fs; k++)
			if (strcmp(p->list[i].fs, roots[k]) == 0 && (!best || p->list[i].size > best->size))
				best = &p->list[i];
	return best;
}
