/* store_setup.h - what the suites of the store share: a folder, builders, a look into it */
#ifndef STORE_SETUP_H
#define STORE_SETUP_H

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

#include "base/file.h"
#include "base/mem.h"
#include "store/store.h"
#include "store/entry.h"
#include "store/list.h"
#include "store/pack.h"
#include "store/room.h"

#define SMALL "content"
#define MB    1000000ull

/* Three keys; the first is the one of get(). */
#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
static const char *const keys[] = {
	KEY,
	"1111111111111111111111111111111111111111111111111111111111111111",
	"2222222222222222222222222222222222222222222222222222222222222222",
};

static char root[32];

static inline void begin(void)
{
	unsetenv("VMTAP_CACHE_MAX");
	strcpy(root, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	chmod(root, 0777);
}

static inline void end(void)
{
	file_remove_tree(root);
}

/* Writes "data"; @arg counts the calls, in a file because processes share it. */
static inline int build(const char *dir, void *arg, struct err *err)
{
	cleanup_free char *path = path_join(dir, "data"), *log = path_join(root, "log");
	FILE *f = fopen(log, "a");

	(void)arg;
	if (f) {
		fputs("x", f);
		fclose(f);
	}
	return file_write_atomic(path, SMALL, sizeof(SMALL), 0600, err);
}

static inline int build_large(const char *dir, void *arg, struct err *err)
{
	static char large[1 << 20];
	cleanup_free char *path = path_join(dir, "data");
	FILE *f = fopen(path, "w");
	int r = f && fwrite(large, 1, sizeof(large), f) == sizeof(large) ? 0 : store_write_error(err, path);

	(void)arg;
	if (f)
		fclose(f);
	return r;
}

static inline int get(store_build_fn *fn, struct err *err)
{
	cleanup_free char *path = NULL, *data = NULL;

	if (store_get(root, "kind", KEY, fn, NULL, &path, err) < 0)
		return -1;
	data = path_join(path, "data");
	store_release(path);
	return file_exists(data) ? 0 : -1;
}

static inline long calls(void)
{
	cleanup_free char *log = path_join(root, "log");
	struct stat st;

	return stat(log, &st) == 0 ? (long)st.st_size : 0;
}

/* Return: how many names are in a folder of the store. */
static inline int names_in(const char *name)
{
	cleanup_free char *cmd = xasprintf("ls -A %s/%s 2>/dev/null | wc -l", root, name);
	FILE *p = popen(cmd, "r");
	int n = -1;

	if (p && fscanf(p, "%d", &n) != 1)
		n = -1;
	if (p)
		pclose(p);
	return n;
}

static inline void put(const char *name, const char *text)
{
	cleanup_free char *path = path_join(root, name);

	file_write_atomic(path, text, strlen(text), 0600, NULL);
}

static inline void make_old(const char *name, time_t when)
{
	cleanup_free char *path = path_join(root, name);
	struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};

	utimensat(AT_FDCWD, path, times, 0);
}

/* 1 MiB: a page of data at 0, one of zeros that were written, and one of data at 512 KiB. */
static inline int sparse_file(const char *path)
{
	static char page[STORE_BLOCK];
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	memset(page, 0, sizeof(page));
	CHECK_INT(ftruncate(fd, 1 << 20), 0);
	CHECK_INT(pwrite(fd, page, sizeof(page), 65536), sizeof(page));
	memset(page, 'x', sizeof(page));
	CHECK_INT(pwrite(fd, page, sizeof(page), 0), sizeof(page));
	CHECK_INT(pwrite(fd, page, sizeof(page), 1 << 19), sizeof(page));
	return fd;
}

#endif
