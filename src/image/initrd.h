/* initrd.h - the initramfs of a guest: an entry of the store
 *
 *	initrd/KEY	initrd.cpio
 */
#ifndef IMAGE_INITRD_H
#define IMAGE_INITRD_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/folder.h"
#include "image/modules.h"

/**
 * struct initrd - What it is made from; nothing is owned
 * @store:	The cache folder
 * @agent:	The agent's ELF image, deflated by gzip(1), @agent_len bytes
 * @user:	An initramfs of the user's that comes in front of ours, or NULL
 * @release:	The kernel's
 * @root_key:	Key of the root that the guest mounts, or NULL for one that lives in
 *		the initramfs, with BusyBox
 * @run:	A file that becomes BOOT_RUN, which is part of @root_key, or NULL
 * @files:	A file of the store that becomes BOOT_FILES, or NULL
 * @users:	As of guest.h, or NULL; and so @env
 * @kit:	Folder with busybox; may be NULL when there is a root
 * @modules:	Where the modules are; inside the image of the root they are part of @root_key
 * @modules_image: The image that they are in when it is not the root's, or NULL
 * @modules_dir: Their version's folder in there, or NULL: there are none
 * @closure:	What is loaded, in this order
 */
struct initrd {
	const char *store;
	const void *agent;
	size_t agent_len;
	const char *user, *release, *root_key, *run, *files, *kit;
	const struct buf *users, *env;
	struct folder modules;
	const char *modules_image, *modules_dir;
	const struct module_list *closure;
};

/**
 * initrd_prepare() - Make or find an initramfs
 * @path:	Set to the archive's path, which the caller frees
 * @err:	Which file is wrong, and how
 *
 * The user's archive goes first: the kernel unpacks both, and our /init takes the
 * place of the one in it.
 *
 * Return: 0, or -1
 */
int initrd_prepare(const struct initrd *i, char **path, struct err *err);

#endif
