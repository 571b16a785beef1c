/* store.c - the cache folder: things that are built once and used by many
 *
 * Theory of operation
 *
 * Locks are flock(2), which the kernel drops with their owner: no process id
 * is ever read from a file, so a killed builder blocks nobody.
 *
 * - The lock of an entry is a file of its own that the builder removes while it
 *   still holds it. Who waited for it then has a lock on a file that is gone,
 *   notices (same inode?), and starts over: finding the entry in the good case.
 * - The temporary folder is locked itself. A folder in tmp/ that can be locked
 *   has no owner any more: rubbish. Between mkdir and flock a cleaner may take
 *   it; the owner notices likewise and makes another.
 *
 * Data is not synced: after a crash of the host an entry may be short, which
 * its seal shows, and the cost of a wrong guess is a rebuild.
 */
#include "image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"

#define SEAL	   "seal"
#define SEAL_MAX   65536 /* bytes; an entry has a handful of files */
#define TRIES_MAX  100	 /* races lost before something else must be wrong */
#define LOCK_SUFFIX ".lock"

/* The folder to name: an entry's own temporary one tells the user nothing. */
static const char *store_advice(int why)
{
	switch (why) {
	case ENOSPC:
	case EDQUOT:
		return "free some space there, or set VMTAP_CACHE to a folder on another disk";
	case EFBIG:
		return "the file size limit (ulimit -f) or the filesystem's is too small";
	case EROFS:
	case EACCES:
	case EPERM:
		return "set VMTAP_CACHE to a folder that can be written";
	default:
		return NULL;
	}
}

int store_write_error(struct err *err, const char *path)
{
	int why = errno;

	err_errno(err, "cannot write '%s'", path);
	if (store_advice(why))
		err_hint(err, "%s", store_advice(why));
	errno = why;
	return -1;
}

int store_key_file(struct sha256 *key, const char *path, struct err *err)
{
	cleanup_free char *real = realpath(path, NULL);
	struct stat st;
	uint64_t facts[6];

	if (!real || stat(real, &st) < 0)
		return err_errno(err, "cannot open '%s'", path);
	facts[0] = st.st_dev;
	facts[1] = st.st_ino;
	facts[2] = (uint64_t)st.st_size;
	facts[3] = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	facts[4] = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
	facts[5] = st.st_mode;
	sha256_add_str(key, real);
	sha256_add(key, facts, sizeof(facts));
	return 0;
}

/* ---- seals ---- */

