/* sum.c - content sums of files outside the store, remembered
 *
 * Theory of operation
 *
 * Keys are made of contents, so that a cache which was carried to another
 * machine is found there. Contents are not read at each start: STORE/sums/FACTS
 * holds the sum that was computed when the file had those facts (path, inode,
 * size, times: store_key_file()). The facts are taken before and after the
 * reading, so that the sum belongs to them. It is a guess in one case only, which
 * git knows as "racily clean": a file that is written again within one tick of
 * the filesystem's clock keeps its times. So a sum is remembered only if the file
 * had last been changed some time before it was read, or, by a clock that
 * jumped, some time ahead.
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

/* ---- any source ---- */

/* What is known of a source without reading it. */
struct facts {
	char hex[SHA256_HEX];
	int64_t changed;
};

static int facts_take(const struct store_source *s, struct facts *f, struct err *err)
{
	struct sha256 sum;

	*f = (struct facts){.changed = 0};
	sha256_init(&sum);
	if (s->facts(s->arg, &sum, &f->changed, err) < 0)
		return -1;
	sha256_hex(&sum, f->hex);
	return 0;
}

/* Return: whether a change after @now, in ns, cannot have the time of the last one. */
static bool is_settled(int64_t changed, int64_t now)
{
	return llabs(now - changed) > SUM_SETTLE * (int64_t)NS_PER_S;
}

/* Return: 0; 1 when the source changed meanwhile; or -1. */
static int sum_try(const char *root, const struct store_source *s, char sum[SHA256_HEX], struct err *err)
{
	int64_t now = (int64_t)clock_wall();
	cleanup_free char *path = NULL;
	struct facts before, after;
	struct err why = {0};
	int r;

	if (facts_take(s, &before, err) < 0)
		return -1;
	path = xasprintf("%s/" STORE_SUMS "/%s", root, before.hex);
	if (sum_recall(path, sum))
		return 0;
	if (store_is_quick())
		return err_set(err, "no sum of '%s' is remembered", s->name);
	r = s->sum(s->arg, sum, &why);
	if (facts_take(s, &after, err) < 0)
		return -1;
	if (strcmp(before.hex, after.hex) != 0)
		return 1;
	if (r == 0 && is_settled(before.changed, now))
		sum_remember(root, path, sum);
	if (r < 0 && err)
		*err = why;
	return r;
}

int store_sum(const char *root, const struct store_source *s, char sum[SHA256_HEX], struct err *err)
{
	for (int n = 0; n < STORE_READS_MAX; n++) {
		int r = sum_try(root, s, sum, err);

		if (r <= 0)
			return r;
	}
	return store_changed_error(err, s->name);
}

int store_changed_error(struct err *err, const char *path)
{
	err_set(err, "'%s' changed while it was read, %d times in a row", path, STORE_READS_MAX);
	return err_hint(err, "run vmtap again when nothing writes to it any more");
}

/* ---- a plain file ---- */

static int file_facts(void *arg, struct sha256 *facts, int64_t *changed, struct err *err)
{
	struct stat st;

	if (store_key_file(facts, arg, err) < 0)
		return -1;
	if (stat(arg, &st) < 0)
		return err_errno(err, "cannot open '%s'", (const char *)arg);
	*changed = (int64_t)st.st_ctim.tv_sec * (int64_t)NS_PER_S + st.st_ctim.tv_nsec;
	return 0;
}

static int file_sum(void *arg, char sum[SHA256_HEX], struct err *err)
{
	cleanup_free uint8_t *window = xmalloc(SUM_WINDOW);
	cleanup_fd int fd = open(arg, O_RDONLY | O_CLOEXEC);
	struct sha256 s;
	ssize_t n;

	if (fd < 0)
		return err_errno(err, "cannot open '%s'", (const char *)arg);
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	sha256_init(&s);
	while ((n = fd_read_full(fd, window, SUM_WINDOW)) > 0)
		sha256_add(&s, window, (size_t)n);
	if (n < 0)
		return err_errno(err, "cannot read '%s'", (const char *)arg);
	sha256_hex(&s, sum);
	return 0;
}

int store_key_content(const char *root, struct sha256 *key, const char *path, struct err *err)
{
	cleanup_free char *own = xstrdup(path);
	const struct store_source s = {.name = path, .facts = file_facts, .sum = file_sum, .arg = own};
	char sum[SHA256_HEX];
	struct stat st;

	/* A device or a pipe cannot be read twice, a folder not at all: opening it later will say what is wrong. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return store_key_file(key, path, err);
	if (store_sum(root, &s, sum, err) < 0)
		return -1;
	sha256_add_str(key, sum);
	return 0;
}
