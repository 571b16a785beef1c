/* initramfs.h - the archive that a guest starts from
 *
 *	/init				the agent
 *	/vmtap/modules			paths of modules, one a line, in load order
 *	/vmtap/files			what is put into the root (wire/boot.h), if there is something
 *	/vmtap/run			what commands are run with (wire/boot.h), if the root is a container's
 *	/lib/modules/VERSION/...	those modules, never compressed; beside BusyBox also modules.dep, of
 *					those alone, and modules.builtin, if the kernel has one
 *	/dev/console, /dev /proc /sys /run /tmp
 *
 * and with BusyBox, for a guest that lives in it:
 *
 *	/bin/busybox, a link for each applet; /sbin, /usr/bin and /usr/sbin are /bin
 *	/etc/passwd, /etc/group, /etc/hosts, /root, /var/...
 */
#ifndef IMAGE_INITRAMFS_H
#define IMAGE_INITRAMFS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/folder.h"
#include "image/modules.h"

#define BUSYBOX_MAX (16u << 20) /* bytes; Debian's static one has 2 million */

/**
 * struct initramfs - What goes into it
 * @agent:	The agent's ELF image; not owned
 * @run:	What BOOT_RUN has, which is not there when this is empty or NULL
 * @users, @files: The same of BOOT_USERS and BOOT_FILES
 * @busybox:	Path of a static BusyBox, or NULL
 * @folder:	Where the modules are
 * @modules_dir: Their version's folder in there
 * @modules:	In load order
 */
struct initramfs {
	const void *agent;
	size_t agent_len;
	const struct buf *run, *users, *files;
	const char *busybox;
	struct folder folder;
	const char *modules_dir, *release;
	const struct module_list *modules;
};

/* Return: whether these first bytes of a file are what the kernel unpacks: a cpio archive, or a compressed one. */
bool initramfs_is(const void *data, size_t n);

/* Append the archive to @out. Return: 0, or -1. */
int initramfs_make(const struct initramfs *i, struct buf *out, struct err *err);

/**
 * initramfs_applets() - Find BusyBox's list of applets in its program
 * @elf:	The program's bytes
 * @n:		How many
 *
 * Return: the first name inside @elf, each followed by a NUL, the last by one
 * more NUL or a smaller string; NULL when there is no such list.
 * @count is set.
 */
const char *initramfs_applets(const char *elf, size_t n, size_t *count);

#endif
