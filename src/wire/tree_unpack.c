/* tree_unpack.c - records to files and folders */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "wire/frame.h"
#include "wire/tree.h"

/* An entry as it was sent; a file's, while its data comes, and a folder's, to the end. */
struct entry {
	enum tree_kind kind;
	char *path, *target;
	uint32_t mode, uid, gid;
	uint64_t mtime, size;
};

/**
 * struct tree_unpack - A tree that is being made
 * @above:	The folder that the top is in
 * @name:	The top's name there, and @top all of its path, for messages
 * @parent, @folder: The folder that was used last, and its path in the tree; NULL for none
 * @fd, @file:	The file that data goes to; -1 for none
 * @folders:	Made so far: they get their modes at the end, when nothing more is put into them
 */
struct tree_unpack {
	int above;
	char *name, *top;
	bool guest, root;
	int parent;
	char *folder;
	int fd;
	struct entry file;
	struct entry *folders;
	size_t nfolders, folder_bytes, entries;
	uint64_t bytes;
};

static void free_entry(struct entry *e)
{
	free(e->path);
	free(e->target);
	*e = (struct entry){0};
}

static int fail(const struct tree_unpack *u, const char *what, const char *path, struct err *err)
{
	return err_errno(err, "cannot %s '%s%s%s'", what, u->top, *path ? "/" : "", path);
}

struct tree_unpack *tree_unpack_open(const char *path, bool guest, struct err *err)
{
	cleanup_free char *clean = xstrdup(path), *folder = NULL;
	size_t n = strlen(clean);
	struct tree_unpack *u;
	int above;

	while (n > 1 && clean[n - 1] == '/')
		clean[--n] = '\0';
	folder = path_dir(clean);
	if (file_make_dirs(folder, err) < 0)
		return NULL;
	above = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (above < 0) {
		err_errno(err, "cannot open '%s'", folder);
		return NULL;
	}
	u = xcalloc(1, sizeof(*u));
	*u = (struct tree_unpack){.above = above, .guest = guest, .root = geteuid() == 0, .parent = -1, .fd = -1};
	u->name = xstrdup(strrchr(clean, '/') && clean[1] ? strrchr(clean, '/') + 1 : clean[0] == '/' ? "." : clean);
	u->top = steal(clean);
	return u;
}

void tree_unpack_free(struct tree_unpack *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->nfolders; i++)
		free_entry(&u->folders[i]);
	free(u->folders);
	free_entry(&u->file);
	fd_close(&u->fd);
	fd_close(&u->parent);
	fd_close(&u->above);
	free(u->folder);
	free(u->name);
	free(u->top);
	free(u);
}

/* ---- paths ---- */

static bool is_path(const char *path)
{
	int depth = 0;

	if (!*path)
		return true;
	if (strlen(path) >= PATH_MAX)
		return false;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || n > NAME_MAX || (n == 1 && path[0] == '.') || (n == 2 && path[0] == '.' && path[1] == '.') ||
		    ++depth > TREE_NESTING_MAX)
			return false;
		if (!path[n])
			return true;
		path += n + 1;
	}
}

/* Return: a folder that is in another one and no link, or -1 with errno. */
static int enter(int folder, const char *name, size_t n)
{
	cleanup_free char *copy = xstrndup(name, n);

	return openat(folder, copy, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Return: the folder at the first @n bytes of @path, which the caller closes, or -1 with errno. */
static int walk(const struct tree_unpack *u, const char *path, size_t n)
{
	int fd = enter(u->above, u->name, strlen(u->name));

	for (size_t at = 0; fd >= 0 && at < n;) {
		size_t part = strcspn(path + at, "/");
		int next = enter(fd, path + at, part);

		fd_close(&fd);
		fd = next;
		at += part + 1;
	}
	return fd;
}

/* Where an entry is to be made. Return: a folder's descriptor, which stays ours, with @name set; -1 with errno. */
static int find_place(struct tree_unpack *u, const char *path, const char **name)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) : 0;

	if (!*path) {
		*name = u->name;
		return u->above;
	}
	*name = slash ? slash + 1 : path;
	if (u->folder && strlen(u->folder) == n && memcmp(u->folder, path, n) == 0)
		return u->parent;
	fd_close(&u->parent);
	free(steal(u->folder));
	u->parent = walk(u, path, n);
	if (u->parent >= 0)
		u->folder = xstrndup(path, n);
	return u->parent;
}

