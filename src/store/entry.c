/* entry.c - entries of the store: locks, folders, last use
 *
 * Theory of operation
 *
 * Locks are flock(2), which the kernel drops with their owner: nothing is
 * concluded from a process id in a file, so a killed builder blocks nobody. They
 * work on read-only descriptors, thus in a cache that may only be read.
 *
 * - A process that uses an entry holds the entry's seal shared. A remover takes
 *   the seal exclusively, without waiting. A remover may win between a user's
 *   open(2) and flock(2); the user then sees that the path names another file, or
 *   none, and finds a new entry, or none.
 * - A builder holds the lock of the build, and so does a remover. The lock is a
 *   file of its own, which its holder removes before giving up the lock. A process
 *   that waited for it then has a lock on a file without a name; it sees that
 *   likewise and begins again, and mostly finds the entry built.
 * - A waiter says on stderr what it waits for, and for which process, when that
 *   takes longer than store_silence_s. The wait ends when the holder is done or
 *   dead, or when the waiter is asked to end by a signal, blocked or not.
 * - A temporary folder is locked itself. A folder in tmp/ that can be locked
 *   has no owner any more, and is removed. A cleaner may take a new folder between
 *   its maker's mkdir(2) and flock(2); the maker sees that and makes another.
 *
 * Last use is the seal's mtime, set by hand: atime may be off (noatime) or a
 * day late (relatime). Last uses are a logical clock: each is later than STORE/clock,
 * whose mtime is the newest of all. After the host's clock jumped back, uses
 * advance by a microsecond each until the host's clock has caught up.
 */
#include "store/entry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"

#define LOCK_SUFFIX ".lock"
#define CLOCK	    "clock"
#define CLOCK_STEP  1000 /* ns between two uses when the clock stands still */
#define TEMP_NAP_MS 5	 /* between looks whether a temporary folder is still held */

#define WAIT_AGAIN_S	30 /* seconds of waiting for another's build between two words */
#define WAIT_NAP_MAX_MS 40 /* between looks; they begin with 1 ms and double */
#define HOLD_WAIT_MS	500 /* for a remover that has an entry's seal: it only renames the entry meanwhile */

unsigned int store_silence_s = 10;

bool store_is_name(const char *text)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
	size_t n = strlen(text);

	return n > 0 && n <= STORE_NAME_MAX && text[0] != '.' && strspn(text, allowed) == n;
}

bool store_is_path(const char *text)
{
	char name[STORE_NAME_MAX + 1];

	if (strlen(text) > STORE_NAME_MAX)
		return false;
	for (;; text++) {
		size_t n = strcspn(text, "/");

		memcpy(name, text, n);
		name[n] = '\0';
		if (!store_is_name(name))
			return false;
		text += n;
		if (!*text)
			return true;
	}
}

bool store_is_key(const char *text)
{
	return strlen(text) == STORE_KEY_LEN && strspn(text, "0123456789abcdef") == STORE_KEY_LEN;
}

int64_t store_mtime(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * (int64_t)NS_PER_S + st->st_mtim.tv_nsec;
}

bool store_same_file(int fd, const char *path)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && stat(path, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* ---- holding ---- */

/*
 * Take the shared lock of a seal. A remover has it exclusively, for as long as a
 * rename takes; one that was stopped meanwhile must not stop everybody else.
 * Return: 0, also when the entry is gone; or -1.
 */
static int seal_share(int fd, const char *path)
{
	const struct timespec nap = {.tv_nsec = (long)NS_PER_MS};
	uint64_t end = clock_now() + HOLD_WAIT_MS * NS_PER_MS;

	while (flock(fd, LOCK_SH | LOCK_NB) < 0) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || clock_now() >= end)
			return -1;
		if (!store_same_file(fd, path))
			return 0;
		nanosleep(&nap, NULL);
	}
	return 0;
}

int store_entry_hold(const char *entry, enum store_check check, struct store_files *files)
{
	cleanup_free char *path = path_join(entry, STORE_SEAL);
	cleanup_free struct store_files *own = files ? NULL : xmalloc(sizeof(*own));

	for (int n = 0; n < STORE_TRIES_MAX; n++) {
		cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

		if (fd < 0)
			return -1;
		if (seal_share(fd, path) < 0)
			return -1;
		if (store_same_file(fd, path))
			return store_seal_holds(fd, entry, check, files ? files : own) ? fd_steal(&fd) : -1;
	}
	return -1;
}

