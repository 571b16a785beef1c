/* guest.h - from what a script declares to the files that QEMU gets
 *
 *	struct guest_spec s = {.image = "web.tar.gz", .kit = kit, .store = cache,
 *			       .agent = agent, .agent_len = agent_len};
 *	cleanup_guest_files struct guest_files f = {0};
 *
 *	if (guest_prepare(&s, &f, err) < 0)
 *		...
 *	-kernel f.kernel -initrd f.initrd -drive file=f.root,readonly=on,...
 */
#ifndef IMAGE_GUEST_H
#define IMAGE_GUEST_H

#include <stddef.h>

#include "base/err.h"

/**
 * struct guest_spec - A guest as declared; NULL is "not given", nothing is owned
 * @image:	A tar, a tar.gz (told by content) or a folder; NULL for the kit guest
 * @kernel:	bzImage or ELF vmlinux
 * @initrd:	A cpio archive, compressed or not, whose files are there besides
 *		ours in the initramfs: the root of the kit guest. Its /init is not
 *		run: ours is
 * @kit:	Folder with vmlinuz, lib/modules/VERSION/ and busybox
 * @store:	The cache folder; created
 * @agent:	The agent's ELF image, deflated by gzip(1), @agent_len bytes
 */
struct guest_spec {
	const char *image, *kernel, *initrd, *kit, *store;
	const void *agent;
	size_t agent_len;
};

/**
 * struct guest_files - Paths for QEMU; owned
 * @kernel:	An ELF file that boots by PVH where the declared one can be
 *		unpacked (vmlinux.h), else that one
 * @root:	EROFS image of the root, or NULL for the kit guest
 * @modules:	EROFS image of /lib/modules/@version, or NULL: the root has
 *		them, there is no root, or the kernel has no modules
 * @version:	The kernel's release
 */
struct guest_files {
	char *kernel, *initrd, *root, *modules, *version;
};

/**
 * guest_prepare() - Make or find the files of a guest
 * @s:		What it is
 * @out:	Filled; free with guest_files_free()
 * @err:	says which file is wrong, and how
 *
 * The kernel is @s->kernel, else the image's own /boot/vmlinuz*, else the
 * kit's; its modules are the image's, else the kit's; a kernel that has none
 * anywhere must have what a guest needs built in. Where it could be unpacked
 * that is looked after: the error names the drivers that are missing.
 *
 * The files live in the store and are shared by all guests declared alike: a
 * second call costs a few stat(2). Blocks for as long as the image takes to be
 * written, which for 200 MB is a quarter of a second.
 *
 * Return: 0, or -1
 */
int guest_prepare(const struct guest_spec *s, struct guest_files *out, struct err *err);

void guest_files_free(struct guest_files *f);
#define cleanup_guest_files __attribute__((cleanup(guest_files_free)))

#endif
