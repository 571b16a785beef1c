/* boot_disk.c - a disk image that a machine is to boot from: what would boot it */
#include "image/boot_disk.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "image/disk.h"
#include "image/format.h"
#include "image/partitions.h"

bool boot_disk_is(const char *path)
{
	const struct format *f = format_find(path, NULL);

	return f && f->disk;
}

static int measure(const struct disk *d, struct boot_disk *out, struct err *err)
{
	*out = (struct boot_disk){.path = realpath(d->path, NULL), .format = d->format, .size = d->size};
	return out->path ? 0 : err_errno(err, "cannot find '%s'", d->path);
}

int boot_disk_measure(const char *path, struct boot_disk *out, struct err *err)
{
	cleanup_disk struct disk d = {.fd = -1};

	return disk_open(&d, path, err) < 0 ? -1 : measure(&d, out, err);
}

int boot_disk_root(const char *path, struct boot_disk *out, struct err *err)
{
	cleanup_disk struct disk d = {.fd = -1};
	const struct partition *root;
	struct partitions p;

	if (disk_open(&d, path, err) < 0 || partitions_read(&d, &p, err) < 0)
		return -1;
	root = partitions_root(&p);
	if (!root && !(p.table == TABLE_NONE && p.fs)) {
		err_set(err, "'%s' has no file system that is known here, so there is no root for .kernel", path);
		return err_hint(err, "a root is ext4, XFS, Btrfs or F2FS, plain on the disk or in a partition; LVM and LUKS need "
				     "the disk's own boot loader: without .kernel");
	}
	if (measure(&d, out, err) < 0)
		return -1;
	out->fs = root ? root->fs : p.fs;
	out->part = root ? root->number : 0;
	return 0;
}

/* Nothing would run but a firmware that looks for something to boot, until the time is over. */
static int no_loader(const struct partitions *p, const char *path, const char *firmware, struct err *err)
{
	if (firmware && (p->bios || p->efi)) {
		err_set(err, "'%s' has a boot loader for %s, and none for %s", path, p->bios ? "a BIOS" : "UEFI",
			p->bios ? "UEFI: no EFI system partition" : "a BIOS: its first sector has no code");
		return err_hint(err, ".firmware = \"%s\" boots it", p->bios ? "bios" : "uefi");
	}
	if (p->table == TABLE_NONE && p->fs) {
		err_set(err, "'%s' is a file system (%s) without a boot loader", path, p->fs);
		return err_hint(err, "give the kernel that goes with it as .kernel; or mount it and give the folder, or a tar of it: "
				     "tar --numeric-owner -C FOLDER -cf root.tar .");
	}
	err_set(err, "'%s' has no boot loader: its first sector has no code for a BIOS, and there is no EFI system partition", path);
	return err_hint(err, "is it a disk for data? give it as .disks = { { .file = \"...\" } }");
}

int boot_disk_find(const char *path, const char *firmware, struct boot_disk *out, struct err *err)
{
	cleanup_disk struct disk d = {.fd = -1};
	struct partitions p;
	bool uefi;

	if (disk_open(&d, path, err) < 0 || partitions_read(&d, &p, err) < 0)
		return -1;
	uefi = firmware ? strcmp(firmware, "uefi") == 0 : !p.bios;
	if (uefi ? !p.efi : !p.bios)
		return no_loader(&p, path, firmware, err);
	if (measure(&d, out, err) < 0)
		return -1;
	out->uefi = uefi;
	return 0;
}
