/* oci_files.c - the files of a container's image: a folder, or a tar of one, in any order
 *
 * A tar is read twice: its headers into an index, which costs a read(2) for each
 * member, then what is wanted of it. That the manifest mostly stands behind the
 * layers then does not matter, and links between members work as in a folder:
 * older Dockers wrote a layer that an image has twice as a link to the first.
 */
#include "image/oci_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/tar.h"

/* A file: a part of a descriptor. */
struct part {
	int fd;
	uint64_t offset, size;
};

static int tar_open(struct oci_files *f, const char *path, struct err *err)
{
	cleanup_source struct source s = {.fd = -1};

	if (source_open(&s, path, err) < 0)
		return -1;
	s.name = f->name;
	f->fd = fcntl(s.fd, F_DUPFD_CLOEXEC, 0);
	if (f->fd < 0)
		return err_errno(err, "cannot read '%s'", f->name);
	return tar_index(&s, &f->index, err);
}

int oci_files_open(struct oci_files *f, const char *path, const char *name, struct err *err)
{
	bool folder = file_is_folder(path);

	*f = (struct oci_files){.name = name, .folder = folder ? path : NULL, .fd = -1};
	if (folder)
		return 0;
	tree_init(&f->index);
	return tar_open(f, path, err);
}

void oci_files_close(struct oci_files *f)
{
	tree_free(&f->index);
	fd_close(&f->fd);
}

/* Return: whether a manifest may name this path: it does not leave the folder by itself. */
static bool is_inside(const char *path)
{
	if (path[0] == '/' || path[0] == '\0')
		return false;
	for (const char *at = path; at; at = strchr(at, '/') ? strchr(at, '/') + 1 : NULL)
		if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || at[2] == '\0'))
			return false;
	return true;
}

static int missing(const struct oci_files *f, const char *path, struct err *err)
{
	cleanup_buf struct buf clean = {0};

	text_clean(&clean, path, strnlen(path, 200));
	err_set(err, "'%s' is not whole: it has no '%s'", f->name, buf_str(&clean));
	return err_hint(err, "save, copy or download it again");
}

static int part_find(const struct oci_files *f, const char *path, struct part *p, struct err *err)
{
	const struct node *n = !f->folder && is_inside(path) ? tree_find(&f->index, path, true) : NULL;
	cleanup_free char *real = NULL;
	struct stat st;

	if (!f->folder) {
		if (!n || !S_ISREG(n->inode->mode))
			return missing(f, path, err);
		*p = (struct part){fcntl(f->fd, F_DUPFD_CLOEXEC, 0), n->inode->nid, n->inode->size};
		return p->fd < 0 ? err_errno(err, "cannot read '%s'", f->name) : 0;
	}
	real = is_inside(path) ? path_join(f->folder, path) : NULL;
	if (!real || stat(real, &st) < 0 || !S_ISREG(st.st_mode))
		return missing(f, path, err);
	*p = (struct part){source_fd(real, 0), 0, (uint64_t)st.st_size};
	return p->fd < 0 ? err_errno(err, "cannot open '%s'", real) : 0;
}

bool oci_files_have(const struct oci_files *f, const char *path)
{
	struct part p = {.fd = -1};
	bool have = part_find(f, path, &p, NULL) == 0;

	fd_close(&p.fd);
	return have;
}

int oci_files_read(const struct oci_files *f, const char *path, size_t limit, struct buf *out, struct err *err)
{
	struct part p = {.fd = -1};
	ssize_t n = -1;

	if (part_find(f, path, &p, err) < 0)
		return -1;
	if (p.size > limit)
		err_set(err, "cannot use '%s': '%s' is larger than %zu bytes", f->name, path, limit);
	else if ((n = pread(p.fd, buf_reserve(out, (size_t)p.size), (size_t)p.size, (off_t)p.offset)) < 0)
		err_errno(err, "cannot read '%s'", f->name);
	else if ((uint64_t)n < p.size)
		n = err_set(err, "'%s' changed while it was read", f->name);
	else
		buf_commit(out, (size_t)n);
	fd_close(&p.fd);
	return n < 0 ? -1 : 0;
}

int oci_files_source(const struct oci_files *f, const char *path, struct source *s, const char *name, struct err *err)
{
	struct part p = {.fd = -1};
	int r;

	if (part_find(f, path, &p, err) < 0)
		return -1;
	r = source_open_part(s, name, p.fd, p.offset, p.size, err);
	fd_close(&p.fd);
	return r;
}