/* ---- making ---- */

static struct timespec moment(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)};
}

static mode_t mode_of(const struct tree_unpack *u, const struct entry *e)
{
	return e->mode & (u->guest ? 01777 : 07777);
}

/* The owner first: to change it clears the bits that run a program as somebody else. */
static int dress(const struct tree_unpack *u, int fd, const struct entry *e)
{
	const struct timespec times[2] = {moment(e->mtime), moment(e->mtime)};

	if (u->root && fchown(fd, e->uid, e->gid) < 0)
		return -1;
	return fchmod(fd, mode_of(u, e)) < 0 || futimens(fd, times) < 0 ? -1 : 0;
}

static int end_file(struct tree_unpack *u, struct err *err)
{
	int r = 0;

	if (u->fd < 0)
		return 0;
	if (ftruncate(u->fd, (off_t)u->file.size) < 0 || dress(u, u->fd, &u->file) < 0)
		r = fail(u, "complete", u->file.path, err);
	fd_close(&u->fd);
	free_entry(&u->file);
	return r;
}

static int make_folder(struct tree_unpack *u, int place, const char *name, struct entry *e, struct err *err)
{
	cleanup_fd int fd = -1;
	struct stat st;

	u->folder_bytes += strlen(e->path) + sizeof(*e);
	if (u->folder_bytes > TREE_FOLDERS_MAX)
		return err_set(err, "the tree has too many folders: their paths can have %d MiB", TREE_FOLDERS_MAX >> 20);
	if (mkdirat(place, name, 0700) < 0 && errno != EEXIST)
		return fail(u, "create", e->path, err);
	fd = enter(place, name, strlen(name));
	if (fd < 0 || fstat(fd, &st) < 0)
		return fail(u, "use as a folder", e->path, err);
	/* We are to put something into it. It gets its mode at the end; one that was there stays open to others until then. */
	if ((st.st_mode & S_IRWXU) != S_IRWXU)
		(void)!fchmod(fd, (st.st_mode & 07777) | S_IRWXU);
	u->folders = xrealloc(u->folders, (u->nfolders + 1) * sizeof(*u->folders));
	u->folders[u->nfolders++] = *e;
	*e = (struct entry){0};
	return 0;
}

