/* overlay.c - what a machine writes to a disk: a qcow2 image of its own, laid over another
 *
 * Of four clusters: the header, the table of the blocks of reference counts, the
 * first of those, and the first-level table, which is all holes yet.
 */
#include "qemu/overlay.h"

#include <assert.h>
#include <errno.h>
#include <linux/fs.h> /* FICLONE */
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

#define CLUSTER_BITS  16
#define CLUSTER	      (1u << CLUSTER_BITS)
#define CLUSTERS      4u
#define HEADER	      112u /* bytes, of version 3 with the kind of compression */
#define REFCOUNT_BITS 4	   /* 1 << 4 bits a cluster */
#define REACH	      (1ull << (2 * CLUSTER_BITS - 3)) /* bytes of the disk behind one entry of the first-level table */

static_assert(OVERLAY_SIZE_MAX / REACH * 8 <= CLUSTER, "the first-level table is one cluster");

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

static void put64(uint8_t *p, uint64_t v)
{
	put32(p, (uint32_t)(v >> 32));
	put32(p + 4, (uint32_t)v);
}

int overlay_begin(int fd, uint64_t size, struct err *err)
{
	cleanup_free uint8_t *image = xcalloc(CLUSTERS, CLUSTER);
	uint8_t *counts = image + 2u * CLUSTER;

	assert(size && size % 512 == 0 && size <= OVERLAY_SIZE_MAX);
	memcpy(image, "QFI\xfb", 4);
	put32(image + 4, 3);
	put32(image + 20, CLUSTER_BITS);
	put64(image + 24, size);
	put32(image + 36, (uint32_t)((size + REACH - 1) / REACH));
	put64(image + 40, 3u * CLUSTER); /* the first-level table */
	put64(image + 48, CLUSTER);	 /* the table of reference counts, */
	put32(image + 56, 1);		 /* of one cluster */
	put32(image + 96, REFCOUNT_BITS);
	put32(image + 100, HEADER);
	put64(image + CLUSTER, 2u * CLUSTER);
	for (unsigned i = 0; i < CLUSTERS; i++)
		counts[2 * i + 1] = 1;
	if (fd_pwrite_all(fd, image, (size_t)CLUSTERS * CLUSTER, 0) < 0)
		return err_errno(err, "no room for what a machine writes to its disk");
	return 0;
}

int overlay_copy(int from, int to, struct err *err)
{
	off_t in = 0, out = 0;
	struct stat st;

	if (fstat(from, &st) < 0)
		return err_errno(err, "cannot read what a machine has written to its disk");
	if (ioctl(to, FICLONE, from) == 0)
		return 0;
	if (lseek(to, 0, SEEK_SET) < 0)
		return err_errno(err, "cannot copy what a machine has written to its disk");
	while (in < st.st_size) {
		ssize_t n = copy_file_range(from, &in, to, &out, (size_t)(st.st_size - in), 0);

		/* Some file systems do not copy into others, and before Linux 4.5 none does. */
		if (n < 0 && (errno == EXDEV || errno == ENOSYS || errno == EPERM || errno == EINVAL) &&
		    lseek(to, out, SEEK_SET) >= 0) {
			n = sendfile(to, from, &in, (size_t)(st.st_size - in));
			out += n > 0 ? n : 0;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(err, "no room for a copy of what a machine has written to its disk");
	}
	return 0;
}