static int seal_write(const char *dir, struct err *err)
{
	cleanup_buf struct buf text = {0};
	cleanup_free char *path = path_join(dir, SEAL);
	struct dirent *e;
	DIR *d = opendir(dir);

	if (!d)
		return err_errno(err, "cannot read folder '%s'", dir);
	while ((e = readdir(d))) {
		struct stat st;

		if (e->d_name[0] != '.' && fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			buf_addf(&text, "%lld %s\n", (long long)st.st_size, e->d_name);
	}
	closedir(d);
	return file_write_atomic(path, buf_str(&text), text.len, 0666, err);
}

static bool seal_line_holds(const char *dir, const char *line)
{
	cleanup_free char *path = NULL;
	struct stat st;
	long long size;
	int at = 0;

	if (sscanf(line, "%lld %n", &size, &at) != 1 || !at)
		return false;
	path = path_join(dir, line + at);
	return stat(path, &st) == 0 && st.st_size == size;
}

static bool seal_holds(const char *dir)
{
	cleanup_free char *path = path_join(dir, SEAL);
	cleanup_buf struct buf text = {0};
	char *line, *save = NULL;

	if (file_read(path, SEAL_MAX, &text, NULL) < 0 || !text.len || text.data[text.len - 1] != '\n')
		return false;
	for (line = strtok_r(text.data, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!seal_line_holds(dir, line))
			return false;
	return true;
}

/* ---- temporary folders ---- */

/* Whether @fd still is what @path names: it may have been removed and made anew. */
static bool same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static void temp_clean_one(const char *tmp, const char *name)
{
	cleanup_free char *path = path_join(tmp, name);
	cleanup_fd int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
		file_remove_tree(path);
}

static void temp_clean(const char *tmp)
{
	DIR *d = opendir(tmp);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			temp_clean_one(tmp, e->d_name);
	if (d)
		closedir(d);
}

/* Return: a locked descriptor of a new folder in @tmp, or -1. */
static int temp_make(const char *tmp, char **path, struct err *err)
{
	for (int n = 0; n < TRIES_MAX; n++) {
		cleanup_free char *p = xasprintf("%s/%ld-%d", tmp, (long)getpid(), n);
		cleanup_fd int fd = -1;

		if (mkdir(p, 0777) < 0) {
			if (errno == EEXIST)
				continue;
			return store_write_error(err, p);
		}
		fd = open(p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && same_file(fd, p)) {
			*path = steal(p);
			return fd_steal(&fd);
		}
	}
	return err_set(err, "cannot make a temporary folder in '%s'", tmp);
}

/* ---- entries ---- */

/* Return: a descriptor that holds the lock @path, or -1. */
static int lock_take(const char *path, struct err *err)
{
	for (int n = 0; n < TRIES_MAX; n++) {
		cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

		if (fd < 0)
			return store_write_error(err, path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			log_line("waiting for another vmtap that builds '%s'", path);
			while (flock(fd, LOCK_EX) < 0)
				if (errno != EINTR)
					return err_errno(err, "cannot lock '%s'", path);
		}
		if (same_file(fd, path))
			return fd_steal(&fd);
	}
	return err_set(err, "cannot lock '%s'", path);
}

/* Build in @tmp, seal, and put it in its place. */
static int entry_build(const char *tmp, const char *entry, store_build_fn *build, void *arg, struct err *err)
{
	cleanup_free char *dir = NULL;
	cleanup_fd int held = temp_make(tmp, &dir, err);

	if (held < 0)
		return -1;
	if (build(dir, arg, err) < 0 || seal_write(dir, err) < 0) {
		file_remove_tree(dir);
		return -1;
	}
	if (rename(dir, entry) < 0) {
		store_write_error(err, entry);
		file_remove_tree(dir);
		return -1;
	}
	return 0;
}

/* A damaged entry is first moved away: removing takes time, renaming does not. */
static void entry_discard(const char *tmp, const char *entry)
{
	cleanup_free char *away = xasprintf("%s/%ld-damaged", tmp, (long)getpid());

	if (rename(entry, away) == 0) {
		log_line("'%s' is damaged: building it again", entry);
		file_remove_tree(away);
	}
}

static int entry_make(const char *root, const char *kind, const char *key, const char *entry,
		      store_build_fn *build, void *arg, struct err *err)
{
	cleanup_free char *tmp = path_join(root, "tmp"), *folder = path_join(root, kind);
	cleanup_free char *lock = xasprintf("%s/%s-%s" LOCK_SUFFIX, tmp, kind, key);
	cleanup_fd int held = -1;
	int r = 0;

	if (file_make_dirs(tmp, err) < 0 || file_make_dirs(folder, err) < 0)
		return err_hint(err, "set VMTAP_CACHE to a folder that can be written");
	held = lock_take(lock, err);
	if (held < 0)
		return -1;
	if (!seal_holds(entry)) {
		temp_clean(tmp);
		entry_discard(tmp, entry);
		r = entry_build(tmp, entry, build, arg, err);
	}
	unlink(lock);
	return r;
}

int store_get(const char *root, const char *kind, const char *key, store_build_fn *build, void *arg,
	      char **path, struct err *err)
{
	cleanup_free char *entry = xasprintf("%s/%s/%s", root, kind, key);

	if (!seal_holds(entry) && entry_make(root, kind, key, entry, build, arg, err) < 0)
		return -1;
	*path = steal(entry);
	return 0;
}
