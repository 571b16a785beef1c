/* tar.h - reading tar archives: ustar, pax and GNU
 *
 * Source: POSIX.1-2017, pax(1), "ustar Interchange Format" and "pax Header
 * Block"; GNU tar manual, "Basic Tar Format" and "Storing Sparse Files".
 */
#ifndef IMAGE_TAR_H
#define IMAGE_TAR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "image/erofs.h"
#include "image/source.h"
#include "image/tree.h"

#define TAR_EXTENSION_MAX (4u << 20)  /* bytes of one pax or GNU long-name header */
#define TAR_SPARSE_MAX	  (1u << 18) /* pieces of one sparse file */
#define TAR_FIRST_SIZE	  101	      /* bytes of a name in a plain header, and a NUL */
#define TAR_REST_MAX	  (1u << 30)  /* bytes behind the end mark of a compressed archive; tar pads to some KB */

/* Return: whether the first @n bytes of a file begin with a header of a member. */
bool tar_is(const void *head, size_t n);

/**
 * tar_first() - The name of an archive's first member that is not the folder that all are in
 * @name:	Set to it, without "./"; a long one is cut
 * Return: whether it is in the first @n bytes
 */
bool tar_first(const void *head, size_t n, char name[TAR_FIRST_SIZE]);

/**
 * tar_load() - Read an archive into a tree, its content into an image
 * @s:		The archive
 * @t:		Filled; a later member replaces an earlier one of the same name
 * @w:		Gets the content of the files
 * @err:	Names the archive, and the member where there is one: truncated,
 *		damaged, a path with "..", a hard link to nothing, a limit
 *
 * Nothing is unpacked on the host. Absolute names are taken as relative to the
 * root; targets of symlinks are kept as they are. As a layer (@t->layer) it may
 * have white-outs, or nothing in it.
 *
 * Return: 0, or -1
 */
int tar_load(struct source *s, struct tree *t, struct erofs_writer *w, struct err *err);

/**
 * tar_index() - Read the headers of an archive into a tree, for its members to be read in another order
 * @s:		Of a plain file the content is passed over, not read
 * @t:		Filled; a file's content is the @size bytes from @nid on
 *
 * Return: 0, or -1
 */
int tar_index(struct source *s, struct tree *t, struct err *err);

#endif
