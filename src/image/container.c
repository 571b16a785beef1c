/* container.c - a file or folder that may be a container's image: recognised, opened, loaded by oci.c */
#include "image/container.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/oci.h"
#include "image/oci_files.h"
#include "image/tar.h"
#include "store/store.h"

#define WINDOW (256u * 1024)

bool container_is(const char *path, const void *head, size_t n)
{
	cleanup_oci_files struct oci_files f = {.fd = -1};

	if (head && !oci_may_be(head, n))
		return false;
	return !path || (oci_files_open(&f, path, path, NULL) == 0 && oci_is(&f));
}

int container_key(struct sha256 *key, const char *path, struct err *err)
{
	cleanup_oci_files struct oci_files f = {.fd = -1};

	return oci_files_open(&f, path, path, err) < 0 ? -1 : oci_key(key, &f, err);
}

int container_load(const char *path, struct tree *t, struct erofs_writer *w, struct buf *run, struct err *err)
{
	cleanup_oci_files struct oci_files f = {.fd = -1};

	return oci_files_open(&f, path, path, err) < 0 ? -1 : oci_load(&f, t, w, run, err);
}

/* Return: a file beside @path that has no name, or -1. */
static int open_nameless(const char *path, struct err *err)
{
	cleanup_free char *dir = path_dir(path), *name = path_join(dir, "archive-XXXXXX");
	int fd = mkostemp(name, O_CLOEXEC);

	if (fd < 0)
		return store_write_error(err, name);
	unlink(name);
	return fd;
}

static int spool(struct source *s, int fd, const char *path, struct err *err)
{
	const uint8_t *data;
	ssize_t n;

	while ((n = source_next(s, &data, WINDOW, err)) > 0)
		if (fd_write_all(fd, data, (size_t)n) < 0)
			return store_write_error(err, path);
	return (int)n;
}

static int load_tar(const char *path, const char *name, struct tree *t, struct erofs_writer *w, struct err *err)
{
	cleanup_source struct source s = {.fd = -1};

	if (source_open(&s, path, err) < 0)
		return -1;
	s.name = name;
	return tar_load(&s, t, w, err);
}

int container_load_stream(struct source *s, struct tree *t, struct erofs_writer *w, struct buf *run, struct err *err)
{
	cleanup_oci_files struct oci_files f = {.fd = -1};
	cleanup_fd int fd = open_nameless(w->path, err);
	cleanup_free char *path = xasprintf("/proc/self/fd/%d", fd);

	if (fd < 0 || spool(s, fd, w->path, err) < 0 || oci_files_open(&f, path, s->name, err) < 0)
		return -1;
	return oci_is(&f) ? oci_load(&f, t, w, run, err) : load_tar(path, s->name, t, w, err);
}
