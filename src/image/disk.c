/* disk.c - a disk image: raw, or qcow2, whose sectors are looked at here */
#include "image/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/buf.h"
#include "image/source.h"

#define HEADER_V2     72u	   /* bytes */
#define HEADER_V3     104u
#define NAME_MAX_SHOWN 200u	   /* bytes of a backing file's name in a message; QEMU takes 1023 */
#define CLUSTER_MIN   9	   /* bits: 512 bytes to 2 MiB, as QEMU has it */
#define CLUSTER_MAX   21
#define TABLES_MAX    (64u << 20)  /* bytes of second-level tables that are looked at: those of a disk of 512 GiB */

#define ENTRY_OFFSET	 0x00fffffffffffe00ull /* of an L1 or L2 entry: where the table or cluster is */
#define ENTRY_COMPRESSED (1ull << 62)
#define ENTRY_ZERO	 1ull

/* Of the incompatible features; a dirty image ("refcounts may be wrong") can be read. */
enum {
	FEATURE_DIRTY = 1 << 0,
	FEATURE_CORRUPT = 1 << 1,
	FEATURE_DATA_FILE = 1 << 2,
	FEATURE_COMPRESSION = 1 << 3,
	FEATURE_EXTENDED_L2 = 1 << 4,
	FEATURES_KNOWN = (1 << 5) - 1,
};

/*
 * QEMU locks a byte of the file for each thing that it does with an image
 * (block/file-posix.c, RAW_LOCK_PERM_BASE): the second of them for writing.
 */
#define LOCK_WRITER 101

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t be64(const uint8_t *p)
{
	return (uint64_t)be32(p) << 32 | be32(p + 4);
}

bool disk_is_qcow2(const void *data, size_t n)
{
	return n >= 8 && memcmp(data, "QFI\xfb", 4) == 0;
}

/* Read from the file, not the disk. Return: 0, or -1: the file ends before. */
static int read_file(const struct disk *d, uint64_t offset, void *data, size_t n, struct err *err)
{
	size_t got = 0;

	while (got < n) {
		ssize_t more = pread(d->fd, (uint8_t *)data + got, n - got, (off_t)(offset + got));

		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return err_errno(err, "cannot read '%s'", d->path);
		if (more == 0)
			break;
		got += (size_t)more;
	}
	if (got == n)
		return 0;
	err_set(err, "'%s' is cut short: it ends at byte %llu, and has more at %llu", d->path,
		(unsigned long long)d->file_size, (unsigned long long)offset);
	return err_hint(err, "get it again: a download or a copy may have been broken off");
}

/* ---- qcow2 ---- */

static int refuse_backing(const struct disk *d, const uint8_t *header, struct err *err)
{
	uint64_t offset = be64(header + 8);
	uint32_t n = be32(header + 16);
	char name[NAME_MAX_SHOWN + 1] = "";
	cleanup_buf struct buf clean = {0};

	if (!offset)
		return 0;
	n = n < NAME_MAX_SHOWN ? n : NAME_MAX_SHOWN;
	if (read_file(d, offset, name, n, NULL) < 0)
		n = 0;
	text_clean(&clean, name, n);
	err_set(err, "'%s' has only what differs from another image, '%s', and vmtap opens no file that an image names",
		d->path, buf_str(&clean));
	return err_hint(err, "make one image of the two: qemu-img convert -O qcow2 '%s' whole.qcow2", d->path);
}

static int check_features(const struct disk *d, uint64_t features, struct err *err)
{
	if (features & FEATURE_CORRUPT) {
		err_set(err, "'%s' says of itself that it is corrupt", d->path);
		return err_hint(err, "mend it, if its content matters: qemu-img check -r all '%s'", d->path);
	}
	if (features & FEATURE_DATA_FILE) {
		err_set(err, "'%s' keeps its content in another file, and vmtap opens no file that an image names", d->path);
		return err_hint(err, "make one image of the two: qemu-img convert -O qcow2 '%s' whole.qcow2", d->path);
	}
	if (features & ~(uint64_t)FEATURES_KNOWN) {
		err_set(err, "'%s' is a qcow2 image with features (%#llx) that are not known here", d->path,
			(unsigned long long)features);
		return err_hint(err, "write it again without them: qemu-img convert -O qcow2 '%s' plain.qcow2", d->path);
	}
	return 0;
}

/* Return: bytes of the disk that one second-level table describes. */
static uint64_t table_reach(const struct disk *d)
{
	return 1ull << (2 * d->cluster_bits - (d->plain ? 3 : 4));
}

