/* file.h - files, folders and paths */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * file_read() - Append a whole file to a buffer
 * @path:	Path
 * @limit:	Most bytes to accept; a larger file is an error
 * @out:	Appended to
 * @err:	"cannot open '...'", "cannot read '...'", "'...' is larger than N bytes"
 *
 * Works on /proc and pipes, whose size is not known before.
 *
 * Return: 0, or -1
 */
int file_read(const char *path, size_t limit, struct buf *out, struct err *err);

/**
 * file_write_atomic() - Write a whole file under a temporary name, then rename it
 *
 * A reader sees the old file or the new one, never a part.
 *
 * Return: 0, or -1 with errno and nothing left behind
 */
int file_write_atomic(const char *path, const void *data, size_t n, int mode, struct err *err);

/* Create a folder and its parents, as `mkdir -p`. Return: 0, or -1. */
int file_make_dirs(const char *path, struct err *err);

/* Remove a file or a whole tree, following no link; what is already gone is no error. */
void file_remove_tree(const char *path);

/* Return: whether @path exists (links followed). */
bool file_exists(const char *path);
/* Return: whether @path is a folder (links followed). */
bool file_is_folder(const char *path);

/* Return: "DIR/NAME", or NAME alone when it is absolute or DIR is ""; the caller frees it. */
char *path_join(const char *dir, const char *name);

/* Return: the folder of @path as dirname(1) prints it; the caller frees it. */
char *path_dir(const char *path);

/* Return: what follows the last '/', inside @path. */
const char *path_base(const char *path);

#endif
