/* file.c - files, folders and paths */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"

#define READ_CHUNK  65536 /* bytes a read(2) */
#define SMALL_CHUNK 4000  /* the same, of a file in /proc: mostly all of it, and no page of its own */

/* Return: bytes for the first read: one more than the file has, so that it also sees the end */
static size_t first_chunk(int fd, size_t limit)
{
	struct stat st;

	if (fstat(fd, &st) < 0 || st.st_size <= 0)
		return SMALL_CHUNK;
	return ((uint64_t)st.st_size < limit ? (size_t)st.st_size : limit) + 1;
}

int file_read(const char *path, size_t limit, struct buf *out, struct err *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t start = out->len, chunk;
	ssize_t n;

	if (fd < 0)
		return err_errno(err, "cannot open '%s'", path);
	for (chunk = first_chunk(fd, limit);; chunk = READ_CHUNK) {
		n = fd_read_full(fd, buf_reserve(out, chunk), chunk);
		if (n < 0)
			return err_errno(err, "cannot read '%s'", path);
		buf_commit(out, (size_t)n);
		if (out->len - start > limit)
			return err_set(err, "'%s' is larger than %zu bytes", path, limit);
		if ((size_t)n < chunk)
			return 0;
	}
}

int file_write_atomic(const char *path, const void *data, size_t n, int mode, struct err *err)
{
	cleanup_free char *tmp = xasprintf("%s.tmp.%ld", path, (long)getpid());
	cleanup_fd int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, mode);
	int why;

	if (fd < 0)
		return err_errno(err, "cannot create '%s'", path);
	if (fd_write_all(fd, data, n) < 0)
		err_errno(err, "cannot write '%s'", path);
	else if (rename(tmp, path) < 0)
		err_errno(err, "cannot rename to '%s'", path);
	else
		return 0;
	why = errno;
	unlink(tmp);
	errno = why;
	return -1;
}

int file_make_dirs(const char *path, struct err *err)
{
	cleanup_free char *p = xstrdup(path);
	char *at = p;

	while (*at && (at = strchr(at + 1, '/'))) {
		*at = '\0';
		if (mkdir(p, 0777) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES)
			return err_errno(err, "cannot create folder '%s'", p);
		*at = '/';
	}
	if (mkdir(p, 0777) < 0 && !(errno == EEXIST && file_is_folder(p)))
		return err_errno(err, "cannot create folder '%s'", p);
	return 0;
}

static void remove_at(int dir, const char *name)
{
	int fd;
	DIR *d;
	struct dirent *e;

	if (unlinkat(dir, name, 0) == 0 || (errno != EISDIR && errno != EPERM))
		return;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return;
	d = fdopendir(fd);
	if (!d) {
		close(fd);
		return;
	}
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			remove_at(fd, e->d_name);
	closedir(d);
	unlinkat(dir, name, AT_REMOVEDIR);
}

void file_remove_tree(const char *path)
{
	remove_at(AT_FDCWD, path);
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool file_is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	if (name[0] == '/' || n == 0)
		return xstrdup(name);
	return xasprintf("%s%s%s", dir, dir[n - 1] == '/' ? "" : "/", name);
}

char *path_dir(const char *path)
{
	size_t n = strlen(path);
	bool absolute = path[0] == '/';

	while (n && path[n - 1] == '/')
		n--;
	while (n && path[n - 1] != '/')
		n--;
	while (n && path[n - 1] == '/')
		n--;
	return n ? xstrndup(path, n) : xstrdup(absolute ? "/" : ".");
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
