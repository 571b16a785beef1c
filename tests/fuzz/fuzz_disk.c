/* fuzz_disk.c - any bytes as a disk image: qcow2, and tables of partitions; the bytes also as the start of a larger disk */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "image/partitions.h"

#define DISK_BYTES (1 << 20)

static void look(const uint8_t *data, size_t n, size_t size)
{
	cleanup_fd int fd = memfd_create("fuzz", MFD_CLOEXEC);
	cleanup_free char *path = xasprintf("/proc/self/fd/%d", fd);
	cleanup_disk struct disk d = {.fd = -1};
	struct partitions p;
	uint8_t sector[DISK_SECTOR];
	struct err err = {0};

	if (fd < 0 || fd_write_all(fd, data, n) < 0 || (size > n && ftruncate(fd, (off_t)size) < 0))
		return;
	if (disk_open(&d, path, &err) < 0 || partitions_read(&d, &p, &err) < 0)
		return;
	(void)partitions_root(&p);
	for (uint64_t at = 0; at < d.size && at < 64 * DISK_SECTOR; at += DISK_SECTOR)
		(void)disk_read(&d, at, sector, sizeof(sector), NULL);
	(void)disk_read(&d, d.size - DISK_SECTOR, sector, sizeof(sector), NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	look(data, n, n);
	look(data, n, DISK_BYTES);
	return 0;
}
