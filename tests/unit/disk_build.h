/* disk_build.h - disk images made in memory: tables of partitions, and qcow2 files */
#ifndef DISK_BUILD_H
#define DISK_BUILD_H

#include <stdint.h>
#include <string.h>
#include <zlib.h>

#define BUILD_SECTOR 512u

static inline void build_le(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline void build_be(uint8_t *p, uint64_t v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

/* Entry @i, from 0, of the older table; the sector is marked as one. */
static inline void build_dos(uint8_t *sector, int i, uint8_t type, uint32_t start, uint32_t size)
{
	uint8_t *e = sector + 446 + 16 * (size_t)i;

	e[4] = type;
	build_le(e + 8, start, 4);
	build_le(e + 12, size, 4);
	sector[510] = 0x55;
	sector[511] = 0xaa;
}

/* A GPT with @n entries of @type (16 bytes) one after the other, each of 16 sectors from 64 on. @disk: 48 sectors at least. */
static inline void build_gpt(uint8_t *disk, const uint8_t *type, int n)
{
	uint8_t *h = disk + BUILD_SECTOR;

	build_dos(disk, 0, 0xee, 1, 0xffffffff);
	memcpy(h, "EFI PART\0\0\1\0", 12);
	build_le(h + 12, 92, 4);
	build_le(h + 72, 2, 8);
	build_le(h + 80, 128, 4);
	build_le(h + 84, 128, 4);
	for (int i = 0; i < n; i++) {
		uint8_t *e = disk + 2 * BUILD_SECTOR + 128 * (size_t)i;

		memcpy(e, type, 16);
		build_le(e + 32, 64 + 16 * (uint64_t)i, 8);
		build_le(e + 40, 79 + 16 * (uint64_t)i, 8);
	}
	build_le(h + 16, 0, 4);
	build_le(h + 16, crc32(0, h, 92), 4);
}

#define BUILD_CLUSTER 65536u

/* A qcow2 image of version 3 and 6 clusters, of a disk of @size bytes whose first cluster is in the last of the file. */
static inline void build_qcow2(uint8_t *file, uint64_t size)
{
	memset(file, 0, 6 * (size_t)BUILD_CLUSTER);
	memcpy(file, "QFI\xfb", 4);
	build_be(file + 4, 3, 4);
	build_be(file + 20, 16, 4);
	build_be(file + 24, size, 8);
	build_be(file + 36, (size + (1u << 29) - 1) >> 29, 4);
	build_be(file + 40, 3 * BUILD_CLUSTER, 8);
	build_be(file + 48, BUILD_CLUSTER, 8);
	build_be(file + 56, 1, 4);
	build_be(file + 96, 4, 4);
	build_be(file + 100, 104, 4);
	build_be(file + 3 * BUILD_CLUSTER, 4 * BUILD_CLUSTER | 1ull << 63, 8);
	build_be(file + 4 * BUILD_CLUSTER, 5 * BUILD_CLUSTER | 1ull << 63, 8);
}

#endif
