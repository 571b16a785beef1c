/* dir.c - a folder of the host as an image */
#include "image/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/source.h"
#include "store/store.h"

/* A file that has several names, seen before. */
struct link {
	struct link *next;
	dev_t dev;
	ino_t ino;
	struct inode *inode;
};

#define LINK_SLOTS 1024

/**
 * struct dir_walk - A folder being gone through, sorted by name
 * @visit:	Called for each file: path on the host, path from the top, lstat
 * @dev:	The filesystem to stay on
 * @writer:	Gets the contents, or NULL: they are fed to @key
 * @last:	What the name visited last is
 * @changed:	The newest ctime so far, in ns since 1970
 */
struct dir_walk {
	int (*visit)(struct dir_walk *w, const char *path, const char *inner, const struct stat *st,
		     struct err *err);
	dev_t dev;
	enum dir_flag flags;
	struct sha256 *key;
	struct tree *tree;
	struct erofs_writer *writer;
	struct inode *last;
	int64_t changed;
	struct link *links[LINK_SLOTS];
};

static int not_dots(const struct dirent *e)
{
	return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int walk_below(struct dir_walk *w, const char *path, const char *inner, unsigned int depth, struct err *err);

static int walk_one(struct dir_walk *w, const char *path, const char *inner, unsigned int depth, struct err *err)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return err_errno(err, "cannot read '%s'", path);
	if (w->visit(w, path, inner, &st, err) < 0)
		return -1;
	if (S_ISDIR(st.st_mode) && st.st_dev == w->dev)
		return walk_below(w, path, inner, depth, err);
	return 0;
}

static int walk_below(struct dir_walk *w, const char *path, const char *inner, unsigned int depth, struct err *err)
{
	struct dirent **list = NULL;
	int n = scandir(path, &list, not_dots, by_bytes), r = 0;

	if (n < 0)
		return err_errno(err, "cannot read folder '%s'", path);
	if (depth >= TREE_DEPTH_MAX)
		r = err_set(err, "cannot use folder '%s': it is more than %d folders deep", path, TREE_DEPTH_MAX);
	for (int k = 0; k < n; k++) {
		cleanup_free char *p = path_join(path, list[k]->d_name);
		cleanup_free char *q = path_join(inner, list[k]->d_name);

		if (r == 0)
			r = walk_one(w, p, q, depth + 1, err);
		free(list[k]);
	}
	free(list);
	return r;
}

/* The folder itself may be given as a symlink; below it none is followed. */
static int walk_start(struct dir_walk *w, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return err_errno(err, "cannot open '%s'", path);
	w->dev = st.st_dev;
	return w->visit(w, path, "", &st, err) < 0 ? -1 : walk_below(w, path, "", 0, err);
}

/* What changes when anything in the folder changes: every name, and its lstat(2). */
static int visit_facts(struct dir_walk *w, const char *path, const char *inner, const struct stat *st, struct err *err)
{
	int64_t changed = (int64_t)st->st_ctim.tv_sec * (int64_t)NS_PER_S + st->st_ctim.tv_nsec;
	uint64_t facts[] = {
		st->st_dev,	 st->st_ino,	st->st_mode,
		(uint64_t)st->st_size,	     st->st_uid,     st->st_gid,
		st->st_nlink,	 st->st_rdev,	(uint64_t)st->st_mtim.tv_sec,
		(uint64_t)st->st_mtim.tv_nsec, (uint64_t)changed,
	};

	(void)path;
	(void)err;
	if (changed > w->changed)
		w->changed = changed;
	sha256_add_str(w->key, inner);
	sha256_add(w->key, facts, sizeof(facts));
	return 0;
}

/* ---- loading ---- */

static int xattrs_load(struct inode *i, const char *path, struct err *err)
{
	cleanup_free char *names = xmalloc(TREE_XATTR_MAX), *value = xmalloc(TREE_XATTR_MAX);
	ssize_t n = llistxattr(path, names, TREE_XATTR_MAX);

	/* On an error the filesystem has no attributes, or more than a file may have in an image: the file is loaded without. */
	for (const char *at = names; n > 0 && at < names + n; at += strlen(at) + 1) {
		ssize_t len = lgetxattr(path, at, value, TREE_XATTR_MAX);

		if (len >= 0 && tree_xattr(i, at, value, (size_t)len, err) < 0)
			return err_wrap(err, "cannot use '%s'", path);
	}
	return 0;
}

