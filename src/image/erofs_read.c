/* erofs_read.c - reading files back from an EROFS image of ours
 *
 * The kernel and the modules that an image brings along are needed on the host
 * after the archive is gone. Reading them from the image costs less than
 * keeping them beside it, and works for an image that was written weeks ago.
 *
 * The image may be damaged by then: every offset is checked against the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/erofs.h"
#include "image/erofs_format.h"

#define DIR_BYTES_MAX (256u << 20) /* of one folder: TREE_NODES_MAX names of the longest */
#define LOOKUPS_MAX   512u	    /* names looked up for one path, those in targets of symlinks included */

static int damaged(const struct erofs_image *e, struct err *err)
{
	return err_set(err, "'%s' is damaged", e->path);
}

static int read_at(const struct erofs_image *e, void *data, size_t n, uint64_t at, struct err *err)
{
	if (at > e->size || n > e->size - at || pread(e->fd, data, n, (off_t)at) != (ssize_t)n)
		return damaged(e, err);
	return 0;
}

int erofs_open(struct erofs_image *e, const char *path, struct err *err)
{
	uint8_t block[EROFS_BLOCK], *s = block + EROFS_SUPER_OFFSET;
	uint32_t sum;
	struct stat st;

	*e = (struct erofs_image){.fd = open(path, O_RDONLY | O_CLOEXEC), .path = xstrdup(path)};
	if (e->fd < 0 || fstat(e->fd, &st) < 0)
		return err_errno(err, "cannot open '%s'", path);
	e->size = (uint64_t)st.st_size;
	if (read_at(e, block, sizeof(block), 0, err) < 0)
		return -1;
	sum = get_le32(s + EROFS_SUPER_SUM);
	put_le32(s + EROFS_SUPER_SUM, 0);
	if (get_le32(s + EROFS_SUPER_MAGIC) != EROFS_MAGIC || s[EROFS_SUPER_BLOCK_BITS] != EROFS_BLOCK_BITS ||
	    sum != crc32c(CRC32C_INIT, s, EROFS_BLOCK - EROFS_SUPER_OFFSET) ||
	    e->size != (uint64_t)get_le32(s + EROFS_SUPER_BLOCKS) * EROFS_BLOCK)
		return damaged(e, err);
	e->root = get_le16(s + EROFS_SUPER_ROOT);
	e->inodes = get_le64(s + EROFS_SUPER_INODES);
	e->meta = (uint64_t)get_le32(s + EROFS_SUPER_META) * EROFS_BLOCK;
	return 0;
}

void erofs_close(struct erofs_image *e)
{
	fd_close(&e->fd);
	free(e->path);
	*e = (struct erofs_image){.fd = -1};
}

static void inode_decode(const uint8_t *p, bool big, struct erofs_file *f)
{
	uint32_t units = get_le16(p + EROFS_INODE_XATTRS);

	f->mode = get_le16(p + EROFS_INODE_MODE);
	f->data = get_le32(p + EROFS_INODE_DATA);
	f->xattrs_len = units ? EROFS_XATTR_HEADER + (units - 1) * 4 : 0;
	if (big) {
		f->size = get_le64(p + EROFS_INODE_SIZE);
		f->uid = get_le32(p + EROFS_INODE_UID);
		f->gid = get_le32(p + EROFS_INODE_GID32);
		f->mtime = (int64_t)get_le64(p + EROFS_INODE_MTIME);
		f->mtime_nsec = get_le32(p + EROFS_INODE_MTIME_NS);
		f->links = get_le32(p + EROFS_INODE_LINKS32);
	} else {
		f->size = get_le32(p + EROFS_INODE_SIZE);
		f->uid = get_le16(p + EROFS_INODE_UID);
		f->gid = get_le16(p + EROFS_INODE_GID);
		f->links = get_le16(p + EROFS_INODE_LINKS);
	}
}

static int inode_read(const struct erofs_image *e, uint64_t nid, struct erofs_file *f, struct err *err)
{
	uint8_t p[EROFS_INODE_EXTENDED] = {0};
	uint64_t at = e->meta + nid * EROFS_SLOT;
	uint32_t format, head;
	bool big;

	if (nid > e->size / EROFS_SLOT || read_at(e, p, EROFS_INODE_COMPACT, at, err) < 0)
		return damaged(e, err);
	format = get_le16(p + EROFS_INODE_FORMAT);
	big = format & 1;
	head = big ? EROFS_INODE_EXTENDED : EROFS_INODE_COMPACT;
	if (read_at(e, p, head, at, err) < 0)
		return -1;
	*f = (struct erofs_file){.nid = nid, .xattrs = at + head};
	inode_decode(p, big, f);
	if (format >> 1 == EROFS_INLINE)
		f->body = at + head + f->xattrs_len;
	else if (format >> 1 != EROFS_PLAIN)
		return damaged(e, err);
	if (!S_ISCHR(f->mode) && !S_ISBLK(f->mode))
		f->data *= EROFS_BLOCK;
	return 0;
}

int erofs_read(const struct erofs_image *e, const struct erofs_file *f, size_t limit, struct buf *out,
	       struct err *err)
{
	size_t tail = f->body ? (size_t)(f->size % EROFS_BLOCK) : 0, whole = (size_t)(f->size - tail);
	char *to;

