/* disk.c - disk images: what is read of them, what is refused, and what would boot them */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "disk_build.h"
#include "image/boot_disk.h"
#include "image/disk.h"
#include "image/partitions.h"
#include "image/seed.h"
#include "qemu/overlay.h"

#define MIB (1ull << 20)

static const uint8_t esp[16] = {0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b};
static const uint8_t linux_root[16] = {0xaf, 0x3d, 0xc6, 0x0f, 0x83, 0x84, 0x72, 0x47, 0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4};

static char dir[32], path[64];
static uint8_t *bytes; /* of an image in the making */

static void begin(void)
{
	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	snprintf(path, sizeof(path), "%s/image", dir);
	bytes = xcalloc(1, 2 * MIB);
}

static void end(void)
{
	file_remove_tree(dir);
	free(bytes);
}

static void keep(size_t n)
{
	CHECK_INT(file_write_atomic(path, bytes, n, 0600, NULL), 0);
}

/* A file that is refused. Return: why, valid until the next call. */
static const char *refusal(size_t n)
{
	static struct err err;
	cleanup_disk struct disk d = {.fd = -1};

	err = (struct err){0};
	keep(n);
	CHECK_INT(disk_open(&d, path, &err), -1);
	return err.text;
}

static void look(size_t n, struct partitions *p)
{
	cleanup_disk struct disk d = {.fd = -1};
	struct err err = {0};

	keep(n);
	CHECK_INT(disk_open(&d, path, &err), 0);
	CHECK_INT(partitions_read(&d, p, &err), 0);
	CHECK_STR(err.text, "");
}

/* ---- qcow2 ---- */

TEST(disk, qcow2_is_read_as_its_guest_would)
{
	cleanup_disk struct disk d = {.fd = -1};
	uint8_t sector[BUILD_SECTOR];

	begin();
	build_qcow2(bytes, 100 * MIB);
	memcpy(bytes + 5 * BUILD_CLUSTER + 1000, "here", 4);
	keep(6 * BUILD_CLUSTER);
	CHECK_INT(disk_open(&d, path, NULL), 0);
	CHECK_STR(d.format, "qcow2");
	CHECK_INT(d.size, 100 * MIB);
	CHECK_INT(disk_read(&d, 1000, sector, 4, NULL), 0);
	CHECK(memcmp(sector, "here", 4) == 0);
	/* across the end of the one cluster that is there, and far from it */
	CHECK_INT(disk_read(&d, BUILD_CLUSTER - 100, sector, 200, NULL), 0);
	CHECK_INT(disk_read(&d, 99 * MIB, sector, BUILD_SECTOR, NULL), 0);
	CHECK_INT(sector[0] | sector[511], 0);
	CHECK_INT(disk_read(&d, 100 * MIB - 1, sector, 2, NULL), -1);
	end();
}

TEST(disk, compressed_clusters_are_inflated)
{
	cleanup_disk struct disk d = {.fd = -1};
	cleanup_free uint8_t *cluster = xcalloc(1, BUILD_CLUSTER);
	z_stream z = {0};
	char got[6] = "";

	begin();
	build_qcow2(bytes, MIB);
	memcpy(cluster + 40000, "packed", 6);
	deflateInit2(&z, 1, Z_DEFLATED, -12, 8, Z_DEFAULT_STRATEGY);
	z.next_in = cluster;
	z.avail_in = BUILD_CLUSTER;
	z.next_out = bytes + 5 * BUILD_CLUSTER + 100;
	z.avail_out = 8000;
	CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	/* one sector more than it begins in */
	build_be(bytes + 4 * BUILD_CLUSTER, 1ull << 62 | 1ull << 54 | (5 * BUILD_CLUSTER + 100), 8);
	keep(6 * BUILD_CLUSTER);
	CHECK_INT(disk_open(&d, path, NULL), 0);
	CHECK_INT(disk_read(&d, 40000, got, 6, NULL), 0);
	CHECK(memcmp(got, "packed", 6) == 0);
	end();
}

