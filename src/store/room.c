/* room.c - room on the disk for large files, and the holes in them */
#include "store/room.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/store.h"
#include "store/list.h"

#define MB	1000000ull
#define ROOM_MARGIN (16 * MB) /* left for logs, seals and other programs */

/* ---- room ---- */

static int room_free(const char *root, uint64_t *bytes, struct err *err)
{
	struct statvfs fs;

	if (statvfs(root, &fs) < 0)
		return err_errno(err, "cannot read '%s'", root);
	/* Some network filesystems do not know their size and say 0: what is written there will tell. */
	*bytes = fs.f_blocks ? (uint64_t)fs.f_bavail * fs.f_frsize : UINT64_MAX;
	return 0;
}

int store_reserve(const char *root, uint64_t bytes, struct err *err)
{
	uint64_t room = 0;

	if (file_make_dirs(root, err) < 0)
		return err_hint(err, "set VMTAP_CACHE to a folder that can be written");
	for (;;) {
		if (room_free(root, &room, err) < 0)
			return -1;
		if (room >= bytes + ROOM_MARGIN)
			return 0;
		if (!store_evict_one(root))
			break;
		log_line("the disk of '%s' is nearly full: removed what was not used for longest", root);
	}
	err_set(err, "there is no room for %llu MB in '%s': %llu MB are free", (unsigned long long)(bytes / MB + 1),
		root, (unsigned long long)(room / MB));
	return err_hint(err, "free some space there, or set VMTAP_CACHE to a folder on another disk");
}

static int fill_with_zeros(int fd, uint64_t size)
{
	static uint8_t zeros[65536]; /* not const: that would be 64 KB of the binary */

	for (uint64_t at = 0; at < size; at += sizeof(zeros)) {
		uint64_t left = size - at;

		if (fd_pwrite_all(fd, zeros, left < sizeof(zeros) ? (size_t)left : sizeof(zeros), (off_t)at) < 0)
			return -1;
	}
	return 0;
}

/* Not posix_fallocate(3): glibc's reads and writes every block where musl's fails, and takes EINTR for an error. */
static int allocate(int fd, uint64_t size)
{
	int r;

	do
		r = fallocate(fd, 0, 0, (off_t)size);
	while (r < 0 && errno == EINTR);
	if (r < 0 && (errno == EOPNOTSUPP || errno == ENOSYS))
		r = fill_with_zeros(fd, size);
	return r;
}

int store_file_allocate(int fd, const char *path, uint64_t size, struct err *err)
{
	int why;

	if (size == 0 || allocate(fd, size) == 0)
		return 0;
	why = errno;
	if (ftruncate(fd, 0) == 0)
		errno = why;
	return store_write_error(err, path);
}

/* ---- holes ---- */

/* Try it: no list of filesystems, and overlayfs answers for the one below it. */
bool store_holes_fill(const char *path)
{
	cleanup_free char *name = xasprintf("%s.hole.%ld", path, (long)getpid());
	cleanup_fd int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	volatile uint8_t *p;
	struct stat st;
	bool fills;

	if (fd < 0)
		return true;
	unlink(name);
	if (ftruncate(fd, STORE_BLOCK) < 0)
		return true;
	p = mmap(NULL, STORE_BLOCK, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return true;
	fills = p[0] != 0 || fstat(fd, &st) < 0 || st.st_blocks > 0;
	munmap((void *)(uintptr_t)p, STORE_BLOCK);
	return fills;
}

static int punch(int fd, uint64_t from, uint64_t to)
{
	if (from >= to)
		return 0;
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)from, (off_t)(to - from));
}