/* Copy one run of data; a file that shrinks meanwhile is an error, not a hole. */
static int run_copy(struct dir_walk *w, struct inode *i, int fd, const char *path, off_t from, off_t to,
		    struct err *err)
{
	int64_t n;

	if (lseek(fd, from, SEEK_SET) < 0)
		return err_errno(err, "cannot read '%s'", path);
	n = erofs_file_copy(w->writer, i, (uint64_t)from, fd, (uint64_t)(to - from), err);
	if (n < 0)
		return err_wrap(err, "cannot copy '%s'", path);
	if (n < to - from)
		return err_set(err, "'%s' changed while it was read", path);
	return 0;
}

/* There is no data up to the end: a hole, or the file was cut short after its size was read. */
static int hole_check(int fd, const char *path, off_t end, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "cannot read '%s'", path);
	return st.st_size >= end ? 0 : err_set(err, "'%s' changed while it was read", path);
}

/* Sum up a content as the image would have it, with zeros for holes. */
static int content_sum(struct dir_walk *w, int fd, const char *path, uint64_t size, struct err *err)
{
	uint8_t window[16384];
	uint64_t total = 0;
	ssize_t n;

	while ((n = fd_read_full(fd, window, sizeof(window))) > 0) {
		sha256_add(w->key, window, (size_t)n);
		total += (uint64_t)n;
	}
	if (n < 0)
		return err_errno(err, "cannot read '%s'", path);
	return total == size ? 0 : err_set(err, "'%s' changed while it was read", path);
}

/* Since lstat(2) a pipe may have taken the place of the file: do not wait for a writer. Return: a descriptor, or -1. */
static int content_open(const char *path, struct err *err)
{
	cleanup_fd int fd = source_fd(path, O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "cannot open '%s'", path);
	return S_ISREG(st.st_mode) ? fd_steal(&fd) : err_set(err, "'%s' changed while it was read", path);
}

static int content_load(struct dir_walk *w, struct inode *i, const char *path, struct err *err)
{
	cleanup_fd int fd = content_open(path, err);
	off_t end = (off_t)i->size, from = 0, to;

	if (fd < 0)
		return -1;
	if (!w->writer)
		return content_sum(w, fd, path, i->size, err);
	if (erofs_file_begin(w->writer, i, err) < 0)
		return err_wrap(err, "cannot use '%s'", path);
	while (from < end) {
		from = lseek(fd, from, SEEK_DATA);
		if (from < 0 && errno == ENXIO)
			return hole_check(fd, path, end, err);
		if (from < 0)
			from = 0; /* the filesystem does not tell where holes are: take all for data */
		to = lseek(fd, from, SEEK_HOLE);
		if (to <= from || to > end)
			to = end;
		if (run_copy(w, i, fd, path, from, to, err) < 0)
			return -1;
		from = to;
	}
	return 0;
}

static int symlink_load(struct inode *i, const char *path, struct err *err)
{
	char target[TREE_PATH_MAX + 1];
	ssize_t n = readlink(path, target, sizeof(target));

	if (n < 0)
		return err_errno(err, "cannot read symlink '%s'", path);
	i->target = xstrndup(target, (size_t)n);
	i->size = strlen(i->target);
	return 0;
}

static void owner_load(const struct dir_walk *w, struct inode *i, const struct stat *st)
{
	bool squash = geteuid() != 0;

	i->uid = (squash && st->st_uid == geteuid()) || w->flags == DIR_ALL_ROOT ? 0 : st->st_uid;
	i->gid = (squash && st->st_gid == getegid()) || w->flags == DIR_ALL_ROOT ? 0 : st->st_gid;
}

/* Return: where the file of several names is or will be remembered. */
static struct link **link_find(struct dir_walk *w, const struct stat *st)
{
	struct link **at = &w->links[st->st_ino % LINK_SLOTS];

	while (*at && ((*at)->ino != st->st_ino || (*at)->dev != st->st_dev))
		at = &(*at)->next;
	return at;
}

static int inode_load(struct dir_walk *w, struct inode *i, const char *path, const struct stat *st, struct err *err)
{
	i->mtime = st->st_mtim.tv_sec;
	i->mtime_nsec = (uint32_t)st->st_mtim.tv_nsec;
	i->rdev = tree_rdev(major(st->st_rdev), minor(st->st_rdev));
	owner_load(w, i, st);
	if (w->flags != DIR_ALL_ROOT && xattrs_load(i, path, err) < 0)
		return -1;
	if (S_ISLNK(i->mode))
		return symlink_load(i, path, err);
	if (!S_ISREG(i->mode))
		return 0;
	i->size = (uint64_t)st->st_size;
	return content_load(w, i, path, err);
}

