/* etc.c - a file of the guest's configuration, written without making it another one */
#include "agent/etc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#define OWN "/run/vmtap/etc" /* what cannot be written where it is */

/* A root that is only read: put a file over the one that is there. The next write finds that, and writes it in place. */
static int mount_over(const char *real, const struct stat *st, const char *text, size_t n, struct err *err)
{
	cleanup_free char *own = path_join(OWN, path_base(real));

	if (file_make_dirs(OWN, err) < 0 || file_write_atomic(own, text, n, (int)st->st_mode & 07777, err) < 0)
		return -1;
	if (chown(own, st->st_uid, st->st_gid) < 0 || mount(own, real, NULL, MS_BIND, NULL) < 0)
		return err_errno(err, "cannot put a file over '%s'", real);
	return 0;
}

/*
 * What is there stays what it is, as with WRITE_FILE (files.c): the target of a
 * symbolic link is written, or made; a file keeps its mode and owner, and is
 * written in place where it cannot be replaced, as when something is mounted on it.
 * Only a link into a folder that does not exist gives way.
 */
int etc_write(const char *path, const char *text, size_t n, struct err *err)
{
	char real[PATH_MAX];
	cleanup_fd int fd = -1;
	struct stat st;
	bool exists = realpath(path, real) && stat(real, &st) == 0;

	if (exists && S_ISREG(st.st_mode) && file_write_atomic(real, text, n, (int)st.st_mode & 07777, NULL) == 0) {
		if ((st.st_uid || st.st_gid) && chown(real, st.st_uid, st.st_gid) < 0)
			return err_errno(err, "cannot set the owner of '%s'", real);
		return 0;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY | O_CLOEXEC, 0644);
	if (fd >= 0 && fd_write_all(fd, text, n) == 0)
		return 0;
	if (exists && errno == EROFS)
		return mount_over(real, &st, text, n, err);
	if (exists)
		return err_errno(err, "cannot write '%s'", path);
	return file_write_atomic(path, text, n, 0644, err);
}
