/* vmlinux.h - the kernel proper, out of a bzImage that would unpack itself in the guest */
#ifndef IMAGE_VMLINUX_H
#define IMAGE_VMLINUX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define VMLINUX_MAX (256u << 20) /* bytes, unpacked; Debian's has 53 million, one with everything built in 90 */

/**
 * vmlinux_unpack() - Turn a bzImage into an ELF file that QEMU boots by PVH
 * @image:	@n bytes of a kernel file
 * @out:	Empty; filled
 *
 * Known are kernels of KERNEL_MACHINE compressed with LZ4 or gzip. The file has what is
 * loaded and no more: no sections, no zeros at a segment's end.
 *
 * Source: Linux, Documentation/arch/x86/boot.rst; Xen, docs/misc/pvh.pandoc;
 * ELF-64 Object File Format.
 *
 * Return: whether @out is one; false is no error: QEMU takes a bzImage too
 */
bool vmlinux_unpack(const void *image, size_t n, struct buf *out);

/**
 * vmlinux_has_driver() - Tell whether a driver or file system is built in
 * @elf:	@n bytes of an uncompressed kernel
 * @name:	As a module, "virtio_pci"
 *
 * Looks for the name that every driver registers itself under. It can be found
 * by accident, but what is not found is not there.
 */
bool vmlinux_has_driver(const void *elf, size_t n, const char *name);

#endif
