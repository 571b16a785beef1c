/* changes.c - the disk on which a machine changes its root */
#include "state/changes.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h> /* FICLONE */
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "state/ext4.h"
#include "state/ram.h"
#include "store/store.h"

int changes_open(const char *store, struct err *err)
{
	int fd = open(store, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		fd = fd_memory("vmtap-changes");
	return fd < 0 ? err_errno(err, "cannot create a disk in '%s'", store) : fd;
}

char *changes_path(int fd)
{
	return xasprintf("/proc/self/fd/%d", fd);
}

int changes_begin(const char *path, const char *from, long mib, struct err *err)
{
	cleanup_fd int in = from ? open(from, O_RDONLY | O_CLOEXEC) : -1;
	cleanup_fd int out = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	struct stat st;

	if (from && (in < 0 || fstat(in, &st) < 0))
		return err_errno(err, "cannot open '%s'", from);
	if (out < 0)
		return store_write_error(err, path);
	if (!from)
		return ext4_make(out, path, mib, err);
	if (ioctl(out, FICLONE, in) == 0)
		return 0;
	return ftruncate(out, st.st_size) < 0 || ram_copy_data(in, out, st.st_size) < 0 ? store_write_error(err, path) : 0;
}