static int visit_load(struct dir_walk *w, const char *path, const char *inner, const struct stat *st, struct err *err)
{
	bool many = st->st_nlink > 1 && !S_ISDIR(st->st_mode);
	struct link **seen = many ? link_find(w, st) : NULL;
	struct inode *i = many && *seen ? (*seen)->inode : NULL;

	if (!i) {
		i = tree_inode(w->tree, st->st_mode);
		if (inode_load(w, i, path, st, err) < 0)
			return -1;
	}
	if (many && !*seen) {
		*seen = xcalloc(1, sizeof(**seen));
		**seen = (struct link){.dev = st->st_dev, .ino = st->st_ino, .inode = i};
	}
	w->last = i;
	if (!tree_put(w->tree, inner, i, err))
		return err_wrap(err, "cannot use '%s'", path);
	return 0;
}

/* A file of several names is summed with the number of its first name, so that links and copies differ. */
static int visit_sum(struct dir_walk *w, const char *path, const char *inner, const struct stat *st, struct err *err)
{
	const struct inode *i;

	sha256_add_str(w->key, inner);
	if (visit_load(w, path, inner, st, err) < 0)
		return -1;
	i = w->last;
	if (!w->last->nid)
		w->last->nid = w->tree->count;
	uint64_t facts[] = {i->nid, i->mode, i->uid, i->gid, i->rdev, i->size, (uint64_t)i->mtime, i->mtime_nsec};

	sha256_add(w->key, facts, sizeof(facts));
	sha256_add_str(w->key, i->target ? i->target : "");
	for (const struct xattr *x = i->xattrs; x; x = x->next) {
		sha256_add_str(w->key, x->name);
		sha256_add(w->key, &x->len, sizeof(x->len));
		sha256_add(w->key, x->value, x->len);
	}
	return 0;
}

static int walk_and_free(struct dir_walk *w, const char *path, struct err *err)
{
	int r = walk_start(w, path, err);

	for (size_t k = 0; k < LINK_SLOTS; k++)
		for (struct link *l = w->links[k], *next; l; l = next) {
			next = l->next;
			free(l);
		}
	return r;
}

int dir_load(const char *path, enum dir_flag flags, struct tree *t, struct erofs_writer *wr, struct err *err)
{
	struct dir_walk w = {.visit = visit_load, .flags = flags, .tree = t, .writer = wr};

	return walk_and_free(&w, path, err);
}

/* ---- the key ---- */

/* A folder to sum, with the flags that it will be loaded with. */
struct dir_source {
	const char *path;
	enum dir_flag flags;
};

static int folder_facts(void *arg, struct sha256 *facts, int64_t *changed, struct err *err)
{
	const struct dir_source *f = arg;
	struct dir_walk w = {.visit = visit_facts, .key = facts};
	uint32_t reader[] = {geteuid(), getegid(), f->flags}; /* owner_load() */
	int r;

	sha256_add_str(facts, "folder");
	sha256_add_str(facts, f->path);
	sha256_add(facts, reader, sizeof(reader));
	r = walk_start(&w, f->path, err);
	*changed = w.changed;
	return r;
}

static int folder_sum(void *arg, char sum[SHA256_HEX], struct err *err)
{
	const struct dir_source *f = arg;
	struct sha256 key;
	struct tree t;
	struct dir_walk w = {.visit = visit_sum, .flags = f->flags, .tree = &t, .key = &key};
	int r;

	sha256_init(&key);
	tree_init(&t);
	r = walk_and_free(&w, f->path, err);
	tree_free(&t);
	if (r == 0)
		sha256_hex(&key, sum);
	return r;
}

int dir_key(const char *store, struct sha256 *key, const char *path, enum dir_flag flags, struct err *err)
{
	struct dir_source f = {.path = path, .flags = flags};
	const struct store_source s = {.name = path, .facts = folder_facts, .sum = folder_sum, .arg = &f};
	char sum[SHA256_HEX];

	if (store_sum(store, &s, sum, err) < 0)
		return -1;
	sha256_add_str(key, sum);
	return 0;
}