TEST(disk, what_an_image_may_not_be_is_named)
{
	begin();
	build_qcow2(bytes, 100 * MIB);
	build_be(bytes + 8, 200, 8);
	build_be(bytes + 16, 11, 4);
	memcpy(bytes + 200, "/etc/shadow", 11);
	CHECK_HAS(refusal(6 * BUILD_CLUSTER), "only what differs from another image, '/etc/shadow', and vmtap opens no file that an image names\nmake one image of the two: qemu-img convert");
	build_qcow2(bytes, 100 * MIB);
	build_be(bytes + 72, 4, 8);
	CHECK_HAS(refusal(6 * BUILD_CLUSTER), "keeps its content in another file");
	build_be(bytes + 72, 2, 8);
	CHECK_HAS(refusal(6 * BUILD_CLUSTER), "says of itself that it is corrupt");
	build_be(bytes + 72, 1 << 9, 8);
	CHECK_HAS(refusal(6 * BUILD_CLUSTER), "features (0x200) that are not known");
	build_be(bytes + 72, 0, 8);
	build_be(bytes + 32, 2, 4);
	CHECK_HAS(refusal(6 * BUILD_CLUSTER), "is encrypted");
	build_be(bytes + 32, 0, 4);
	build_be(bytes + 4, 1, 4);
	CHECK_HAS(refusal(6 * BUILD_CLUSTER), "a qcow image of version 1: 2 and 3 are known\nwrite it anew: qemu-img");
	build_be(bytes + 4, 3, 4);
	build_be(bytes + 20, 40, 4);
	CHECK_HAS(refusal(6 * BUILD_CLUSTER), "impossible size of clusters");
	end();
}

TEST(disk, a_file_that_was_cut_short_is_told_before_anything_boots)
{
	begin();
	build_qcow2(bytes, 100 * MIB);
	CHECK_HAS(refusal(100), "is cut short: it ends at byte 100");
	CHECK_HAS(refusal(3 * BUILD_CLUSTER), "is cut short: it ends at byte 196608, and has more at 196608\nget it again");
	CHECK_HAS(refusal(5 * BUILD_CLUSTER), "is cut short: it ends at byte 327680, and has more at 327680");
	CHECK_HAS(refusal(0), "is no disk: it has 0 bytes");
	end();
}

/* As QEMU does with an image that its machine writes to. */
TEST(disk, an_image_that_is_written_to_is_in_use)
{
	cleanup_disk struct disk d = {.fd = -1};
	struct err err = {0};
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = 101, .l_len = 1};
	cleanup_fd int fd = -1;

	begin();
	keep(MIB);
	fd = open(path, O_RDWR | O_CLOEXEC);
	CHECK_INT(fcntl(fd, F_OFD_SETLK, &lock), 0);
	CHECK_INT(disk_open(&d, path, &err), -1);
	CHECK_HAS(err.text, "is in use: a virtual machine or a tool has it open for writing\nend that one first");
	end();
}

/* ---- partitions ---- */

TEST(disk, the_older_table_is_read_with_what_is_inside_an_extended_partition)
{
	struct partitions p;
	uint8_t *chain;

	begin();
	bytes[0] = 0xeb; /* code */
	build_dos(bytes, 0, 0xef, 64, 16);
	build_dos(bytes, 1, 0x83, 128, 256);
	build_dos(bytes, 2, 0x05, 1024, 1024);
	chain = bytes + 1024 * BUILD_SECTOR;
	build_dos(chain, 0, 0x83, 16, 32);
	build_dos(chain, 1, 0x05, 512, 512);
	build_dos(chain + 512 * BUILD_SECTOR, 0, 0x82, 16, 32);
	memcpy(bytes + 128 * BUILD_SECTOR + 1080, "\x53\xef", 2);
	memcpy(chain + 16 * BUILD_SECTOR, "XFSB", 4);
	look(2 * MIB, &p);
	CHECK_INT(p.table, TABLE_DOS);
	CHECK(p.bios && p.efi);
	CHECK_INT(p.count, 4);
	CHECK_INT(p.list[2].number, 5);
	CHECK_STR(p.list[2].fs, "xfs");
	CHECK_INT(p.list[3].number, 6);
	CHECK_INT(partitions_root(&p)->number, 2);
	CHECK_STR(partitions_root(&p)->fs, "ext4");
	end();
}

TEST(disk, a_chain_of_partitions_that_is_a_circle_has_an_end)
{
	struct partitions p;

	begin();
	build_dos(bytes, 0, 0x05, 100, 1024);
	build_dos(bytes + 100 * BUILD_SECTOR, 0, 0x83, 1, 1);
	build_dos(bytes + 100 * BUILD_SECTOR, 1, 0x05, 50, 10);
	build_dos(bytes + 150 * BUILD_SECTOR, 0, 0x83, 1, 1);
	build_dos(bytes + 150 * BUILD_SECTOR, 1, 0x05, 50, 10);
	look(2 * MIB, &p);
	CHECK_INT(p.count, 60);
	end();
}

