/* kernel.h - what a kernel file says of itself
 *
 * Kernels are of the guest's processor; its row for QEMU is in qemu/arch.h.
 */
#ifndef IMAGE_KERNEL_H
#define IMAGE_KERNEL_H

#include "base/err.h"

#define KERNEL_MAX	    (512u << 20) /* bytes of a kernel file */
#define RELEASE_MAX	    64		 /* bytes of a release, as in struct utsname */
#define KERNEL_MACHINE	    EM_X86_64	 /* e_machine of a vmlinux (<elf.h>) */
#define KERNEL_MACHINE_NAME "x86-64"
#define KERNEL_BUILT	    "arch/x86/boot/bzImage" /* where a build leaves the other format */

/**
 * kernel_release() - Read the release of a bzImage or an ELF vmlinux, as uname -r prints it
 * @err:	cannot be read, or "'x' is not a Linux kernel: ...", or of another processor
 *		Does not wait for the writer of a pipe: a pipe is refused
 *
 * Source: Linux, Documentation/arch/x86/boot.rst, "kernel_version".
 *
 * Return: the release, which the caller frees, or NULL
 */
char *kernel_release(const char *path, struct err *err);

#endif
