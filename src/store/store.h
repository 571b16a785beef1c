/* store.h - the cache folder: things that are built once and used by many
 *
 *	STORE/KIND/KEY/...	an entry: a folder of files, complete or not there
 *	STORE/KIND/KEY/seal	their names, sizes, times and sums, as they were when it
 *				was published; its own time is the entry's last use, and
 *				who uses the entry holds a shared lock on it
 *	STORE/tmp/...		entries being built or removed; what a killed builder
 *				left is removed by the next run, and the next builder
 *	STORE/tmp/KIND-KEY.lock	held by who builds that entry
 *	STORE/sums/FACTS	content sums of files outside, so that each is read once
 *	STORE/host/...		what was found out about this host; not the store's (qemu/remember.h)
 *	STORE/clock		its time is the newest last use of all
 *
 * An entry never changes. It is found by a key, a SHA-256 over everything that
 * shapes it, and is published by one rename(2): a reader sees all of it or
 * nothing. The seal notices what a rename cannot prevent (a file cut short by
 * a crash of the host, damaged by its disk, or changed by hand): such an entry
 * is thrown away and rebuilt. How often it looks how closely is told, with the
 * reasons, in seal.c.
 *
 * The store is kept below VMTAP_CACHE_MAX (list.h): publishing an entry
 * removes those that were not used for the longest time, but none in use.
 *
 *	struct err err = {0};
 *	cleanup_free char *dir = NULL;
 *
 *	if (store_get(root, "template", key, template_build, &machine, &dir, &err) < 0)
 *		return -1;
 *	... files in dir stay there until store_release(dir), or our end ...
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/sha256.h"

/**
 * store_build_fn - Make the files of an entry
 * @dir:	An empty folder, "STORE/tmp/..."; write into it, no folders below
 * Return: 0, or -1: everything in @dir is then removed
 *
 * Large files begin with store_reserve() or store_file_allocate() (room.h).
 */
typedef int store_build_fn(const char *dir, void *arg, struct err *err);

/**
 * store_get() - The entry of a key, built if it is not there
 * @root:	The cache folder; created with its parents
 * @kind:	What it is: "root", "initrd", ... (a file name)
 * @key:	Hexadecimal SHA-256 (store_key_...), 64 digits
 * @build:	Called at most once, under the entry's lock; who comes second waits
 * @path:	Set to "STORE/KIND/KEY", which the caller frees
 *
 * The entry is leased: it is not removed while this process lives, nor while a
 * child that was forked afterwards does. (What QEMU has opened stays with it in
 * any case, and QEMU does not outlive the vmtap that started it.)
 *
 * A read-only cache serves the entries that it has.
 *
 * Return: 0, or -1
 */
int store_get(const char *root, const char *kind, const char *key, store_build_fn *build, void *arg,
	      char **path, struct err *err);

/**
 * store_find() - The entry of a key, if it is there
 *
 * Leases it, as store_get() does. Does not wait for one that is being built.
 *
 * Return: whether it is there; @path is set then
 */
bool store_find(const char *root, const char *kind, const char *key, char **path);

/* End the lease of an entry early, in this process. @path: as set by store_get(). */
void store_release(const char *path);

/*
 * Remove an entry that turned out to be of no use, and end our own lease of it.
 * While others use it, it stays: they find out for themselves, and the last of
 * them removes it.
 */
void store_discard(const char *root, const char *kind, const char *key);

/*
 * Remove what builders left that were killed: folders and locks in STORE/tmp
 * that nobody holds. Costs the reading of an empty folder when there is nothing.
 * @patience_ms: To wait for those that somebody does hold; STORE_DYING_MS after
 * a kill, as a process on its way out may hold its locks a little longer than
 * the pipe by which its end is noticed.
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

/* Computes a content sum for store_sum(). Return: 0, or -1 */
typedef int store_sum_fn(void *arg, char sum[SHA256_HEX], struct err *err);

/**
 * store_sum() - A content sum, remembered under what is known without reading
 * @facts:	Hexadecimal sum of the facts (store_key_file(), dir_key())
 * @compute:	Called when nothing is remembered for them
 * Return: 0, or -1
 */
int store_sum(const char *root, const char *facts, store_sum_fn *compute, void *arg, char sum[SHA256_HEX],
	      struct err *err);

/**
 * store_write_error() - Say that a file of the store cannot be written, from errno
 *
 * One hint for each of: disk full, quota, read-only, forbidden, file size limit.
 *
 * Return: -1
 */
int store_write_error(struct err *err, const char *path);

#endif
