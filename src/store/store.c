/* store.c - the cache folder: things that are built once and used by many
 *
 * Finding, building and leasing; how locks and seals keep that true is told in
 * entry.c, and what goes when the store is full in list.c.
 */
#include "store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "store/entry.h"
#include "store/list.h"

#define PRUNE_EVERY 64	      /* small entries for one look at the store's size */
#define PRUNE_WORTH (1 << 20) /* bytes; a larger entry is worth a look by itself */

/* The folder to name: an entry's own temporary one tells the user nothing. */
static const char *store_advice(int why)
{
	switch (why) {
	case ENOSPC:
	case EDQUOT:
		return "free some space there, or set VMTAP_CACHE to a folder on another disk";
	case EFBIG:
		return "the file size limit (ulimit -f) or the filesystem's is too small";
	case ENOENT: /* there is no /tmp, say */
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

int store_write_file(const char *dir, const char *name, const void *data, size_t n, struct err *err)
{
	cleanup_free char *path = path_join(dir, name);

	return file_write_atomic(path, data, n, 0666, NULL) < 0 ? store_write_error(err, path) : 0;
}

/* ---- trust ---- */

static int mistrust(const char *root, enum store_place place, const struct stat *st, struct err *err)
{
	bool shared = place == STORE_SHARED;

	if (!S_ISDIR(st->st_mode))
		return err_set(err, "the cache '%s' is %s, not a folder", root,
			       S_ISLNK(st->st_mode) ? "a symbolic link" : "a file");
	if (st->st_uid != geteuid() && (shared || st->st_uid != 0))
		return err_set(err, "the cache folder '%s' belongs to user %u, not to user %u, who runs this", root,
			       (unsigned)st->st_uid, (unsigned)geteuid());
	if (st->st_mode & (shared ? S_IWGRP | S_IWOTH : S_IWOTH))
		return err_set(err, "other users may write to the cache folder '%s' (its mode is %03o)", root,
			       (unsigned)(st->st_mode & 07777));
	return 0;
}

int store_trust(const char *root, enum store_place place, struct err *err)
{
	bool shared = place == STORE_SHARED;
	struct stat st;

	/* Only the shared one: made later, it could be somebody else's by then. */
	if (shared && mkdir(root, 0700) < 0 && errno != EEXIST)
		return store_write_error(err, root);
	if ((shared ? lstat(root, &st) : stat(root, &st)) < 0)
		return 0; /* the first entry makes it, or says why not */
	if (mistrust(root, place, &st, err) == 0)
		return 0;
	return err_hint(err, "whoever writes there decides what machines boot: %sset VMTAP_CACHE to a folder of your own",
			shared ? "remove it, or " : "");
}

/* ---- keys ---- */

int store_key_file(struct sha256 *key, const char *path, struct err *err)
{
	cleanup_free char *real = realpath(path, NULL);
	struct stat st;
	uint64_t facts[6];

	/* A file without a name is where one of its descriptors is: /proc/self/fd/3. */
	if ((!real || stat(real, &st) < 0) && stat(path, &st) < 0)
		return err_errno(err, "cannot open '%s'", path);
	facts[0] = st.st_dev;
	facts[1] = st.st_ino;
	facts[2] = (uint64_t)st.st_size;
	facts[3] = (uint64_t)st.st_mtim.tv_sec * 1000000000u + (uint64_t)st.st_mtim.tv_nsec;
	facts[4] = (uint64_t)st.st_ctim.tv_sec * 1000000000u + (uint64_t)st.st_ctim.tv_nsec;
	facts[5] = st.st_mode;
	sha256_add_str(key, real ? real : path);
	sha256_add(key, facts, sizeof(facts));
	return 0;
}

/* ---- leases ---- */

/* An entry that this process uses; its lock ends with @fd, in every process that inherited it. */
struct lease {
	struct lease *next;
	char *entry;
	int fd;
};

static struct lease *leases;

static struct lease **lease_find(const char *entry)
{
	struct lease **at = &leases;

	while (*at && strcmp((*at)->entry, entry) != 0)
		at = &(*at)->next;
	return at;
}

static void lease_keep(const char *entry, int fd)
{
	struct lease **at = lease_find(entry);

	if (*at) {
		fd_close(&(*at)->fd);
	} else {
		*at = xcalloc(1, sizeof(**at));
		(*at)->entry = xstrdup(entry);
	}
	(*at)->fd = fd;
}

void store_release(const char *path)
{
	struct lease **at = lease_find(path), *gone = *at;

	if (!gone)
		return;
	*at = gone->next;
	fd_close(&gone->fd);
	free(gone->entry);
	free(gone);
}

static bool quick;

void store_set_quick(bool on)
{
	quick = on;
}

bool store_is_quick(void)
{
	return quick;
}

/* The length of "ROOT/KIND/KEY", in the path of a file below it. @root: the length of that. */
static size_t entry_length(const char *file, size_t root)
{
	const char *kind = strchrnul(file + root + 1, '/');

	return (size_t)(strchrnul(*kind ? kind + 1 : kind, '/') - file);
}

static bool lease(const char *root, const char *file, bool use)
{
	cleanup_free char *entry = NULL;
	size_t n = strlen(root);
	int seal;

	if (strncmp(file, root, n) != 0 || file[n] != '/')
		return true;
	entry = xstrndup(file, entry_length(file, n));
	if (!store_is_key(strrchr(entry, '/') + 1)) /* somebody's own folder in there, as that of the build's parts is */
		return true;
	seal = store_entry_hold(entry, STORE_CHECK_USE, NULL);
	if (seal < 0)
		return false;
	if (use)
		store_entry_touch(root, seal);
	lease_keep(entry, seal);
	return true;
}

bool store_lease(const char *root, const char *file)
{
	return lease(root, file, false);
}

bool store_use(const char *root, const char *file)
{
	return lease(root, file, true);
}

/* ---- entries ---- */

/* Build, seal, and put it in its place. Return: its seal, locked, or -1. */
static int entry_build(const char *root, const char *entry, store_build_fn *build, void *arg, struct err *err)
{
	cleanup_free char *dir = NULL;
	cleanup_fd int held = store_temp_make(root, &dir, err), seal = -1;

	if (held < 0)
		return -1;
	if (build(dir, arg, err) == 0)
		seal = store_entry_seal(dir, err);
	if (seal < 0 || store_entry_publish(dir, entry, err) < 0) {
		file_remove_tree(dir);
		return -1;
	}
	return fd_steal(&seal);
}

static void entry_discard(const char *root, const char *entry)
{
	if (file_exists(entry)) {
		log_line("'%s' is damaged: building it again", entry);
		store_entry_remove(root, entry);
	}
}

/* Return: its seal, locked, or -1. */
static int entry_make(const char *root, const char *kind, const char *key, const char *entry,
		      store_build_fn *build, void *arg, struct err *err)
{
	cleanup_free char *lock = NULL;
	cleanup_fd int held = store_entry_lock(root, kind, key, &lock, err);
	int seal;

	if (held < 0)
		return -1;
	seal = store_entry_hold(entry, STORE_CHECK_USE, NULL);
	if (seal < 0) {
		store_temp_clean(root, 0);
		entry_discard(root, entry);
		seal = entry_build(root, entry, build, arg, err);
	}
	remove(lock);
	return seal;
}

/*
 * Pruning lists the whole store. A large entry is worth it at once; of small
 * ones (a test's result is some bytes) a thousand may come in a second, so one
 * in PRUNE_EVERY does it, chosen by its key.
 */
static bool is_pruning_due(const char *entry)
{
	const char first[3] = {path_base(entry)[0], path_base(entry)[1], '\0'};
	cleanup_free struct store_files *files = xmalloc(sizeof(*files));
	cleanup_fd int held = -1;
	uint64_t total = 0;

	if (strtoul(first, NULL, 16) % PRUNE_EVERY == 0)
		return true;
	held = store_entry_hold(entry, STORE_CHECK_FACTS, files);
	if (held < 0)
		return true;
	for (size_t i = 0; i < files->count; i++)
		total += files->file[i].size;
	return total >= PRUNE_WORTH;
}

int store_get(const char *root, const char *kind, const char *key, store_build_fn *build, void *arg,
	      char **path, struct err *err)
{
	cleanup_free char *entry = xasprintf("%s/%s/%s", root, kind, key);
	int seal = store_entry_hold(entry, STORE_CHECK_USE, NULL);
	bool found = seal >= 0;
	uint64_t limit = 0;

	if (!found && quick)
		return err_set(err, "'%s' is not there yet", entry);
	if (!found && store_limit(root, &limit, err) < 0)
		return -1;
	if (!found)
		seal = entry_make(root, kind, key, entry, build, arg, err);
	if (seal < 0)
		return -1;
	store_entry_touch(root, seal);
	lease_keep(entry, seal);
	if (!found && is_pruning_due(entry))
		store_prune(root, limit, STORE_CHECK_FACTS, NULL, NULL);
	*path = steal(entry);
	return 0;
}

/* A recipe being followed. @changed: its inputs are not what @key was made of any more. */
struct making {
	const struct store_recipe *recipe;
	const char *key;
	bool changed;
};

/* A build that failed may have failed because its inputs changed: that is looked at first. */
static int make_build(const char *dir, void *arg, struct err *err)
{
	struct making *m = arg;
	const struct store_recipe *recipe = m->recipe;
	char now[SHA256_HEX];
	struct err why = {0};
	int r = recipe->build(dir, recipe->arg, &why);

	if (recipe->key(recipe->arg, now, err) < 0)
		return -1;
	m->changed = strcmp(now, m->key) != 0;
	if ((m->changed || r < 0) && err)
		*err = why;
	return m->changed ? -1 : r;
}

int store_make(const char *root, const struct store_recipe *r, char key[SHA256_HEX], char **path, struct err *err)
{
	for (int n = 0; n < STORE_READS_MAX; n++) {
		struct making m = {.recipe = r, .key = key};
		struct err why = {0};

		if (r->key(r->arg, key, err) < 0)
			return -1;
		if (store_get(root, r->kind, key, make_build, &m, path, &why) == 0)
			return 0;
		if (!m.changed) {
			if (err)
				*err = why;
			return -1;
		}
		if (n + 1 < STORE_READS_MAX)
			log_line("'%s' changed while it was read: reading it again", r->what);
	}
	return store_changed_error(err, r->what);
}

static int not_here(const char *dir, void *arg, struct err *err)
{
	(void)dir;
	(void)arg;
	return err_set(err, "not here");
}

bool store_find(const char *root, const char *kind, const char *key, char **path)
{
	cleanup_free char *entry = xasprintf("%s/%s/%s", root, kind, key);

	/* The lock of one that is being built may be held for seconds. */
	return file_exists(entry) && store_get(root, kind, key, not_here, NULL, path, NULL) == 0;
}