TEST(disk, a_gpt_is_read_and_a_damaged_one_is_told)
{
	cleanup_disk struct disk d = {.fd = -1};
	struct partitions p;
	struct err err = {0};

	begin();
	build_gpt(bytes, esp, 1);
	look(2 * MIB, &p);
	CHECK_INT(p.table, TABLE_GPT);
	CHECK(p.efi && !p.bios && !partitions_root(&p));
	memset(bytes, 0, 2 * MIB);
	build_gpt(bytes, linux_root, 3);
	memcpy(bytes + 80 * BUILD_SECTOR + 1080, "\x53\xef", 2);
	look(2 * MIB, &p);
	CHECK_INT(p.count, 3);
	CHECK_INT(partitions_root(&p)->number, 2);
	bytes[BUILD_SECTOR + 80]++;
	keep(2 * MIB);
	CHECK_INT(disk_open(&d, path, NULL), 0);
	CHECK_INT(partitions_read(&d, &p, &err), -1);
	CHECK_HAS(err.text, "its GPT, the table of partitions, is damaged\n");
	end();
}

/* ---- what would boot it ---- */

static const char *fault(const char *firmware)
{
	static struct err err;
	struct boot_disk d;

	err = (struct err){0};
	keep(2 * MIB);
	CHECK_INT(boot_disk_find(path, firmware, &d, &err), -1);
	return err.text;
}

TEST(disk, a_disk_is_booted_by_what_it_has_a_loader_for)
{
	struct boot_disk d;

	begin();
	CHECK_HAS(fault(NULL), "has no boot loader: its first sector has no code for a BIOS, and there is no EFI system partition\nis it a disk for data?");
	memcpy(bytes + 1080, "\x53\xef", 2);
	CHECK_HAS(fault(NULL), "is a file system (ext4) without a boot loader\n");
	build_dos(bytes, 0, 0xef, 64, 16);
	CHECK_HAS(fault("bios"), "has a boot loader for UEFI, and none for a BIOS: its first sector has no code\n.firmware = \"uefi\" boots it");
	CHECK_INT(boot_disk_find(path, NULL, &d, NULL), 0);
	CHECK(d.uefi);
	free(d.path);
	bytes[0] = 0xeb;
	keep(2 * MIB);
	CHECK_INT(boot_disk_find(path, NULL, &d, NULL), 0);
	CHECK(!d.uefi && d.size == 2 * MIB);
	free(d.path);
	build_dos(bytes, 0, 0x83, 64, 16);
	CHECK_HAS(fault("uefi"), "has a boot loader for a BIOS, and none for UEFI: no EFI system partition\n");
	CHECK(boot_disk_is(path));
	end();
}

/* ---- what is made here ---- */

TEST(disk, an_overlay_is_a_qcow2_image_of_nothing)
{
	cleanup_disk struct disk d = {.fd = -1};
	uint8_t sector[BUILD_SECTOR];
	cleanup_fd int fd = -1, copy = -1;
	cleanup_buf struct buf a = {0}, b = {0};
	char second[80];

	begin();
	snprintf(second, sizeof(second), "%s/copy", dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	copy = open(second, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(overlay_begin(fd, OVERLAY_SIZE_MAX, NULL), 0);
	CHECK_INT(overlay_copy(fd, copy, NULL), 0);
	CHECK_INT(disk_open(&d, second, NULL), 0);
	CHECK_STR(d.format, "qcow2");
	CHECK_INT(d.size, OVERLAY_SIZE_MAX);
	CHECK_INT(disk_read(&d, OVERLAY_SIZE_MAX - BUILD_SECTOR, sector, BUILD_SECTOR, NULL), 0);
	CHECK_INT(file_read(path, MIB, &a, NULL), 0);
	CHECK_INT(file_read(second, MIB, &b, NULL), 0);
	CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
	end();
}

TEST(disk, a_seed_is_an_iso_9660_volume)
{
	const struct seed_file files[] = {{"META-DATA", "id: x\n", 6}, {"USER-DATA", "#cloud-config\n", 14}};
	cleanup_buf struct buf volume = {0};
	const uint8_t *root;

	seed_write("cidata", files, 2, &volume);
	CHECK_INT(volume.len, 23 * 2048);
	CHECK(memcmp(volume.data + 16 * 2048 + 1, "CD001\1", 6) == 0);
	CHECK(memcmp(volume.data + 16 * 2048 + 40, "cidata  ", 8) == 0);
	root = (const uint8_t *)volume.data + 20 * 2048;
	CHECK_INT(root[0], 34);
	CHECK_INT(root[68], 33 + 12 + 1);
	CHECK(memcmp(root + 68 + 33, "META-DATA.;1", 12) == 0);
	CHECK_INT(root[68 + 2], 21);
	CHECK(memcmp(volume.data + 22 * 2048, "#cloud-config\n", 14) == 0);
}
