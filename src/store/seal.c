/* seal.c - what an entry's files were when it was published
 *
 * Theory of operation
 *
 * Entries are not synced when they are published: that would cost more than
 * building most of them. So after a crash of the host a file may be short, or
 * of its full length and partly zero (a RAM file has its blocks before it has
 * its content). Disks and people damage files, too. The seal has the size, the
 * time and a CRC-32C of each file:
 *
 * - sizes and times are compared at each use: a stat(2) a file;
 * - sums of small files at each use as well: 300 KB take 0.1 ms, and a small file
 *   is often one in which a flipped bit does most harm;
 * - sums of all files at the first use after the host has booted: the boot may
 *   follow a crash, and the cache may have come with a disk image or a CI service.
 *   Last use is the seal's mtime, so nothing else needs to be remembered. In a
 *   cache that cannot be written a use leaves no mark, and every use would be a
 *   first one: there the sums are not compared;
 * - sums of all files when they are exported, and by `vmtap cache list --check`.
 *
 * A bit that flips in a RAM file in between is not seen: reading 100 MB at each
 * start would take longer than the start.
 *
 * Only blocks that are not zero are summed, with their places, so that holes
 * cost nothing and may come and go.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crc32c.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "store/store.h"
#include "store/entry.h"
#include "store/room.h"

#define SEAL_HEAD   "vmtap-seal 3\n" /* raise when what follows changes: older entries are rebuilt */
#define SEAL_LINE   (STORE_NAME_MAX + 64) /* bytes: a name, two numbers of 63 bits, 8 digits, spaces */
#define SEAL_MAX    (STORE_FILES_MAX * SEAL_LINE)
#define SMALL_BYTES (1u << 20) /* a file whose sum is compared at each use */

/* ---- sums ---- */

static uint32_t add_block(uint32_t sum, uint64_t offset, const uint8_t *data, size_t n)
{
	return crc32c(crc32c(sum, &offset, sizeof(offset)), data, n);
}

/* Return: 0, or -1 with errno. */
static int sum_file(const char *path, uint32_t *sum)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	cleanup_store_runs struct store_runs r = {.fd = -1};
	const uint8_t *data;
	uint64_t offset;
	struct stat st;
	int64_t n;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -1;
	*sum = CRC32C_INIT;
	store_runs_begin(&r, fd, (uint64_t)st.st_size);
	while ((n = store_runs_next(&r, &offset, &data)) > 0) {
		for (int64_t at = 0; at < n; at += STORE_BLOCK) {
			size_t part = n - at < STORE_BLOCK ? (size_t)(n - at) : STORE_BLOCK;

			*sum = add_block(*sum, offset + (uint64_t)at, data + at, part);
		}
	}
	return n < 0 ? -1 : 0;
}

/* ---- writing ---- */

/**
 * struct sealing - A seal being written
 * @dir:	The entry
 * @count:	Files so far
 */
struct sealing {
	const char *dir;
	struct buf text;
	size_t count;
};

static int seal_below(struct sealing *s, const char *inner, struct err *err);

