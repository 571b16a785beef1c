/* ram.c - files that hold a guest's memory */
#include "state/ram.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h> /* FICLONE */
#include <sys/ioctl.h>
#include <sys/mman.h> /* memfd_create */
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "store/store.h"
#include "store/room.h"

#define MEMORY_NAME "vmtap-ram"

int ram_create(const char *path, int mib, struct err *err)
{
	cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return store_write_error(err, path);
	return store_file_allocate(fd, path, (uint64_t)mib << 20, err);
}

/* Some file systems do not copy into others (EXDEV), and before Linux 4.5 none does (ENOSYS). Return: bytes, or -1. */
static ssize_t copy_some(int in, off_t *from, int out, off_t *to, size_t n)
{
	ssize_t done = copy_file_range(in, from, out, to, n, 0);

	if (done >= 0 || (errno != EXDEV && errno != ENOSYS && errno != EPERM) || lseek(out, *to, SEEK_SET) < 0)
		return done;
	done = sendfile(out, in, from, n);
	if (done > 0)
		*to += done;
	return done;
}

int ram_copy_data(int in, int out, off_t size)
{
	off_t data = 0;

	while (data < size) {
		off_t at = lseek(in, data, SEEK_DATA), hole, to;

		if (at < 0 && errno == ENXIO)
			return 0;
		if (at < 0 && errno != EINVAL)
			return -1;
		/* A filesystem that does not tell: all is data. */
		hole = at < 0 ? size : lseek(in, at, SEEK_HOLE);
		if (hole < 0)
			return -1;
		data = to = at < 0 ? data : at;
		while (data < hole)
			if (copy_some(in, &data, out, &to, (size_t)(hole - data)) <= 0)
				return -1;
	}
	return 0;
}

int ram_copy(const char *from, const char *to, struct err *err)
{
	cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC);
	cleanup_fd int out = open(to, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct stat st;

	if (in < 0 || fstat(in, &st) < 0)
		return err_errno(err, "cannot open '%s'", from);
	if (out < 0)
		return store_write_error(err, to);
	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	if (store_file_allocate(out, to, (uint64_t)st.st_size, err) < 0)
		return -1;
	return ram_copy_data(in, out, st.st_size) < 0 ? store_write_error(err, to) : 0;
}

/* @copy: empty, or -1. Return: 0, or -1. */
static int copy_to_memory(const char *from, int copy, struct err *err)
{
	cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (in < 0 || copy < 0 || fstat(in, &st) < 0 || ftruncate(copy, st.st_size) < 0 ||
	    ram_copy_data(in, copy, st.st_size) < 0)
		return err_errno(err, "cannot copy '%s' into memory", from);
	return 0;
}

/* What QEMU opens it by. */
static char *memory_path(int fd)
{
	return xasprintf("/proc/%ld/fd/%d", (long)getpid(), fd);
}

int ram_map(const char *path, char **out, int *copy, struct err *err)
{
	*copy = -1;
	if (access(path, W_OK) == 0 || errno == ENOENT) {
		*out = xstrdup(path);
		return 0;
	}
	*copy = fd_memory(MEMORY_NAME);
	if (copy_to_memory(path, *copy, err) < 0) {
		fd_close(copy);
		return -1;
	}
	*out = memory_path(*copy);
	return 0;
}

int ram_begin(const char *from, const char *path, int mib, char **out, int *memory, struct err *err)
{
	*out = NULL;
	*memory = memfd_create(MEMORY_NAME, MFD_CLOEXEC); /* not fd_memory(): a file elsewhere would be no better than @path */
	if (*memory >= 0) {
		if (from ? copy_to_memory(from, *memory, err) < 0 : ftruncate(*memory, (off_t)mib << 20) < 0)
			return from ? -1 : err_errno(err, "no memory for a guest of %d MiB", mib);
		*out = memory_path(*memory);
		return 0;
	}
	if ((from ? ram_copy(from, path, err) : ram_create(path, mib, err)) < 0)
		return -1;
	*out = xstrdup(path);
	return 0;
}

static int write_runs(int memory, int file, uint64_t size)
{
	cleanup_store_runs struct store_runs r = {.fd = -1};
	const uint8_t *data;
	uint64_t offset;
	int64_t n;

	store_runs_begin(&r, memory, size);
	while ((n = store_runs_next(&r, &offset, &data)) > 0)
		if (fd_pwrite_all(file, data, (size_t)n, (off_t)offset) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

int ram_keep(int memory, const char *path, struct err *err)
{
	cleanup_fd int file = memory < 0 ? -1 : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct stat st;

	if (memory < 0) {
		ram_dig_holes(path);
		return 0;
	}
	if (file < 0 || fstat(memory, &st) < 0)
		return store_write_error(err, path);
	if (store_holes_fill(path) && store_file_allocate(file, path, (uint64_t)st.st_size, err) < 0)
		return -1;
	if (ftruncate(file, st.st_size) < 0 || write_runs(memory, file, (uint64_t)st.st_size) < 0)
		return store_write_error(err, path);
	return 0;
}

void ram_dig_holes(const char *path)
{
	cleanup_fd int fd = open(path, O_RDWR | O_CLOEXEC);

	/* A file that stays as large as it is does no harm. */
	if (fd >= 0)
		(void)store_file_shrink(fd, path, NULL);
}
