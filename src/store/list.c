/* list.c - what is in the store, and keeping it small
 *
 * There is no index that could disagree with the folder: the folder is read,
 * which for the few hundred entries of a full store takes some milliseconds and
 * happens only when an entry was published. Two processes that prune at once each
 * remove what they can lock; at worst they remove one entry too many.
 */
#include "store/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "store/store.h"
#include "store/entry.h"

#define MB	    1000000ull
#define LIMIT_PART  4	 /* of the file system, at most, unless VMTAP_CACHE_MAX says more */
#define SUMS_MAX    4096 /* remembered sums; each takes a block */
#define BLOCK_BYTES 512	 /* the unit of st_blocks, whatever the filesystem's is */

/* ---- the limit ---- */

int store_parse_mb(const char *text, uint64_t *bytes)
{
	char *end;
	unsigned long long n = strtoull(text, &end, 10);

	if (end == text || *end || text[strspn(text, "0123456789")] || n > 1000000000)
		return -1;
	*bytes = n * MB;
	return 0;
}

int store_limit(const char *root, uint64_t *bytes, struct err *err)
{
	const char *text = getenv("VMTAP_CACHE_MAX");
	cleanup_free char *parent = path_dir(root);
	struct statvfs fs;

	if (text && *text) {
		if (store_parse_mb(text, bytes) == 0)
			return 0;
		err_set(err, "VMTAP_CACHE_MAX is '%s', not a number of MB", text);
		return err_hint(err, "unset it for %d MB, or a quarter of the disk if that is less",
				STORE_LIMIT_DEFAULT_MB);
	}
	*bytes = STORE_LIMIT_DEFAULT_MB * MB;
	if (statvfs(root, &fs) == 0 || statvfs(parent, &fs) == 0) {
		uint64_t part = (uint64_t)fs.f_blocks * fs.f_frsize / LIMIT_PART;

		/* Some network filesystems do not know their size and say 0. */
		if (part && part < *bytes)
			*bytes = part;
	}
	return 0;
}

/* ---- the list ---- */

/* Call @fn for each name in a folder, but those with a dot in front. Return: 0, or -1 with errno. */
static int for_each(const char *dir, void (*fn)(const char *dir, const char *name, void *arg), void *arg)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return -1;
	while ((e = readdir(d)))
		if (e->d_name[0] != '.')
			fn(dir, e->d_name, arg);
	closedir(d);
	return 0;
}

static void add_size(const char *dir, const char *name, void *arg)
{
	cleanup_free char *path = path_join(dir, name);
	struct store_item *item = arg;
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		for_each(path, add_size, item);
	item->disk += (uint64_t)st.st_blocks * BLOCK_BYTES;
	item->size += S_ISREG(st.st_mode) && strcmp(name, STORE_SEAL) ? (uint64_t)st.st_size : 0;
}

