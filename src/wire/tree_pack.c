/* tree_pack.c - files and folders to records */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "wire/frame.h"
#include "wire/tree.h"

#define DATA_MAX    (WIRE_CHUNK - 64) /* bytes of a file in a record */
#define MADE_UP_MAX (32 << 20)	      /* bytes of a file that the kernel makes up while it is read */
#define PAGES_MAX   65536	      /* bytes that such a file says it has: those of sysfs say a page */

/* A file with more than one name, that was packed under this one. */
struct name {
	dev_t dev;
	ino_t ino;
	char *path;
};

/**
 * struct tree_pack - A tree on its way
 * @top:	As the caller named it, for messages
 * @folders, @paths, @depth: The folders that are being read, each in the one before it
 * @fd:		The file whose data is next, -1 for none; @path, @at and @size are of that
 * @content:	All of it, of a file whose size does not tell how much there is to read
 * @data_end:	Up to there what follows @at is data: tmpfs finds the end of it by counting its pages
 */
struct tree_pack {
	char *top;
	bool begun, as_root;
	DIR *folders[TREE_NESTING_MAX];
	char *paths[TREE_NESTING_MAX];
	int depth;
	int fd;
	char *path;
	off_t at, size, data_end;
	struct buf content;
	struct name *names;
	size_t nnames;
};

static int fail(const struct tree_pack *p, const char *what, const char *path, struct err *err)
{
	const bool below = path && *path;

	return err_errno(err, "cannot %s '%s%s%s'", what, p->top, below ? "/" : "", below ? path : "");
}

struct tree_pack *tree_pack_open(const char *path, struct err *err)
{
	struct stat st;
	struct tree_pack *p;

	if (stat(path, &st) < 0) {
		err_errno(err, "cannot read '%s'", path);
		return NULL;
	}
	p = xcalloc(1, sizeof(*p));
	p->top = xstrdup(path);
	p->fd = -1;
	return p;
}

void tree_pack_free(struct tree_pack *p)
{
	if (!p)
		return;
	while (p->depth > 0) {
		closedir(p->folders[--p->depth]);
		free(p->paths[p->depth]);
	}
	for (size_t i = 0; i < p->nnames; i++)
		free(p->names[i].path);
	fd_close(&p->fd);
	buf_free(&p->content);
	free(p->names);
	free(p->path);
	free(p->top);
	free(p);
}

void tree_pack_as_root(struct tree_pack *p)
{
	p->as_root = true;
}

/* ---- records ---- */

static void put_entry(const struct tree_pack *p, struct buf *out, enum tree_kind kind, const char *path,
		      const struct stat *st, uint64_t size, const char *target)
{
	wire_put_u8(out, TREE_ENTRY);
	wire_put_u8(out, (uint8_t)kind);
	wire_put_str(out, path);
	wire_put_u32(out, st->st_mode & 07777);
	wire_put_u32(out, p->as_root ? 0 : st->st_uid);
	wire_put_u32(out, p->as_root ? 0 : st->st_gid);
	wire_put_u64(out, (uint64_t)st->st_mtim.tv_sec * NS_PER_S + (uint64_t)st->st_mtim.tv_nsec);
	wire_put_u64(out, size);
	wire_put_str(out, target);
}

/* Return: the path under which this file was packed before, or NULL; it is remembered as @path then. */
static const char *other_name(struct tree_pack *p, const struct stat *st, const char *path)
{
	if (st->st_nlink < 2)
		return NULL;
	for (size_t i = 0; i < p->nnames; i++)
		if (p->names[i].ino == st->st_ino && p->names[i].dev == st->st_dev)
			return p->names[i].path;
	p->names = xrealloc(p->names, (p->nnames + 1) * sizeof(*p->names));
	p->names[p->nnames++] = (struct name){st->st_dev, st->st_ino, xstrdup(path)};
	return NULL;
}

/* ---- what there is ---- */

/* Whether it was removed just now, as happens in a folder that is in use; what the caller named must be there. */
static bool is_gone(int follow)
{
	return !follow && (errno == ENOENT || errno == ESRCH);
}

/* Whether the kernel makes it up as it is read (/proc, /sys): it takes no room, and yet there may be something in it. */
static bool is_made_up(int fd, const struct stat *st)
{
	return st->st_blocks == 0 && st->st_size <= PAGES_MAX && (st->st_size == 0 || lseek(fd, 0, SEEK_DATA) == 0);
}

/* Read it whole: what it says of its size is not so. Return: 0, or -1. */
static int take_content(struct tree_pack *p, int fd, const char *path, struct err *err)
{
	ssize_t n;

	while ((n = read(fd, buf_reserve(&p->content, DATA_MAX), DATA_MAX)) > 0) {
		buf_commit(&p->content, (size_t)n);
		if (p->content.len > MADE_UP_MAX)
			return err_set(err, "'%s/%s' has no end: it has more than %d MiB", p->top, path, MADE_UP_MAX >> 20);
	}
	return n < 0 && errno != EAGAIN ? fail(p, "read", path, err) : 0;
}

static int pack_file(struct tree_pack *p, int folder, const char *name, const char *path, int follow, struct buf *out,
		     struct err *err)
{
	cleanup_fd int fd = openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	const char *other;
	struct stat st;

	if (fd < 0 && is_gone(follow))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(p, "read", path, err);
	if (!S_ISREG(st.st_mode))
		return err_set(err, "'%s/%s' was a file and is none any more", p->top, path);
	buf_clear(&p->content);
	if (is_made_up(fd, &st)) {
		if (take_content(p, fd, path, err) < 0)
			return -1;
		st.st_size = (off_t)p->content.len;
	}
	other = other_name(p, &st, path);
	put_entry(p, out, other ? TREE_HARD_LINK : TREE_FILE, path, &st, (uint64_t)st.st_size, other);
	if (other)
		return 1;
	p->fd = fd_steal(&fd);
	p->path = xstrdup(path);
	p->at = p->data_end = 0;
	p->size = st.st_size;
	return 1;
}

