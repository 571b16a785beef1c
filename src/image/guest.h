/* guest.h - from what a script declares to the files that QEMU gets
 *
 *	struct guest_spec s = {.image = "web.tar.gz", .kit = kit, .store = cache,
 *			       .agent = agent, .agent_len = agent_len};
 *	cleanup_guest_files struct guest_files f = {0};
 *
 *	if (guest_prepare(&s, &f, err) < 0)
 *		...
 *	-kernel f.kernel -initrd f.initrd -drive file=f.disks[0].path,readonly=on,...
 *
 * What an image is made of is the work of root.c (the root) and format.c (what it
 * may be); which kernel and modules go with it is decided here; initrd.c makes
 * the archive that the guest starts from.
 */
#ifndef IMAGE_GUEST_H
#define IMAGE_GUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/**
 * struct guest_spec - A guest as declared; NULL is "not given", nothing is owned
 * @image:	In one of the formats of format.h; NULL for the kit guest
 * @kernel:	bzImage or ELF vmlinux
 * @initrd:	A cpio archive, compressed or not, whose files are there besides
 *		ours in the initramfs: the root of the kit guest. Its /init is not
 *		run: ours is
 * @kit:	Folder with vmlinuz, busybox, and lib/modules/VERSION/ or its content as
 *		modules-VERSION.erofs
 * @store:	The cache folder; created
 * @screen:	The machine has a VGA, which the kernel is to find
 * @sleeps:	It may be suspended
 * @changes:	What it changes of its root goes to a disk (wire/boot.h)
 * @agent:	The agent's ELF image, deflated by gzip(1), @agent_len bytes
 */
struct guest_spec {
	const char *image, *kernel, *initrd, *kit, *store;
	const void *agent;
	size_t agent_len;
	bool screen, sleeps, changes;
};

#define GUEST_DISKS_MAX 4

/**
 * struct guest_disk - A disk of the guest
 * @path:	Owned
 * @format:	QEMU's word: "raw"
 * @serial:	By which the agent finds it (wire/boot.h), or NULL
 */
struct guest_disk {
	char *path;
	const char *format, *serial;
	bool read_only;
};

/**
 * struct guest_files - Files for QEMU; owned
 * @kernel:	An ELF file that boots by PVH where the declared one can be
 *		unpacked (vmlinux.h) and there is no screen, nor any sleep, else that one
 * @version:	The kernel's release
 * @disks:	@ndisks of them: an EROFS image of the root (BOOT_ROOT_SERIAL), but
 *		for the kit guest; and one of /lib/modules/@version
 *		(BOOT_MODULES_SERIAL), when the kernel has modules and the root lacks them
 */
struct guest_files {
	char *kernel, *initrd, *version;
	struct guest_disk disks[GUEST_DISKS_MAX];
	size_t ndisks;
};

/**
 * guest_prepare() - Make or find the files of a guest
 * @s:		What it is
 * @out:	Filled; free with guest_files_free()
 * @err:	says which file is wrong, and how
 *
 * The kernel is @s->kernel, else the image's own /boot/vmlinuz*, else the
 * kit's; its modules are the image's, else the kit's; a kernel without modules
 * must have what a guest needs built in. Of a kernel that could be unpacked that
 * is checked: the error names the drivers that are missing.
 *
 * The files live in the store and are shared by all guests declared alike: a
 * second call costs a few stat(2). Blocks for as long as the image takes to be
 * written, which for 200 MB is a quarter of a second.
 *
 * Return: 0, or -1
 */
int guest_prepare(const struct guest_spec *s, struct guest_files *out, struct err *err);

/* Return: the path of the disk with that serial number, inside @f; NULL when the guest has no such disk. */
const char *guest_files_disk(const struct guest_files *f, const char *serial);

void guest_files_free(struct guest_files *f);
#define cleanup_guest_files __attribute__((cleanup(guest_files_free)))

#endif
