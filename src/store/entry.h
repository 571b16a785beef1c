/* entry.h - entries of the store: seals, locks, folders (for the files of the store only) */
#ifndef STORE_ENTRY_H
#define STORE_ENTRY_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/sha256.h"
#include "store/store.h"

#define STORE_SEAL	"seal"
#define STORE_TMP	"tmp"
#define STORE_SUMS	"sums"
#define STORE_FILES_MAX 64  /* files of one entry: there is a handful */
#define STORE_NAME_MAX	128 /* bytes of the name of a kind or a file */
#define STORE_KEY_LEN	64  /* digits of a key */
#define STORE_TRIES_MAX 100 /* races lost before something else must be wrong */

static_assert(STORE_KEY_LEN == SHA256_HEX - 1, "a key is a SHA-256");
/* STORE/tmp/KIND-KEY.lock */
static_assert(STORE_NAME_MAX + 1 + STORE_KEY_LEN + 5 <= 255, "the name of a lock must be possible");

/* Return: whether store_set_quick() is on. */
bool store_is_quick(void);

/* What a seal says of one file. @name: its path inside the entry. @mtime: in ns since 1970. @sum: CRC-32C of what is not zero. */
struct store_file {
	char name[STORE_NAME_MAX + 1];
	uint64_t size;
	int64_t mtime;
	uint32_t sum;
};

struct store_files {
	struct store_file file[STORE_FILES_MAX];
	size_t count;
};

/* Return: whether a text may be a kind's or a file's name: [A-Za-z0-9._-], no dot in front, not too long. */
bool store_is_name(const char *text);
/* Return: whether a text may be the path of a file inside an entry: names as above with '/' between, not too long together. */
bool store_is_path(const char *text);
/* Return: whether a text is a key: 64 lower-case hexadecimal digits. */
bool store_is_key(const char *text);
/* Return: the time of a file's content, in ns since 1970. */
int64_t store_mtime(const struct stat *st);
/* Return: whether @fd still is what @path names: it may have been removed and made anew. */
bool store_same_file(int fd, const char *path);

/**
 * store_entry_seal() - Write the seal of a finished folder
 * Return: a descriptor of it that holds the shared lock, or -1
 */
int store_entry_seal(const char *dir, struct err *err);

/**
 * store_entry_hold() - Take the shared lock of an entry and check its seal
 * @files:	Filled with what the seal says, unless NULL
 *
 * Waits for a remover, but not for one that makes no progress.
 *
 * Return: a descriptor that holds the lock, or -1: not there, damaged, or about
 * to be removed
 */
int store_entry_hold(const char *entry, enum store_check check, struct store_files *files);

/* The check alone, with the seal's descriptor. Return: whether the files are as they were. @files: filled. */
bool store_seal_holds(int fd, const char *entry, enum store_check check, struct store_files *files);

/**
 * store_entry_touch() - Record that an entry was used now
 * @seal:	Its descriptor
 *
 * Later than every use before, whatever the clock did in between. A cache that
 * cannot be written records nothing.
 */
void store_entry_touch(const char *root, int seal);

/*
 * Seconds that a wait for another's build is silent: longer than a template
 * takes without KVM, which two machines of one run may well wait for.
 */
extern unsigned int store_silence_s;

/**
 * store_entry_lock() - Wait for the right to build an entry
 * @path:	Set to the lock's path: unlink it, then close the descriptor
 * @err:	The cache cannot be written, or SIGINT, SIGTERM or SIGHUP is pending
 *
 * The wait has no limit, as a build may take minutes. After store_silence_s a line
 * on stderr says which process is waited for. The wait ends when that process does.
 *
 * Return: a descriptor, or -1
 */
int store_entry_lock(const char *root, const char *kind, const char *key, char **path, struct err *err);

/* The same without waiting, to remove it. Return: a descriptor; -1 when another has it, or with errno. */
int store_entry_try_lock(const char *root, const char *kind, const char *key, char **path);

/* Put a sealed folder in its place, which its lock's holder does. Return: 0, or -1. */
int store_entry_publish(const char *dir, const char *entry, struct err *err);

/* Remove an entry that nobody uses, which its lock's holder does. Return: 0, or -1 with errno. */
int store_entry_remove(const char *root, const char *entry);

/* Return: a locked descriptor of a new folder in STORE/tmp, or -1. The caller frees @path. */
int store_temp_make(const char *root, char **path, struct err *err);

#endif
