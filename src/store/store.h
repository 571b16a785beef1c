/* store.h - the cache folder: things that are built once and used by many
 *
 *	STORE/KIND/KEY/...	an entry: a folder of files, complete or not there
 *	STORE/KIND/KEY/seal	their names, sizes, times and sums, as they were when it
 *				was published; its own time is the entry's last use, and
 *				each process that uses the entry holds a shared lock on it
 *	STORE/tmp/...		entries being built or removed; what a killed builder
 *				left is removed by the next run, and the next builder
 *	STORE/tmp/KIND-KEY.lock	locked by the process that builds or removes that entry,
 *				whose id is in it
 *	STORE/sums/FACTS	content sums of files outside, so that each is read once
 *	STORE/host/...		what was found out about this host; not the store's (qemu/remember.h)
 *	STORE/failed/...	tests that failed when they ran last; not the store's either (cmd/failed.h)
 *	STORE/clock		its time is the newest last use of all
 *
 * An entry never changes. It is found by a key, a SHA-256 over everything that
 * shapes it, and is published by one rename(2): a reader sees all of it or
 * nothing. The seal shows what a rename cannot prevent (a file cut short by a
 * crash of the host, damaged by its disk, or changed by hand): the entry is then
 * removed and built again. seal.c tells how often an entry is compared with its
 * seal, how closely, and why.
 *
 * The store knows nothing of what it keeps: kinds are names that its users choose.
 *
 * Leases
 *
 * store_get(), store_make() and store_find() lease the entry to this process,
 * once, however often they are called for it. The lease is a descriptor with a
 * shared lock on the seal; a child that is forked later inherits it. Nobody
 * removes the entry before the last process with a lease has ended, called
 * store_release() or called store_discard(). A file of the entry that a program
 * has opened stays with that program in any case.
 *
 * Removal
 *
 * - Publishing an entry removes those that were not used for the longest time
 *   until the store is below VMTAP_CACHE_MAX (list.h), but none in use;
 *   store_reserve() does the same for room on the disk (room.h).
 * - An entry that does not agree with its seal is removed by the next
 *   store_get() or store_make() of its key, which builds it again, and by pruning.
 * - store_discard() removes an entry that is as it was published and yet useless
 *   to its user: the user alone can tell.
 *
 *	struct err err = {0};
 *	cleanup_free char *dir = NULL;
 *
 *	if (store_get(root, "template", key, template_build, &machine, &dir, &err) < 0)
 *		return -1;
 *	... the files in dir stay there until store_release(dir), or until this process ends ...
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/sha256.h"

/* How closely to look at an entry (seal.c): sizes and times; as a use needs it; every byte. */
enum store_check { STORE_CHECK_FACTS, STORE_CHECK_USE, STORE_CHECK_ALL };

/* Whose word it is that the cache is in this folder. */
enum store_place {
	STORE_CHOSEN, /* the user's: a variable names it, or it is below the user's home */
	STORE_SHARED, /* nobody's: a name that any user could have taken first, as in /tmp */
};

/**
 * store_trust() - See that no other user decides what is in the cache
 * @root:	The cache folder
 *
 * What is in the cache is booted, and what a machine saved is loaded into a
 * QEMU of the caller's rights: a user who can write to the cache can act as the
 * caller. So the folder must be the caller's or root's, and not everybody may
 * write to it; its group may, which is how a cache is shared on purpose. A
 * folder in a shared place is made at once, for its owner alone, and must be
 * the caller's own, no symbolic link, and closed to its group as well.
 *
 * A chosen folder that does not exist is no error: the first entry makes it.
 *
 * Return: 0, or -1: whose the folder is, or what is wrong with it
 */
int store_trust(const char *root, enum store_place place, struct err *err);

/**
 * store_build_fn - Make the files of an entry
 * @dir:	An empty folder, "STORE/tmp/..."; write into it: plain files, also in
 *		folders below
 * Return: 0, or -1: everything in @dir is then removed
 *
 * A file that something maps and writes to begins with store_file_allocate() (room.h).
 */
typedef int store_build_fn(const char *dir, void *arg, struct err *err);

#define STORE_READS_MAX 2 /* times that an input is read before it is taken for one that never rests */

/**
 * store_get() - The entry of a key, built if it is not there
 * @root:	The cache folder; created with its parents
 * @kind:	What it is: "root", "initrd", ... (a file name)
 * @key:	Hexadecimal SHA-256 (store_key_...), 64 digits
 * @build:	Called at most once, under the entry's lock; a second process that
 *		wants the entry waits for the first one
 * @path:	Set to "STORE/KIND/KEY", which the caller frees
 * @err:	What @build said; the cache cannot be written; the wait was ended by a
 *		signal (entry.h)
 *
 * The entry is leased. A read-only cache serves the entries that it has, but a
 * program that opens their files for writing cannot do so.
 *
 * Return: 0, or -1
 */
int store_get(const char *root, const char *kind, const char *key, store_build_fn *build, void *arg,
	      char **path, struct err *err);

/**
 * struct store_recipe - How an entry is made from files outside the store
 * @kind:	As for store_get()
 * @what:	The path of what it is made from, for messages
 * @key:	Sums up everything that @build reads. Return: 0, or -1
 * @build:	As for store_get()
 * @arg:	Passed to both
 */
