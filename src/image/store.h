/* store.h - the cache folder: things that are built once and used by many
 *
 *	STORE/KIND/KEY/...	an entry: a folder of files, complete or not there
 *	STORE/KIND/KEY/seal	their names and sizes, as they were when it was published
 *	STORE/tmp/...		entries being built; what a killed builder left is
 *				removed by the next one
 *	STORE/tmp/KIND-KEY.lock	held by who builds that entry
 *
 * An entry never changes. It is found by a key, a SHA-256 over everything that
 * shapes it, and is published by one rename(2): a reader sees all of it or
 * nothing. The seal notices what a rename cannot prevent (a file cut short by
 * a crash of the host, or by hand): such an entry is thrown away and rebuilt.
 */
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include "base/err.h"
#include "base/sha256.h"

/**
 * store_build_fn - Make the files of an entry
 * @dir:	An empty folder, "STORE/tmp/..."; write into it, no folders below
 * Return: 0, or -1: everything in @dir is then removed
 */
typedef int store_build_fn(const char *dir, void *arg, struct err *err);

/**
 * store_get() - The entry of a key, built if it is not there
 * @root:	The cache folder; created with its parents
 * @kind:	What it is: "root", "initrd", ... (a file name)
 * @key:	Hexadecimal sum (store_key_...)
 * @build:	Called at most once, under the entry's lock; who comes second waits
 * @path:	Set to "STORE/KIND/KEY", which the caller frees
 *
 * A read-only cache serves the entries that it has.
 *
 * Return: 0, or -1
 */
int store_get(const char *root, const char *kind, const char *key, store_build_fn *build, void *arg,
	      char **path, struct err *err);

/* Feed everything that changes when a file's content may have changed. Return: 0, or -1 (not there). */
int store_key_file(struct sha256 *key, const char *path, struct err *err);

/**
 * store_write_error() - Say that a file of the store cannot be written, from errno
 *
 * One hint for each of: disk full, quota, read-only, forbidden, file size limit.
 *
 * Return: -1
 */
int store_write_error(struct err *err, const char *path);

#endif
