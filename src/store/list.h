/* list.h - what is in the store, and keeping it small
 *
 * The limit is VMTAP_CACHE_MAX in MB; without it 4096 MB, but no more than a
 * quarter of the file system. It counts what entries take on the disk, holes
 * not. It may be exceeded by what is in use.
 */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "store/store.h"

#define STORE_LIMIT_DEFAULT_MB 4096

/**
 * struct store_item - An entry as listed
 * @size:	Bytes of its files
 * @disk:	Bytes that they take on the disk
 * @used:	Last use, in ns since 1970; 0 for a damaged entry
 * @sound:	Its seal holds
 * @busy:	A running vmtap uses it
 */
struct store_item {
	char *kind, *key;
	uint64_t size, disk;
	int64_t used;
	bool sound, busy;
};

/* Least recently used first. Start with `= {0}`. */
struct store_list {
	struct store_item *items;
	size_t count;
	enum store_check check;
};

/* List the entries, each @check-ed; a folder that does not exist has none. Return: 0, or -1. */
int store_list(const char *root, enum store_check check, struct store_list *l, struct err *err);
void store_list_free(struct store_list *l);
#define cleanup_store_list __attribute__((cleanup(store_list_free)))

/**
 * store_limit() - The size that the store may have
 * @bytes:	Set
 * @err:	VMTAP_CACHE_MAX is not a number
 * Return: 0, or -1
 */
int store_limit(const char *root, uint64_t *bytes, struct err *err);

/* Read a number of MB as people write it. Return: 0, or -1 (not a number from 0 to 10^9). */
int store_parse_mb(const char *text, uint64_t *bytes);

/* What store_prune() did. @left: bytes that remain. @busy: entries in use. @stuck: could not be removed. */
struct store_pruned {
	size_t removed, busy, stuck;
	uint64_t freed, left;
};

/**
 * store_prune() - Remove entries until the store is no larger than a limit
 * @check:	How closely to look for damage
 * @out:	Filled, unless NULL
 *
 * Damaged entries first, then the least recently used; never one in use. Then
 * what killed builders left, and remembered sums beyond a few thousand.
 *
 * Return: 0, or -1: the folder cannot be read. What cannot be removed is counted.
 */
int store_prune(const char *root, uint64_t limit, enum store_check check, struct store_pruned *out, struct err *err);

/* Remove the least recently used entry that is not in use. Return: the bytes it took, or 0: there is none. */
uint64_t store_evict_one(const char *root);

#endif
