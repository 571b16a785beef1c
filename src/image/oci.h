/* oci.h - a container's image as a root: OCI layouts and the archives of docker save, as a tar or a folder */
#ifndef IMAGE_OCI_H
#define IMAGE_OCI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/sha256.h"
#include "image/erofs.h"
#include "image/oci_files.h"
#include "image/tree.h"

#define OCI_RUN_MAX 65536 /* bytes of an environment, folder and command */

/* Return: whether a tar may be one, by its first member; @n bytes of it are there. */
bool oci_may_be(const void *head, size_t n);

/* Return: whether these are a container's image, and not a root that has such a file. */
bool oci_is(const struct oci_files *f);

/**
 * oci_key() - Feed the identity of an image, by which alone its content is known
 *
 * Reads neither the layers nor, of a tar, anything but headers and JSON.
 *
 * Return: 0, or -1 as oci_image_choose()
 */
int oci_key(struct sha256 *key, const struct oci_files *f, struct err *err);

/**
 * oci_load() - Read an image's layers into a tree, one on the other, their content into an image
 * @run:	Appended: what commands are run with (wire/boot.h, BOOT_RUN)
 * @err:	as oci_image_choose(); a layer, by its number, that is missing or
 *		damaged, or whose SHA-256 is not what the image says
 *
 * The working folder is made if no layer has it.
 *
 * Return: 0, or -1
 */
int oci_load(const struct oci_files *f, struct tree *t, struct erofs_writer *w, struct buf *run, struct err *err);

#endif