static int pack_folder(struct tree_pack *p, int folder, const char *name, const char *path, int follow, struct buf *out,
		       struct err *err)
{
	cleanup_fd int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW));
	struct stat st;
	DIR *dir;

	if (p->depth == TREE_NESTING_MAX)
		return err_set(err, "'%s/%s': more than %d folders in each other", p->top, path, TREE_NESTING_MAX);
	if (fd < 0 && is_gone(follow))
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0 || !(dir = fdopendir(fd)))
		return fail(p, "read", path, err);
	(void)fd_steal(&fd);
	p->folders[p->depth] = dir;
	p->paths[p->depth++] = xstrdup(path);
	put_entry(p, out, TREE_FOLDER, path, &st, 0, NULL);
	return 1;
}

static int pack_link(struct tree_pack *p, int folder, const char *name, const char *path, const struct stat *st,
		     struct buf *out, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(folder, name, target, sizeof(target) - 1);

	if (n < 0)
		return is_gone(0) ? 0 : fail(p, "read", path, err);
	target[n] = '\0';
	put_entry(p, out, TREE_LINK, path, st, 0, target);
	return 1;
}

/* Return: 1 with a record, 0 when it is left out, -1 with @err. */
static int pack(struct tree_pack *p, int folder, const char *name, const char *path, int follow, struct buf *out,
		struct err *err)
{
	struct stat st;

	if (fstatat(folder, name, &st, follow ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
		return is_gone(follow) ? 0 : fail(p, "look at", path, err);
	if (S_ISREG(st.st_mode))
		return pack_file(p, folder, name, path, follow, out, err);
	if (S_ISDIR(st.st_mode))
		return pack_folder(p, folder, name, path, follow, out, err);
	if (S_ISLNK(st.st_mode))
		return pack_link(p, folder, name, path, &st, out, err);
	if (S_ISSOCK(st.st_mode))
		return follow ? err_set(err, "'%s' is a socket", p->top) : 0;
	put_entry(p, out, S_ISFIFO(st.st_mode) ? TREE_FIFO : S_ISCHR(st.st_mode) ? TREE_CHAR_DEVICE : TREE_BLOCK_DEVICE, path, &st,
		  st.st_rdev, NULL);
	return 1;
}

/* ---- data ---- */

/* Set @p->at to where data is next, to @p->size when there is none, and @p->data_end to where it ends. */
static void find_data(struct tree_pack *p)
{
	off_t data = lseek(p->fd, p->at, SEEK_DATA), end;

	p->data_end = p->size;
	if (data < 0) { /* nothing more, or a file system that does not know holes */
		p->at = errno == ENXIO ? p->size : p->at;
		return;
	}
	end = lseek(p->fd, data, SEEK_HOLE);
	p->data_end = end < 0 || end > p->size ? p->size : end;
	p->at = data > p->size ? p->size : data;
}

static ssize_t copy_content(const struct tree_pack *p, struct buf *out, size_t most)
{
	if (most > 0)
		memcpy(buf_reserve(out, most), p->content.data + p->at, most);
	return (ssize_t)most;
}

/* Return: 1 with a record, 0 when there is no more of the file. */
static int pack_data(struct tree_pack *p, struct buf *out, struct err *err)
{
	const size_t begin = out->len;
	size_t most;
	ssize_t n = 0;

	if (p->content.len)
		p->data_end = p->size;
	else if (p->at >= p->data_end)
		find_data(p);
	most = p->data_end - p->at < DATA_MAX ? (size_t)(p->data_end - p->at) : DATA_MAX;
	wire_put_u8(out, TREE_DATA);
	wire_put_u64(out, (uint64_t)p->at);
	wire_put_u32(out, 0);
	if (p->content.len)
		n = copy_content(p, out, most);
	else if (most > 0) /* straight to its place: every copy of it costs a guest that is emulated */
		n = pread(p->fd, buf_reserve(out, most), most, p->at);
	if (n <= 0) {
		buf_cut(out, begin);
		if (n < 0)
			return fail(p, "read", p->path, err);
		fd_close(&p->fd); /* at its end; or it has become shorter, and the rest is a hole */
		free(steal(p->path));
		return 0;
	}
	buf_commit(out, (size_t)n);
	put_le32((uint8_t *)out->data + begin + 9, (uint32_t)n);
	p->at += n;
	return 1;
}

/* ---- one after the other ---- */

static int pack_next_of_folder(struct tree_pack *p, struct buf *out, struct err *err)
{
	DIR *dir = p->folders[p->depth - 1];
	const char *above = p->paths[p->depth - 1];
	cleanup_free char *path = NULL;
	const struct dirent *d = readdir(dir);

	if (!d) {
		closedir(dir);
		free(p->paths[--p->depth]);
		return 0;
	}
	if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, ".."))
		return 0;
	path = xasprintf("%s%s%s", above, *above ? "/" : "", d->d_name);
	return pack(p, dirfd(dir), d->d_name, path, 0, out, err);
}

int tree_pack_next(struct tree_pack *p, struct buf *out, struct err *err)
{
	int got = 0;

	if (!p->begun) {
		p->begun = true;
		return pack(p, AT_FDCWD, p->top, "", 1, out, err);
	}
	while (got == 0 && (p->fd >= 0 || p->depth > 0))
		got = p->fd >= 0 ? pack_data(p, out, err) : pack_next_of_folder(p, out, err);
	return got;
}