/* An entry of a second-level table leads into the file. */
static bool leads_inside(const struct disk *d, uint64_t entry)
{
	if (entry & ENTRY_COMPRESSED)
		return (entry & ((1ull << (70 - d->cluster_bits)) - 1)) < d->file_size;
	return (entry & ENTRY_OFFSET) + (entry & ENTRY_OFFSET ? 1 : 0) <= d->file_size;
}

/* A file that was cut off has tables that lead beyond its end: QEMU would tell only when the guest reads there. */
static int check_whole(const struct disk *d, struct err *err)
{
	size_t n = (size_t)1 << d->cluster_bits, step = d->plain ? 8 : 16;
	uint64_t looked = 0, lost = 0;
	cleanup_free uint8_t *table = xmalloc(n);

	for (uint32_t i = 0; i < d->l1_entries && looked < TABLES_MAX && !lost; i++) {
		uint64_t at = d->l1[i] & ENTRY_OFFSET;

		if (!at)
			continue;
		if (read_file(d, at, table, n, err) < 0)
			return -1;
		looked += n;
		for (size_t k = 0; k < n && !lost; k += step)
			lost = leads_inside(d, be64(table + k)) ? 0 : be64(table + k) & ENTRY_OFFSET;
	}
	if (!lost)
		return 0;
	err_set(err, "'%s' is cut short: it ends at byte %llu, and has more at %llu", d->path,
		(unsigned long long)d->file_size, (unsigned long long)lost);
	return err_hint(err, "get it again: a download or a copy may have been broken off");
}

static int read_l1(struct disk *d, uint64_t offset, struct err *err)
{
	size_t bytes = (size_t)d->l1_entries * 8;
	cleanup_free uint8_t *raw = xmalloc(bytes + 1);

	if (read_file(d, offset, raw, bytes, err) < 0)
		return -1;
	d->l1 = xcalloc(d->l1_entries + 1, sizeof(*d->l1));
	for (uint32_t i = 0; i < d->l1_entries; i++)
		d->l1[i] = be64(raw + 8 * (size_t)i);
	return check_whole(d, err);
}

static int damaged(const struct disk *d, const char *what, struct err *err)
{
	return err_set(err, "'%s' is a damaged qcow2 image: %s", d->path, what);
}

/* The header proper, of a known version. */
static int read_header(struct disk *d, const uint8_t *h, struct err *err)
{
	uint64_t features = d->version >= 3 ? be64(h + 72) : 0, needed;

	d->cluster_bits = be32(h + 20);
	d->size = be64(h + 24);
	d->l1_entries = be32(h + 36);
	d->plain = !(features & FEATURE_EXTENDED_L2);
	d->zlib = !(features & FEATURE_COMPRESSION);
	if (be32(h + 32)) {
		err_set(err, "'%s' is encrypted", d->path);
		return err_hint(err, "write it without, with its key: qemu-img convert (see qemu-img(1), --object secret)");
	}
	if (check_features(d, features, err) < 0 || refuse_backing(d, h, err) < 0)
		return -1;
	if (d->cluster_bits < CLUSTER_MIN || d->cluster_bits > CLUSTER_MAX)
		return damaged(d, "an impossible size of clusters", err);
	if (d->size == 0 || d->size % DISK_SECTOR || d->size > DISK_SIZE_MAX)
		return damaged(d, "a disk of no sectors, of a part of one, or of more than 4 TiB", err);
	needed = (d->size - 1) / table_reach(d) + 1;
	if (needed > TABLES_MAX / 8 || d->l1_entries < needed || d->l1_entries > TABLES_MAX / 8)
		return damaged(d, "its first table has not the size of its disk", err);
	d->l1_entries = (uint32_t)needed;
	return read_l1(d, be64(h + 40), err);
}

static int open_qcow2(struct disk *d, struct err *err)
{
	uint8_t h[HEADER_V3] = {0};

	d->format = "qcow2";
	if (read_file(d, 0, h, HEADER_V2, err) < 0)
		return -1;
	d->version = be32(h + 4);
	if (d->version != 2 && d->version != 3) {
		err_set(err, "'%s' is a qcow image of version %u: 2 and 3 are known", d->path, d->version);
		return err_hint(err, "write it anew: qemu-img convert -O qcow2 '%s' new.qcow2", d->path);
	}
	if (d->version == 3 && read_file(d, 0, h, HEADER_V3, err) < 0)
		return -1;
	return read_header(d, h, err);
}

/* ---- opening ---- */

static int check_unused(const struct disk *d, struct err *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = LOCK_WRITER, .l_len = 1};

	if (fcntl(d->fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK) /* a file system without locks is no obstacle */
		return 0;
	err_set(err, "'%s' is in use: a virtual machine or a tool has it open for writing", d->path);
	return err_hint(err, "end that one first, or give a copy: what it writes would change the disk under the test");
}

