/* oci_image.h - which image of a layout or a docker archive is meant, and what it consists of
 *
 * Source: OCI image specification 1.1 (image-layout.md, image-index.md,
 * manifest.md, config.md); for docker archives the Docker image specification
 * v1.2, "Combined Image JSON + Filesystem Changeset Format".
 */
#ifndef IMAGE_OCI_IMAGE_H
#define IMAGE_OCI_IMAGE_H

#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/sha256.h"
#include "image/oci_files.h"

#define OCI_JSON_MAX	    (1u << 20) /* bytes of an index, manifest or configuration; the largest seen have some 100 KB. Parsed, it takes 32 times as many */
#define OCI_LAYERS_MAX	    512	       /* Docker's own limit is 127 */
#define OCI_DESCRIPTORS_MAX 256	       /* entries of all indexes that are looked at */
#define OCI_DEPTH_MAX	    4	       /* indexes in indexes */

/**
 * struct oci_image - The image; owned
 * @sum:	SHA-256 of its configuration, which has those of the layers: the
 *		image's identity
 * @config:	The configuration
 * @layers:	@nlayers paths of layers, the lowest first
 * @sums:	Their SHA-256, decompressed, inside @config
 */
struct oci_image {
	char sum[SHA256_HEX];
	struct json *config;
	char **layers;
	const char **sums;
	size_t nlayers;
};

/**
 * oci_image_choose() - Find the one image for this processor and read its configuration
 * @out:	Filled; free with oci_image_free()
 * @err:	There is none, or more than one: which there are; a sum is wrong; more
 *		than the limits above
 *
 * All that was read has the sums that what refers to it says; the layers were not read.
 *
 * Return: 0, or -1
 */
int oci_image_choose(const struct oci_files *f, struct oci_image *out, struct err *err);
void oci_image_free(struct oci_image *i);
#define cleanup_oci_image __attribute__((cleanup(oci_image_free)))

#endif
