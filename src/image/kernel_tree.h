/* kernel_tree.h - a kernel given as a folder: where it was built, or where it was installed */
#ifndef IMAGE_KERNEL_TREE_H
#define IMAGE_KERNEL_TREE_H

#include "base/err.h"

/**
 * struct kernel_tree - What is in a folder; owned
 * @image:	The kernel
 * @modules:	Folder that has its lib/modules/RELEASE, or NULL: there are none in it
 */
struct kernel_tree {
	char *image, *modules;
};

/**
 * kernel_tree_open() - Find a kernel and its modules
 * @store:	The cache folder, where the modules of a build are put together
 * @path:	One of
 *		- a folder in which Linux was built: arch/x86/boot/bzImage or vmlinux,
 *		  and the modules of its modules.order;
 *		- one that it was installed to (make tar-pkg, INSTALL_PATH with
 *		  INSTALL_MOD_PATH, an unpacked package): boot/vmlinuz-RELEASE and
 *		  lib/modules/RELEASE, below usr or not;
 *		- a lib/modules/RELEASE with its vmlinuz, there or in boot.
 *		The newest one counts where there are several
 * @err:	what was looked for, when there is none of that; the program depmod is
 *		missing
 *
 * Return: 0, or -1
 */
int kernel_tree_open(const char *store, const char *path, struct kernel_tree *out, struct err *err);

void kernel_tree_free(struct kernel_tree *t);

#endif