int disk_open(struct disk *d, const char *path, struct err *err)
{
	uint8_t magic[8] = {0};
	struct stat st;
	ssize_t n;

	*d = (struct disk){.fd = source_fd(path, 0), .path = path, .format = "raw", .plain = true};
	if (d->fd < 0 || fstat(d->fd, &st) < 0)
		return err_errno(err, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s' is no file: a disk is an image in one", path);
	d->file_size = (uint64_t)st.st_size;
	n = pread(d->fd, magic, sizeof(magic), 0);
	if (n < 0)
		return err_errno(err, "cannot read '%s'", path);
	if (check_unused(d, err) < 0)
		return -1;
	if (disk_is_qcow2(magic, (size_t)n))
		return open_qcow2(d, err);
	d->size = d->file_size / DISK_SECTOR * DISK_SECTOR;
	if (d->size == 0 || d->size > DISK_SIZE_MAX)
		return err_set(err, "'%s' is no disk: it has %llu bytes, and a disk has one sector of 512 to 4 TiB", path,
			       (unsigned long long)d->file_size);
	return 0;
}

void disk_close(struct disk *d)
{
	fd_close(&d->fd);
	free(d->l1);
	d->l1 = NULL;
}

/* ---- reading ---- */

/* A compressed cluster, whole. @out: a cluster's bytes. */
static int inflate_cluster(const struct disk *d, uint64_t entry, uint8_t *out, struct err *err)
{
	uint32_t shift = 62 - (d->cluster_bits - 8);
	uint64_t at = entry & ((1ull << shift) - 1), sectors = ((entry & ~(3ull << 62)) >> shift) + 1;
	size_t n = (size_t)(sectors * DISK_SECTOR - at % DISK_SECTOR), size = (size_t)1 << d->cluster_bits;
	cleanup_free uint8_t *packed = NULL;
	z_stream z = {0};
	int r;

	if (!d->zlib)
		return err_set(err, "'%s' is compressed by other means than zlib, which are not known here", d->path);
	if (n > 2 * size || at >= d->file_size)
		return damaged(d, "a compressed cluster without bounds", err);
	if (n > d->file_size - at)
		n = (size_t)(d->file_size - at); /* the last one need not fill its sector */
	packed = xmalloc(n);
	if (read_file(d, at, packed, n, err) < 0)
		return -1;
	z.next_in = packed;
	z.avail_in = (uInt)n;
	z.next_out = out;
	z.avail_out = (uInt)size;
	if (inflateInit2(&z, -12) != Z_OK)
		return err_set(err, "no memory to look into '%s'", d->path);
	r = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	/* Behind the end of the stream there may be another cluster's bytes. */
	return z.avail_out == 0 && (r == Z_STREAM_END || r == Z_BUF_ERROR) ? 0 : damaged(d, "a compressed cluster", err);
}

/* Bytes of one cluster. */
static int read_cluster(const struct disk *d, uint64_t offset, uint8_t *data, size_t n, struct err *err)
{
	uint64_t size = 1ull << d->cluster_bits, table = d->l1[offset / table_reach(d)] & ENTRY_OFFSET, entry;
	uint8_t raw[8];
	cleanup_free uint8_t *whole = NULL;

	memset(data, 0, n);
	if (!table)
		return 0;
	if (read_file(d, table + offset % table_reach(d) / size * 8, raw, sizeof(raw), err) < 0)
		return -1;
	entry = be64(raw);
	if (entry & ENTRY_COMPRESSED) {
		whole = xmalloc((size_t)size);
		if (inflate_cluster(d, entry, whole, err) < 0)
			return -1;
		memcpy(data, whole + offset % size, n);
		return 0;
	}
	if ((d->version >= 3 && entry & ENTRY_ZERO) || !(entry & ENTRY_OFFSET))
		return 0;
	return read_file(d, (entry & ENTRY_OFFSET) + offset % size, data, n, err);
}

int disk_read(const struct disk *d, uint64_t offset, void *data, size_t n, struct err *err)
{
	uint8_t *to = data;

	if (offset > d->size || n > d->size - offset)
		return err_set(err, "'%s' ends before byte %llu of its disk", d->path, (unsigned long long)(offset + n));
	if (!d->l1)
		return read_file(d, offset, data, n, err);
	if (!d->plain)
		return err_set(err, "'%s' has subclusters, which are not known here", d->path);
	while (n) {
		uint64_t size = 1ull << d->cluster_bits;
		size_t some = (size_t)(size - offset % size) < n ? (size_t)(size - offset % size) : n;

		if (read_cluster(d, offset, to, some, err) < 0)
			return -1;
		offset += some;
		to += some;
		n -= some;
	}
	return 0;
}