static int make_file(struct tree_unpack *u, int place, const char *name, struct entry *e, struct err *err)
{
	if (e->size > INT64_MAX)
		return err_set(err, "'%s/%s' cannot be that large", u->top, e->path);
	u->fd = openat(place, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (u->fd < 0)
		return fail(u, "create", e->path, err);
	u->file = *e;
	*e = (struct entry){0};
	return 0;
}

static int make_hard_link(struct tree_unpack *u, int place, const char *name, const struct entry *e)
{
	const char *slash = strrchr(e->target, '/');
	cleanup_fd int from = -1;

	if (!*e->target || !is_path(e->target)) {
		errno = EINVAL;
		return -1;
	}
	from = walk(u, e->target, slash ? (size_t)(slash - e->target) : 0);
	return from < 0 ? -1 : linkat(from, slash ? slash + 1 : e->target, place, name, 0);
}

/* What is neither a file nor a folder. Return: 0, or -1 with errno. */
static int make_other(struct tree_unpack *u, int place, const char *name, const struct entry *e)
{
	const struct timespec times[2] = {moment(e->mtime), moment(e->mtime)};
	mode_t type = e->kind == TREE_FIFO ? S_IFIFO : e->kind == TREE_CHAR_DEVICE ? S_IFCHR : S_IFBLK;
	bool link = e->kind == TREE_LINK;

	if (e->kind == TREE_HARD_LINK)
		return make_hard_link(u, place, name, e);
	if (link ? symlinkat(e->target, place, name) < 0 : mknodat(place, name, type | 0600, (dev_t)e->size) < 0)
		return -1;
	if (u->root && fchownat(place, name, e->uid, e->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (!link && fchmodat(place, name, mode_of(u, e), 0) < 0)
		return -1;
	return utimensat(place, name, times, AT_SYMLINK_NOFOLLOW);
}

static int make(struct tree_unpack *u, struct entry *e, struct err *err)
{
	const char *name;
	int place = find_place(u, e->path, &name);

	if (place < 0)
		return fail(u, "get to", e->path, err);
	if (e->kind == TREE_FOLDER)
		return make_folder(u, place, name, e, err);
	if (u->guest && (e->kind == TREE_CHAR_DEVICE || e->kind == TREE_BLOCK_DEVICE))
		return *e->path ? 0 : err_set(err, "'%s' would be a device, which a guest cannot make here", u->top);
	if (unlinkat(place, name, 0) < 0 && errno != ENOENT) {
		if (errno != EISDIR && errno != EPERM)
			return fail(u, "replace", e->path, err);
		err_set(err, "'%s%s%s' is a folder", u->top, *e->path ? "/" : "", e->path);
		return *e->path ? -1 : err_hint(err, "'%s/' would put the file into it", u->top);
	}
	if (e->kind == TREE_FILE)
		return make_file(u, place, name, e, err);
	return make_other(u, place, name, e) < 0 ? fail(u, "create", e->path, err) : 0;
}

/* ---- records ---- */

static int take_entry(struct tree_unpack *u, struct wire_reader *r, struct err *err)
{
	uint8_t kind = wire_get_u8(r);
	struct entry e = {.kind = (enum tree_kind)kind, .path = wire_get_str(r)};
	int result = -1;

	e.mode = wire_get_u32(r);
	e.uid = wire_get_u32(r);
	e.gid = wire_get_u32(r);
	e.mtime = wire_get_u64(r);
	e.size = wire_get_u64(r);
	e.target = wire_get_str(r);
	if (r->bad || kind >= TREE_KINDS || !is_path(e.path) || strlen(e.target) >= PATH_MAX || (!*e.path && u->entries))
		err_set(err, "malformed tree");
	else if (++u->entries > TREE_ENTRIES_MAX)
		err_set(err, "the tree has more than %d files and folders", TREE_ENTRIES_MAX);
	else if (end_file(u, err) == 0)
		result = make(u, &e, err);
	free_entry(&e);
	return result;
}

static int take_data(struct tree_unpack *u, struct wire_reader *r, struct err *err)
{
	uint64_t at = wire_get_u64(r);
	size_t n;
	const char *data = wire_get_bytes(r, &n);

	if (r->bad || u->fd < 0 || at > u->file.size || n > u->file.size - at)
		return err_set(err, "malformed tree");
	u->bytes += n;
	if (u->bytes > TREE_BYTES_MAX)
		return err_set(err, "the tree has more than %d GiB", (int)(TREE_BYTES_MAX >> 30));
	return fd_pwrite_all(u->fd, data, n, (off_t)at) < 0 ? fail(u, "write", u->file.path, err) : 0;
}

int tree_unpack_record(struct tree_unpack *u, const void *record, size_t n, struct err *err)
{
	struct wire_reader r = {.p = record, .left = n};
	uint8_t type = wire_get_u8(&r);

	if (type == TREE_ENTRY)
		return take_entry(u, &r, err);
	if (type == TREE_DATA)
		return take_data(u, &r, err);
	return err_set(err, "malformed tree");
}

int tree_unpack_end(struct tree_unpack *u, struct err *err)
{
	if (!u->entries)
		return err_set(err, "malformed tree");
	if (end_file(u, err) < 0)
		return -1;
	/* The innermost last made: a folder that may not be entered is closed after those in it. */
	while (u->nfolders > 0) {
		struct entry *e = &u->folders[--u->nfolders];
		cleanup_fd int fd = walk(u, e->path, strlen(e->path));
		int r = fd < 0 || dress(u, fd, e) < 0 ? fail(u, "complete", e->path, err) : 0;

		free_entry(e);
		if (r < 0)
			return -1;
	}
	return 0;
}