/* ---- last use ---- */

static struct timespec clock_after(int fd)
{
	int64_t now = (int64_t)clock_wall();
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && store_mtime(&st) + CLOCK_STEP > now)
		now = store_mtime(&st) + CLOCK_STEP;
	return (struct timespec){.tv_sec = now / (int64_t)NS_PER_S, .tv_nsec = now % (int64_t)NS_PER_S};
}

void store_entry_touch(const char *root, int seal)
{
	cleanup_free char *path = path_join(root, CLOCK);
	cleanup_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	struct timespec now = clock_after(fd), times[2] = {now, now};

	if (fd >= 0)
		futimens(fd, times);
	/* Another user's entry: only "now" is allowed, and only if its seal can be written. */
	if (futimens(seal, times) < 0)
		futimens(seal, NULL);
}

/* ---- temporary folders ---- */

/* Return: whether somebody holds it. */
static bool temp_clean_one(const char *tmp, const char *name)
{
	cleanup_free char *path = path_join(tmp, name);
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return true;
	if (store_same_file(fd, path)) /* else its owner was done with it meanwhile, and the name is another's by now */
		file_remove_tree(path);
	return false;
}

/* Return: whether something is left that somebody holds. */
static bool temp_clean_all(const char *tmp)
{
	DIR *d = opendir(tmp);
	struct dirent *e;
	bool held = false;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			held |= temp_clean_one(tmp, e->d_name);
	if (d)
		closedir(d);
	return held;
}

void store_temp_clean(const char *root, unsigned patience_ms)
{
	const struct timespec nap = {.tv_nsec = TEMP_NAP_MS * (long)NS_PER_MS};
	cleanup_free char *tmp = path_join(root, STORE_TMP);
	uint64_t end = clock_now() + patience_ms * NS_PER_MS;

	while (temp_clean_all(tmp) && clock_now() < end)
		nanosleep(&nap, NULL);
}

int store_temp_make(const char *root, char **path, struct err *err)
{
	cleanup_free char *tmp = path_join(root, STORE_TMP);

	if (file_make_dirs(tmp, err) < 0)
		return err_hint(err, "set VMTAP_CACHE to a folder that can be written");
	for (int n = 0; n < STORE_TRIES_MAX; n++) {
		cleanup_free char *p = xasprintf("%s/%ld-%d", tmp, (long)getpid(), n);
		cleanup_fd int fd = -1;

		if (mkdir(p, 0777) < 0) {
			if (errno == EEXIST)
				continue;
			return store_write_error(err, p);
		}
		fd = open(p, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && store_same_file(fd, p)) {
			*path = steal(p);
			return fd_steal(&fd);
		}
	}
	return err_set(err, "cannot make a temporary folder in '%s'", tmp);
}

/* ---- entries come and go ---- */

/* The loop of a run blocks these signals to read them from a descriptor, which it cannot do while it waits here. */
static bool is_asked_to_end(void)
{
	sigset_t pending;

	return sigpending(&pending) == 0 && (sigismember(&pending, SIGINT) == 1 ||
					     sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGHUP) == 1);
}

/* "KIND/" and the first digits of the key, from a lock's path; the caller frees it. */
static char *lock_subject(const char *path)
{
	const char *base = path_base(path), *key = base + strlen(base) - strlen(LOCK_SUFFIX) - STORE_KEY_LEN;

	return xasprintf("%.*s/%.12s", (int)(key - 1 - base), base, key);
}

/* Who holds the lock is told from what it wrote; it is a word for the user, nothing relies on it. */
static void wait_say(int fd, const char *subject, uint64_t waited)
{
	char pid[24] = "";

	if (pread(fd, pid, sizeof(pid) - 1, 0) <= 0)
		strcpy(pid, "another vmtap");
	log_line("waiting for %s%s, which builds %s of the cache (%llu s)", pid[0] >= '0' && pid[0] <= '9' ? "process " : "",
		 pid, subject, (unsigned long long)(waited / NS_PER_S));
}

