/* ram.c - files that hold a guest's memory */
#include "state/ram.h"

#include <fcntl.h>
#include <linux/fs.h> /* FICLONE */
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "store/store.h"
#include "store/room.h"

int ram_create(const char *path, int mib, struct err *err)
{
	cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		return store_write_error(err, path);
	return store_file_allocate(fd, path, (uint64_t)mib << 20, err);
}

/* Copy what is between the holes. */
static int copy_data(int in, int out, off_t size)
{
	off_t data = 0;

	while ((data = lseek(in, data, SEEK_DATA)) >= 0 && data < size) {
		off_t hole = lseek(in, data, SEEK_HOLE);
		off_t to = data;

		while (data < hole) {
			ssize_t n = copy_file_range(in, &data, out, &to, (size_t)(hole - data), 0);

			if (n <= 0)
				return -1;
		}
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
	return copy_data(in, out, st.st_size) < 0 ? store_write_error(err, to) : 0;
}

void ram_dig_holes(const char *path)
{
	cleanup_fd int fd = open(path, O_RDWR | O_CLOEXEC);

	/* A file that stays as large as it is does no harm. */
	if (fd >= 0)
		(void)store_file_shrink(fd, path, NULL);
}