/* @name: its path in the entry. */
static int seal_one(struct sealing *s, const char *name, struct err *err)
{
	cleanup_free char *path = path_join(s->dir, name);
	struct stat st;
	uint32_t sum;

	if (!store_is_path(name) || lstat(path, &st) < 0 || !(S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
		return err_set(err, "cannot keep '%s': an entry of the cache has only folders and plain files", path);
	if (S_ISDIR(st.st_mode))
		return seal_below(s, name, err);
	if (++s->count > STORE_FILES_MAX)
		return err_set(err, "cannot keep '%s': an entry of the cache has at most %d files", s->dir,
			       STORE_FILES_MAX);
	if (sum_file(path, &sum) < 0)
		return err_errno(err, "cannot read '%s'", path);
	buf_addf(&s->text, "%lld %lld %08x %s\n", (long long)st.st_size, (long long)store_mtime(&st), sum, name);
	return 0;
}

/* The length of a path bounds the depth. @inner: "" for the entry itself. */
static int seal_below(struct sealing *s, const char *inner, struct err *err)
{
	cleanup_free char *path = path_join(s->dir, inner);
	struct dirent *e;
	DIR *d = opendir(path);
	int r = 0;

	if (!d)
		return err_errno(err, "cannot read folder '%s'", path);
	while (r == 0 && (e = readdir(d))) {
		cleanup_free char *name = path_join(inner, e->d_name);

		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = seal_one(s, name, err);
	}
	closedir(d);
	return r;
}

int store_entry_seal(const char *dir, struct err *err)
{
	struct sealing s = {.dir = dir};
	cleanup_free char *path = path_join(dir, STORE_SEAL);
	cleanup_fd int fd = -1;
	int r;

	buf_adds(&s.text, SEAL_HEAD);
	r = seal_below(&s, "", err);
	if (r == 0) {
		fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd < 0 || fd_write_all(fd, s.text.data, s.text.len) < 0 || flock(fd, LOCK_SH | LOCK_NB) < 0)
			r = store_write_error(err, path);
	}
	buf_free(&s.text);
	return r < 0 ? -1 : fd_steal(&fd);
}

/* ---- reading ---- */

static bool seal_line(const char *line, struct store_file *f)
{
	long long size, mtime;
	int at = 0;

	if (sscanf(line, "%lld %lld %8x %n", &size, &mtime, &f->sum, &at) != 3 || !at || size < 0 ||
	    !store_is_path(line + at))
		return false;
	f->size = (uint64_t)size;
	f->mtime = mtime;
	strcpy(f->name, line + at); /* store_is_path() has measured it */
	return true;
}

/* Return: whether the text is a whole seal of this version; a crash of the host may have cut its end. */
static bool seal_parse(char *text, size_t n, struct store_files *out)
{
	char *line, *save = NULL;

	out->count = 0;
	if (!text_starts(text, SEAL_HEAD) || text[n - 1] != '\n')
		return false;
	for (line = strtok_r(text + strlen(SEAL_HEAD), "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (out->count == STORE_FILES_MAX || !seal_line(line, &out->file[out->count++]))
			return false;
	return true;
}

/* ---- comparing ---- */

static bool file_holds(const char *entry, const struct store_file *f, enum store_check check)
{
	cleanup_free char *path = path_join(entry, f->name);
	struct stat st;
	uint32_t sum;

	if (lstat(path, &st) < 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size != f->size ||
	    store_mtime(&st) != f->mtime)
		return false;
	if (check == STORE_CHECK_FACTS || (check == STORE_CHECK_USE && f->size > SMALL_BYTES))
		return true;
	return sum_file(path, &sum) == 0 && sum == f->sum;
}

/* Return: whether the host has booted since the last use, and this one can be recorded. */
static bool is_first_use(int fd, const char *entry)
{
	struct timespec up;
	struct stat st;

	if (fstat(fd, &st) < 0 || clock_gettime(CLOCK_BOOTTIME, &up) < 0)
		return false;
	return store_mtime(&st) < (int64_t)clock_wall() - up.tv_sec * (int64_t)NS_PER_S && access(entry, W_OK) == 0;
}

bool store_seal_holds(int fd, const char *entry, enum store_check check, struct store_files *files)
{
	cleanup_buf struct buf text = {0};
	ssize_t n = fd_read_full(fd, buf_reserve(&text, SEAL_MAX), SEAL_MAX);

	if (n <= 0)
		return false;
	text.data[n] = '\0';
	if (!seal_parse(text.data, (size_t)n, files))
		return false;
	if (check == STORE_CHECK_USE && is_first_use(fd, entry)) {
		if (store_is_quick())
			return false;
		check = STORE_CHECK_ALL;
	}
	for (size_t i = 0; i < files->count; i++)
		if (!file_holds(entry, &files->file[i], check))
			return false;
	return true;
}
