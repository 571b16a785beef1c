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
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * struct guest_more - A disk that a guest has besides
 * @file:	An image (disk.h), which is never written; NULL: the disk is blank, of @size bytes
 * @read_only:	For the guest, too
 */
struct guest_more {
	const char *file;
	uint64_t size;
	bool read_only;
};

/**
 * struct guest_spec - A guest as declared; NULL is "not given", nothing is owned
 * @image:	In one of the formats of format.h; NULL for the kit guest
 * @kernel:	bzImage or ELF vmlinux, or a folder with it and its modules (kernel_tree.h)
 * @initrd:	A cpio archive, compressed or not, whose files are there besides
 *		ours in the initramfs: the root of the kit guest. Its /init is not
 *		run: ours is
 * @kit:	Folder with vmlinuz, busybox, and lib/modules/VERSION/ or its content as
 *		modules-VERSION.erofs
 * @store:	The cache folder; created
 * @files:	A file that becomes BOOT_FILES (wire/boot.h)
 * @screen:	The machine has a VGA, which the kernel is to find
 * @tpm:	It has a TPM, likewise
 * @initrd_top:	The initramfs must lie below this address in the guest's memory; 0
 *		when the emulator finds a place itself (qemu/command.h)
 * @users:	As BOOT_USERS (wire/boot.h), but for a password in clear, behind a '='; or NULL
 * @env:	Variables of commands, "NAME=value", each with its NUL; or NULL
 * @sleeps:	It may be suspended
 * @changes:	What it changes of its root goes to a disk (wire/boot.h)
 * @firmware:	What an @image that is a disk is booted by: "bios", "uefi", or NULL: what it has a boot loader for
 * @more:	Further disks, @nmore of them
 * @agent:	The agent's ELF image, deflated by gzip(1), @agent_len bytes
 */
struct guest_spec {
	const char *image, *kernel, *initrd, *kit, *store, *files;
	const void *agent;
	size_t agent_len;
	bool screen, sleeps, changes, tpm;
	uint32_t initrd_top;
	const struct buf *users, *env;
	const char *firmware;
	const struct guest_more *more;
	size_t nmore;
};

#define GUEST_MORE_MAX	6
#define GUEST_DISKS_MAX (GUEST_MORE_MAX + 2)

/**
 * struct guest_disk - A disk of the guest
 * @path:	Owned; NULL: it is blank
 * @format:	QEMU's word: "raw" or "qcow2"
 * @serial:	By which the agent finds it (wire/boot.h)
 * @size:	Bytes, of one that each machine writes to in a file of its own; else 0
 */
struct guest_disk {
	char *path;
	const char *format;
	char serial[24];
	bool read_only;
	uint64_t size;
};

/**
 * struct guest_files - Files for QEMU; owned
 * @kernel:	An ELF file that boots by PVH where the declared one can be
 *		unpacked (vmlinux.h) and there is no screen, no sleep and no @initrd_top, else that one
 * @version:	The kernel's release
 *		NULL, and so are @initrd and @version: the machine boots from its disk, by
 *		UEFI if @uefi
 * @words:	What else the kernel is told, or NULL
 * @loads:	The modules that our initramfs loads, for people; empty: all is built in. NULL: there is none of ours
 * @disks:	@ndisks of them: the disk that it boots from (BOOT_DISK_SERIAL), and the one
 *		by which the agent comes in (BOOT_SEED_SERIAL); or an EROFS image of the root (BOOT_ROOT_SERIAL), but
 *		for the kit guest; and one of /lib/modules/@version
 *		(BOOT_MODULES_SERIAL), when the kernel has modules and the root lacks them;
 *		and those of @more in their order (BOOT_MORE_SERIAL)
 */
struct guest_files {
	bool uefi;
	char *kernel, *initrd, *version, *words, *loads;
	struct guest_disk disks[GUEST_DISKS_MAX];
	size_t ndisks;
};

/*
 * An image that is a disk boots by itself, unless there is a kernel. Then its root is mounted by @initrd, an initramfs
 * that is the disk's own (initramfs-tools, dracut), with our agent in front of it (front.h); or without one by ours,
 * read-only and under a tmpfs, like any other root.
 */

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