/* Wait until the lock is ours: its holder is done, or dead. Return: 0, or -1. */
static int lock_wait(int fd, const char *path, struct err *err)
{
	cleanup_free char *subject = lock_subject(path);
	uint64_t start = clock_now(), speak = start + store_silence_s * NS_PER_S;
	struct timespec nap = {.tv_nsec = (long)NS_PER_MS};

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		uint64_t now = clock_now();

		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_errno(err, "cannot lock '%s'", path);
		if (is_asked_to_end())
			return err_set(err, "interrupted while another vmtap built %s of the cache", subject);
		if (now >= speak) {
			wait_say(fd, subject, now - start);
			speak = now + WAIT_AGAIN_S * NS_PER_S;
		}
		nanosleep(&nap, NULL);
		if (nap.tv_nsec < WAIT_NAP_MAX_MS * (long)NS_PER_MS)
			nap.tv_nsec *= 2;
	}
	return 0;
}

/* Return: a descriptor, or -1; without @wait also when another has it. */
static int lock_take(const char *path, bool wait, struct err *err)
{
	for (int n = 0; n < STORE_TRIES_MAX; n++) {
		cleanup_fd int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);

		if (fd < 0)
			return store_write_error(err, path);
		if (wait ? lock_wait(fd, path, err) < 0 : flock(fd, LOCK_EX | LOCK_NB) < 0)
			return -1;
		if (!store_same_file(fd, path))
			continue;
		if (ftruncate(fd, 0) == 0)
			dprintf(fd, "%ld", (long)getpid());
		return fd_steal(&fd);
	}
	return err_set(err, "cannot lock '%s'", path);
}

static char *lock_path(const char *root, const char *kind, const char *key)
{
	return xasprintf("%s/" STORE_TMP "/%s-%s" LOCK_SUFFIX, root, kind, key);
}

int store_entry_lock(const char *root, const char *kind, const char *key, char **path, struct err *err)
{
	cleanup_free char *tmp = path_join(root, STORE_TMP), *folder = path_join(root, kind);
	cleanup_free char *lock = lock_path(root, kind, key);
	int fd;

	if (file_make_dirs(tmp, err) < 0 || file_make_dirs(folder, err) < 0)
		return err_hint(err, "set VMTAP_CACHE to a folder that can be written");
	fd = lock_take(lock, true, err);
	if (fd >= 0)
		*path = steal(lock);
	return fd;
}

int store_entry_try_lock(const char *root, const char *kind, const char *key, char **path)
{
	cleanup_free char *tmp = path_join(root, STORE_TMP), *lock = lock_path(root, kind, key);
	int fd = file_make_dirs(tmp, NULL) < 0 ? -1 : lock_take(lock, false, NULL);

	if (fd >= 0)
		*path = steal(lock);
	return fd;
}

int store_entry_publish(const char *dir, const char *entry, struct err *err)
{
	int r = rename(dir, entry);

	/* In the way is a damaged entry that store_entry_remove() could not rename. */
	if (r < 0 && (errno == ENOTEMPTY || errno == EEXIST)) {
		file_remove_tree(entry);
		r = rename(dir, entry);
	}
	return r < 0 ? store_write_error(err, entry) : 0;
}

/*
 * The entry is renamed into tmp/ first, because removing it takes time and
 * renaming does not. On overlayfs a folder of a lower layer cannot be renamed
 * (EXDEV): there the seal goes first, since a folder without one is no entry, and
 * then the rest where it is.
 */
int store_entry_remove(const char *root, const char *entry)
{
	cleanup_free char *dir = NULL, *away = NULL, *seal = path_join(entry, STORE_SEAL);
	cleanup_fd int held = store_temp_make(root, &dir, NULL);
	int r, why;

	if (held < 0)
		return -1;
	away = path_join(dir, "away");
	r = rename(entry, away);
	if (r < 0 && errno == EXDEV) {
		r = unlink(seal) < 0 && errno != ENOENT ? -1 : 0;
		if (r == 0)
			file_remove_tree(entry);
	}
	why = errno;
	file_remove_tree(dir);
	errno = why;
	return r;
}