static bool seal_busy(const char *seal)
{
	cleanup_fd int fd = open(seal, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

static void add_entry(const char *dir, const char *name, void *arg)
{
	cleanup_free char *path = path_join(dir, name), *seal = path_join(path, STORE_SEAL);
	struct store_item item = {.kind = NULL};
	struct store_list *l = arg;
	struct stat st;

	if (!store_is_key(name) || for_each(path, add_size, &item) < 0)
		return;
	item.busy = seal_busy(seal);
	cleanup_fd int held = store_entry_hold(path, l->check, NULL);
	item.sound = held >= 0;
	if (item.sound && fstat(held, &st) == 0)
		item.used = store_mtime(&st);
	item.kind = xstrdup(path_base(dir));
	item.key = xstrdup(name);
	l->items = xrealloc(l->items, (l->count + 1) * sizeof(*l->items));
	l->items[l->count++] = item;
}

/* Other folders may be in the cache folder: only names that are keys make entries. */
static void add_kind(const char *dir, const char *name, void *arg)
{
	cleanup_free char *path = path_join(dir, name);

	if (store_is_name(name) && strcmp(name, STORE_TMP) != 0 && strcmp(name, STORE_SUMS) != 0)
		for_each(path, add_entry, arg);
}

static int by_use(const void *pa, const void *pb)
{
	const struct store_item *a = pa, *b = pb;

	if (a->used != b->used)
		return a->used < b->used ? -1 : 1;
	return strcmp(a->kind, b->kind) ? strcmp(a->kind, b->kind) : strcmp(a->key, b->key);
}

int store_list(const char *root, enum store_check check, struct store_list *l, struct err *err)
{
	*l = (struct store_list){.check = check};
	if (for_each(root, add_kind, l) < 0 && errno != ENOENT)
		return err_errno(err, "cannot read folder '%s'", root);
	if (l->count)
		qsort(l->items, l->count, sizeof(*l->items), by_use);
	return 0;
}

void store_list_free(struct store_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		free(l->items[i].kind);
		free(l->items[i].key);
	}
	free(l->items);
	*l = (struct store_list){0};
}

/* ---- removal ---- */

/*
 * The build's lock keeps others from putting a new entry in the place of the
 * one that was looked at. Return: 0; 1 when it is in use, or gone; or -1.
 */
static int evict_locked(const char *root, const char *entry)
{
	cleanup_free char *seal = path_join(entry, STORE_SEAL);
	cleanup_fd int fd = open(seal, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		return 1;
	if (store_entry_remove(root, entry) == 0)
		return 0;
	return errno == ENOENT ? 1 : -1;
}

static int evict(const char *root, const struct store_item *item)
{
	cleanup_free char *entry = xasprintf("%s/%s/%s", root, item->kind, item->key), *lock = NULL;
	cleanup_fd int held = store_entry_try_lock(root, item->kind, item->key, &lock);
	int r;

	if (held < 0)
		return errno == EWOULDBLOCK ? 1 : -1;
	r = evict_locked(root, entry);
	unlink(lock);
	return r;
}

void store_discard(const char *root, const char *kind, const char *key)
{
	cleanup_free char *name = xstrdup(kind), *hex = xstrdup(key), *entry = xasprintf("%s/%s/%s", root, kind, key);
	const struct store_item item = {.kind = name, .key = hex};

	store_release(entry);
	evict(root, &item);
}

static void sums_count(const char *dir, const char *name, void *arg)
{
	(void)dir;
	(void)name;
	++*(size_t *)arg;
}

static void sums_remove(const char *dir, const char *name, void *arg)
{
	cleanup_free char *path = path_join(dir, name);

	(void)arg;
	unlink(path);
}

/* Too many to be of use: forgetting one costs reading a file again. */
static void sums_prune(const char *root, size_t max)
{
	cleanup_free char *dir = path_join(root, STORE_SUMS);
	size_t n = 0;

	if (for_each(dir, sums_count, &n) == 0 && n > max)
		for_each(dir, sums_remove, NULL);
}

static void prune_one(const char *root, const struct store_item *item, struct store_pruned *p)
{
	int r = evict(root, item);

	p->busy += r > 0;
	p->stuck += r < 0;
	if (r)
		return;
	p->removed++;
	p->freed += item->disk;
	p->left -= item->disk;
}

int store_prune(const char *root, uint64_t limit, enum store_check check, struct store_pruned *out, struct err *err)
{
	cleanup_store_list struct store_list l = {0};
	struct store_pruned p = {0};

	if (store_list(root, check, &l, err) < 0)
		return -1;
	for (size_t i = 0; i < l.count; i++)
		p.left += l.items[i].disk;
	for (size_t i = 0; i < l.count; i++)
		if (p.left > limit || !l.items[i].sound)
			prune_one(root, &l.items[i], &p);
	store_temp_clean(root, 0);
	sums_prune(root, limit ? SUMS_MAX : 0);
	if (out)
		*out = p;
	return 0;
}

uint64_t store_evict_one(const char *root)
{
	cleanup_store_list struct store_list l = {0};

	if (store_list(root, STORE_CHECK_FACTS, &l, NULL) < 0)
		return 0;
	for (size_t i = 0; i < l.count; i++)
		if (l.items[i].disk && evict(root, &l.items[i]) == 0)
			return l.items[i].disk;
	return 0;
}