struct store_recipe {
	const char *kind, *what;
	int (*key)(void *arg, char key[SHA256_HEX], struct err *err);
	store_build_fn *build;
	void *arg;
};

/**
 * store_make() - The entry of a recipe, built if it is not there
 * @key:	Set to the entry's key
 * @path:	As for store_get()
 * @err:	As for store_get(), or "'...' changed while it was read"
 *
 * The key is computed before the build and again after it: the files may change
 * in between, and what was made of the new ones must not be kept under the key
 * of the old ones. If they did change, everything is done once more.
 *
 * Return: 0, or -1
 */
int store_make(const char *root, const struct store_recipe *r, char key[SHA256_HEX], char **path, struct err *err);

/**
 * store_find() - The entry of a key, if it is there
 *
 * Leases the entry. Does not wait for an entry that is being built.
 *
 * Return: whether the entry is there; @path is set then
 */
bool store_find(const char *root, const char *kind, const char *key, char **path);

/**
 * store_lease() - Lease the entry that a file is in, which another process has found or built
 * @file:	"STORE/KIND/KEY/..."; a file elsewhere, or in another folder of the store, needs no lease
 *
 * Return: whether the file's entry is still there, and whole
 */
bool store_lease(const char *root, const char *file);

/* The same for one that this process uses itself: that is its last use, later than any so far. */
bool store_use(const char *root, const char *file);

/*
 * While this is on, no function of the store takes long: what would be built, waited for, or read from its beginning to
 * its end is not there, or cannot be had. For an event loop, which then lets a child do it.
 */
void store_set_quick(bool on);

/* End the lease of an entry early, in this process alone. @path: as set by store_get(); without a lease, nothing happens. */
void store_release(const char *path);

/**
 * store_discard() - Remove an entry that turned out to be of no use
 *
 * Ends this process's lease of the entry. While another process uses the entry,
 * it stays: that process finds out for itself, and the last one that discards it
 * removes it. An entry that is not there is no error.
 */
void store_discard(const char *root, const char *kind, const char *key);

/**
 * store_temp_clean() - Remove what killed builders left
 * @patience_ms: How long to wait for folders and locks that are still held:
 *		STORE_DYING_MS after a kill, as a dying process may hold its locks a
 *		little longer than the pipe by which its end is noticed
 *
 * Removes the folders and locks in STORE/tmp that nobody holds. When there is
 * nothing, this costs the reading of an empty folder.
 */
void store_temp_clean(const char *root, unsigned patience_ms);
#define STORE_DYING_MS 500

/**
 * store_key_file() - Feed everything that changes when a file's content may have changed
 *
 * Its place, inode and times: cheap, but true on this machine only.
 *
 * Return: 0, or -1 (not there)
 */
int store_key_file(struct sha256 *key, const char *path, struct err *err);

/**
 * store_key_content() - Feed the SHA-256 of a file's content
 * @root:	The cache folder, which remembers the sum
 *
 * The file is read once, and again when store_key_file() tells a change. So a
 * key made of contents is the same on every machine, and costs a few system
 * calls. 210 MB were summed in 0.23 s with SHA instructions and in 1.6 s without,
 * on a busy machine.
 *
 * Return: 0, or -1: not there, unreadable, or changed while it was read
 */
int store_key_content(const char *root, struct sha256 *key, const char *path, struct err *err);

/**
 * struct store_source - Something outside the store whose content is summed
 * @name:	Its path, for messages
 * @facts:	Feeds what changes whenever the content may have changed, and can be
 *		had without reading it; sets @changed to the newest ctime among it,
 *		in ns since 1970. Return: 0, or -1
 * @sum:	Reads the content and sums it up. Return: 0, or -1
 *
 * store_key_content() is this for a plain file, dir_key() for a folder.
 */
struct store_source {
	const char *name;
	int (*facts)(void *arg, struct sha256 *facts, int64_t *changed, struct err *err);
	int (*sum)(void *arg, char sum[SHA256_HEX], struct err *err);
	void *arg;
};

/**
 * store_sum() - The sum of a source's content, read again only if its facts changed
 * @root:	The cache folder, which remembers the sum under the facts
 * @err:	What @facts or @sum said, or "'...' changed while it was read"
 *
 * A source whose facts change while it is read is read once more.
 *
 * Return: 0, or -1
 */
int store_sum(const char *root, const struct store_source *s, char sum[SHA256_HEX], struct err *err);

/**
 * store_write_file() - Write a file of an entry that is being built
 * @dir:	As the builder got it
 * Return: 0, or -1 as store_write_error() says
 */
int store_write_file(const char *dir, const char *name, const void *data, size_t n, struct err *err);

/**
 * store_changed_error() - Say that an input changes while it is read, time after time
 * Return: -1
 */
int store_changed_error(struct err *err, const char *path);

/**
 * store_write_error() - Say that a file of the store cannot be written, from errno
 *
 * One hint for each of: disk full, quota, read-only, forbidden, file size limit.
 *
 * Return: -1
 */
int store_write_error(struct err *err, const char *path);


#endif