	if (f->size > limit)
		return err_set(err, "a file in '%s' is larger than %zu bytes", e->path, limit);
	if (f->size > e->size)
		return damaged(e, err);
	to = buf_reserve(out, (size_t)f->size);
	if ((whole && read_at(e, to, whole, f->data, err) < 0) ||
	    (tail && read_at(e, to + whole, tail, f->body, err) < 0))
		return -1;
	buf_commit(out, (size_t)f->size);
	return 0;
}

/**
 * struct entries - A folder's content while it is gone through
 * @block:	Start of the block of the entry
 * @k:		Number of the entry in that block
 */
struct entries {
	const uint8_t *data;
	size_t len, block;
	uint32_t k;
};

/* Return: the next name (not NUL-terminated), or NULL at the end or where it is damaged. */
static const char *entries_next(struct entries *l, size_t *n, uint64_t *nid)
{
	const uint8_t *b = l->data + l->block;
	size_t room = l->len - l->block < EROFS_BLOCK ? l->len - l->block : EROFS_BLOCK;
	uint32_t count, start, end;

	if (room < EROFS_DIRENT)
		return NULL;
	count = get_le16(b + 8) / EROFS_DIRENT;
	if (l->k >= count) {
		l->block += room;
		l->k = 0;
		return count ? entries_next(l, n, nid) : NULL;
	}
	if ((size_t)count * EROFS_DIRENT > room)
		return NULL;
	start = get_le16(b + l->k * EROFS_DIRENT + 8);
	end = l->k + 1 < count ? get_le16(b + (l->k + 1) * EROFS_DIRENT + 8) : (uint32_t)room;
	if (start > end || end > room)
		return NULL;
	*nid = get_le64(b + l->k++ * EROFS_DIRENT);
	*n = strnlen((const char *)b + start, end - start);
	return (const char *)b + start;
}

static int child_find(const struct erofs_image *e, const struct erofs_file *dir, const char *name, size_t n,
		      struct erofs_file *f, struct err *err)
{
	cleanup_buf struct buf data = {0};
	struct entries l = {0};
	const char *at;
	uint64_t nid;
	size_t len;

	if (!S_ISDIR(dir->mode))
		return err_set(err, "not a folder");
	if (erofs_read(e, dir, DIR_BYTES_MAX, &data, err) < 0)
		return -1;
	l.data = (const uint8_t *)data.data;
	l.len = data.len;
	while ((at = entries_next(&l, &len, &nid)))
		if (len == n && memcmp(at, name, n) == 0)
			return inode_read(e, nid, f, err);
	return err_set(err, "there is no '%.*s'", (int)n, name);
}

/*
 * @left: names that may still be looked up. To bound the depth of symlinks would not do: of forty, each with the next
 * one twice in its target, the first leads to a million million names.
 */
static int walk(const struct erofs_image *e, struct erofs_file *at, const char *path, bool follow, unsigned int *left,
		struct err *err)
{
	if (path[0] == '/' && inode_read(e, e->root, at, err) < 0)
		return -1;
	while (*path) {
		size_t n = strcspn(path, "/");
		bool last = path[n + strspn(path + n, "/")] == '\0';
		struct erofs_file next;

		if (n && (*left)-- == 0)
			return err_set(err, "too many symlinks");
		if (n && child_find(e, at, path, n, &next, err) < 0)
			return -1;
		if (n && S_ISLNK(next.mode) && (!last || follow)) {
			cleanup_buf struct buf target = {0};

			if (erofs_read(e, &next, TREE_PATH_MAX, &target, err) < 0 ||
			    walk(e, at, buf_str(&target), true, left, err) < 0)
				return -1;
		} else if (n) {
			*at = next;
		}
		path += n + (path[n] == '/');
	}
	return 0;
}

int erofs_stat(const struct erofs_image *e, const char *path, bool follow, struct erofs_file *f, struct err *err)
{
	unsigned int left = LOOKUPS_MAX;

	if (inode_read(e, e->root, f, err) < 0)
		return -1;
	if (walk(e, f, path, follow, &left, err) < 0)
		return err_wrap(err, "cannot find '%s' in '%s'", path, e->path);
	return 0;
}

int erofs_list(const struct erofs_image *e, const char *path, struct buf *out, struct err *err)
{
	cleanup_buf struct buf data = {0};
	struct erofs_file dir;
	struct entries l = {0};
	const char *at;
	uint64_t nid;
	size_t n;

	if (erofs_stat(e, path, true, &dir, err) < 0)
		return -1;
	if (!S_ISDIR(dir.mode))
		return err_set(err, "'%s' in '%s' is not a folder", path, e->path);
	if (erofs_read(e, &dir, DIR_BYTES_MAX, &data, err) < 0)
		return -1;
	l.data = (const uint8_t *)data.data;
	l.len = data.len;
	while ((at = entries_next(&l, &n, &nid))) {
		if ((n == 1 && at[0] == '.') || (n == 2 && at[0] == '.' && at[1] == '.'))
			continue;
		buf_add(out, at, n);
		buf_addc(out, '\0');
	}
	return 0;
}
