/* oci_files.h - the files of a container's image: a folder, or a tar of one, in any order */
#ifndef IMAGE_OCI_FILES_H
#define IMAGE_OCI_FILES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/source.h"
#include "image/tree.h"

/**
 * struct oci_files - An image's files, open
 * @name:	Its path, for messages; not owned
 * @folder:	That path, when it is a folder; NULL for a tar
 * @fd:		Of the tar
 * @index:	Where the tar has what
 *
 * Start with `= {.fd = -1}`.
 */
struct oci_files {
	const char *name, *folder;
	int fd;
	struct tree index;
};

/**
 * oci_files_open() - Open a folder, or read the headers of a plain tar
 * @path:	May be the place of a temporary copy
 * @name:	For messages
 * Return: 0, or -1
 */
int oci_files_open(struct oci_files *f, const char *path, const char *name, struct err *err);
void oci_files_close(struct oci_files *f);
#define cleanup_oci_files __attribute__((cleanup(oci_files_close)))

/* Return: whether there is such a file. @path: relative, links followed; one with ".." is not there. */
bool oci_files_have(const struct oci_files *f, const char *path);

/* Append a whole file of at most @limit bytes. Return: 0, or -1. */
int oci_files_read(const struct oci_files *f, const char *path, size_t limit, struct buf *out, struct err *err);

/**
 * oci_files_source() - Read a file as a stream, decompressed if need be
 * @s:		Opened; one at a time
 * @name:	For its messages; not owned
 * Return: 0, or -1
 */
int oci_files_source(const struct oci_files *f, const char *path, struct source *s, const char *name, struct err *err);

#endif