int store_file_shrink(int fd, const char *path, struct err *err)
{
	cleanup_store_runs struct store_runs r = {.fd = -1};
	uint64_t done = 0, offset;
	const uint8_t *data;
	struct stat st;
	int64_t n;

	if (fstat(fd, &st) < 0)
		return err_errno(err, "cannot read '%s'", path);
	if (store_holes_fill(path))
		return 0;
	store_runs_begin(&r, fd, (uint64_t)st.st_size);
	while ((n = store_runs_next(&r, &offset, &data)) > 0) {
		/* This filesystem cannot make holes (NFS before 4.2): the file stays as it is. */
		if (punch(fd, done, offset) < 0)
			return errno == EOPNOTSUPP || errno == ENOSYS ? 0 : store_write_error(err, path);
		done = offset + (uint64_t)n;
	}
	if (n < 0)
		return err_errno(err, "cannot read '%s'", path);
	if (punch(fd, done, (uint64_t)st.st_size) < 0 && errno != EOPNOTSUPP && errno != ENOSYS)
		return store_write_error(err, path);
	return 0;
}

/* ---- runs ---- */

void store_runs_begin(struct store_runs *r, int fd, uint64_t size)
{
	*r = (struct store_runs){.fd = fd, .size = size, .data = xmalloc(STORE_RUN_MAX)};
}

void store_runs_end(struct store_runs *r)
{
	free(r->data);
	*r = (struct store_runs){.fd = -1};
}

/* musl's memcmp goes byte by byte. */
static bool is_zero(const uint8_t *p, size_t n)
{
	uint64_t word[8], any = 0;

	for (; n >= sizeof(word) && !any; p += sizeof(word), n -= sizeof(word)) {
		memcpy(word, p, sizeof(word));
		for (size_t i = 0; i < ARRAY_SIZE(word); i++)
			any |= word[i];
	}
	while (n && !any)
		any = p[--n];
	return !any;
}

static size_t block_at(const struct store_runs *r)
{
	return r->len - r->pos < STORE_BLOCK ? r->len - r->pos : STORE_BLOCK;
}

static uint64_t min64(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Move @at to the next extent of data. Return: 0, or -1. */
static int runs_seek(struct store_runs *r)
{
	off_t data = lseek(r->fd, (off_t)r->at, SEEK_DATA), hole;

	if (data < 0 && errno == ENXIO) {
		r->at = r->size;
		return 0;
	}
	/* A filesystem that does not tell: all is data. */
	if (data < 0 && errno != EINVAL)
		return -1;
	hole = data < 0 ? -1 : lseek(r->fd, data, SEEK_HOLE);
	if (data > 0)
		r->at = (uint64_t)data / STORE_BLOCK * STORE_BLOCK;
	r->extent = r->size;
	if (hole > (off_t)r->at)
		r->extent = min64(r->size, ((uint64_t)hole + STORE_BLOCK - 1) / STORE_BLOCK * STORE_BLOCK);
	return 0;
}

static int runs_fill(struct store_runs *r)
{
	size_t got = 0;

	if (r->at >= r->extent && runs_seek(r) < 0)
		return -1;
	r->base = r->at;
	r->pos = 0;
	r->len = r->at < r->size ? (size_t)min64(STORE_RUN_MAX, r->extent - r->at) : 0;
	while (got < r->len) {
		ssize_t n = pread(r->fd, r->data + got, r->len - got, (off_t)(r->base + got));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			errno = n < 0 ? errno : EIO; /* the file was cut short since its size was read */
			return -1;
		}
		got += (size_t)n;
	}
	r->at += r->len;
	return 0;
}

int64_t store_runs_next(struct store_runs *r, uint64_t *offset, const uint8_t **data)
{
	size_t start;

	for (;;) {
		while (r->pos < r->len && is_zero(r->data + r->pos, block_at(r)))
			r->pos += block_at(r);
		if (r->pos < r->len)
			break;
		if (r->at >= r->size)
			return 0;
		if (runs_fill(r) < 0)
			return -1;
	}
	start = r->pos;
	while (r->pos < r->len && !is_zero(r->data + r->pos, block_at(r)))
		r->pos += block_at(r);
	*offset = r->base + start;
	*data = r->data + start;
	return (int64_t)(r->pos - start);
}
