/* sum.c - content sums of files outside the store, remembered
 *
 * Theory of operation
 *
 * Keys are made of contents, so that a cache which was carried to another
 * machine is found there. Contents are not read at each start: STORE/sums/FACTS
 * holds the sum that was computed when the file had those facts (path, inode,
 * size, times: store_key_file()). The remembered sum can be wrong in one case only,
 * which git calls "racily clean": a file that is written again within one tick
 * of the filesystem's clock keeps its times. So a sum is remembered only if the
 * file was last changed at least SUM_SETTLE seconds ago, or, where a clock has
 * jumped, that far in the future.
 */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/entry.h"

#define SUM_WINDOW (64 * 1024) /* bytes a read(2) */
#define SUM_SETTLE 2		/* seconds; the coarsest clock of a filesystem (FAT) */

static bool sum_recall(const char *path, char sum[SHA256_HEX])
{
	cleanup_buf struct buf text = {0};

	if (!file_exists(path) || file_read(path, SHA256_HEX, &text, NULL) < 0 || text.len != SHA256_HEX ||
	    text.data[SHA256_HEX - 1] != '\n')
		return false;
	text.data[SHA256_HEX - 1] = '\0';
	if (!store_is_key(text.data))
		return false;
	memcpy(sum, text.data, SHA256_HEX);
	return true;
}

/* A cache that cannot be written remembers nothing. */
static void sum_remember(const char *root, const char *path, const char *sum)
{
	cleanup_free char *dir = path_join(root, STORE_SUMS), *line = xasprintf("%s\n", sum);

	if (file_make_dirs(dir, NULL) == 0)
		file_write_atomic(path, line, SHA256_HEX, 0666, NULL);
}

static char *sum_path(const char *root, const char *facts)
{
	return xasprintf("%s/" STORE_SUMS "/%s", root, facts);
}

int store_sum(const char *root, const char *facts, store_sum_fn *compute, void *arg, char sum[SHA256_HEX],
	      struct err *err)
{
	cleanup_free char *path = sum_path(root, facts);

	if (sum_recall(path, sum))
		return 0;
	if (compute(arg, sum, err) < 0)
		return -1;
	sum_remember(root, path, sum);
	return 0;
}

static int sum_fd(int fd, const char *path, char sum[SHA256_HEX], struct err *err)
{
	cleanup_free uint8_t *window = xmalloc(SUM_WINDOW);
	struct sha256 s;
	ssize_t n;

	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	sha256_init(&s);
	while ((n = fd_read_full(fd, window, SUM_WINDOW)) > 0)
		sha256_add(&s, window, (size_t)n);
	if (n < 0)
		return err_errno(err, "cannot read '%s'", path);
	sha256_hex(&s, sum);
	return 0;
}

static int facts_hex(const char *path, char hex[SHA256_HEX], struct err *err)
{
	struct sha256 s;

	sha256_init(&s);
	if (store_key_file(&s, path, err) < 0)
		return -1;
	sha256_hex(&s, hex);
	return 0;
}

static bool settled(const struct stat *st)
{
	int64_t now = (int64_t)(clock_wall() / NS_PER_S);

	return llabs(now - (int64_t)st->st_ctim.tv_sec) > SUM_SETTLE;
}

/* Read the file, which must not change meanwhile. */
static int sum_compute(const char *root, const char *path, const char *facts, char sum[SHA256_HEX],
		       struct err *err)
{
	cleanup_free char *memory = sum_path(root, facts);
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char after[SHA256_HEX];
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_errno(err, "cannot open '%s'", path);
	if (sum_fd(fd, path, sum, err) < 0 || facts_hex(path, after, err) < 0)
		return -1;
	if (strcmp(facts, after) != 0)
		return err_set(err, "'%s' changed while it was read", path);
	if (settled(&st))
		sum_remember(root, memory, sum);
	return 0;
}

int store_key_content(const char *root, struct sha256 *key, const char *path, struct err *err)
{
	char facts[SHA256_HEX], sum[SHA256_HEX];
	cleanup_free char *memory = NULL;
	struct stat st;

	/* A pipe or a device cannot be read twice. Its facts are enough here: the caller opens it later and reports what is wrong. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return store_key_file(key, path, err);
	if (facts_hex(path, facts, err) < 0)
		return -1;
	memory = sum_path(root, facts);
	if (!sum_recall(memory, sum) && sum_compute(root, path, facts, sum, err) < 0)
		return -1;
	sha256_add_str(key, sum);
	return 0;
}
