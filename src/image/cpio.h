/* cpio.h - writing "newc" cpio archives, the format of an initramfs
 *
 * Source: Linux, Documentation/driver-api/early-userspace/buffer-format.rst.
 * The bytes depend on the calls alone: times are 0, inode numbers count up,
 * everything belongs to root. A folder is added before what is in it.
 */
#ifndef IMAGE_CPIO_H
#define IMAGE_CPIO_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define CPIO_ALIGN 4 /* bytes: where a header may be, and an archive behind another */

/* An archive being written: bytes so far, last inode number. */
struct cpio {
	struct buf out;
	uint32_t ino;
};

/* Paths are relative: "dev/console". @mode: permissions only. */
void cpio_dir(struct cpio *c, const char *path, uint32_t mode);
void cpio_file(struct cpio *c, const char *path, uint32_t mode, const void *data, size_t n);
void cpio_symlink(struct cpio *c, const char *path, const char *target);
void cpio_char(struct cpio *c, const char *path, uint32_t mode, uint32_t major, uint32_t minor);
/* Write the end mark; nothing may follow. */
void cpio_end(struct cpio *c);

#endif
