/* root.c - the root guest: a read-only image under a tmpfs, made the root
 *
 * Theory of operation
 *
 * 1. Find the disk by its serial number: names like vda depend on the order of
 *    PCI slots, the serial number is what the host chose.
 * 2. Mount it, a tmpfs, and an overlayfs of the two. redirect_dir lets a folder
 *    of the image be renamed (else EXDEV: dpkg and mv -T notice). The upper
 *    folder gets the owner and mode of the image's root, for they become those
 *    of /.
 * 3. Move /dev, /proc, /sys and /run into it, empty the initramfs, and move the
 *    overlay over it, as switch_root(8) does: pivot_root(2) does not work on the
 *    initramfs.
 * 4. Mount the kernel's modules where the image lacks them, from within the new
 *    root, where /lib may be a link to usr/lib.
 */
#include "agent/root.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "agent/sysfs.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#define DISK_WAIT_S 20		      /* for the root to appear: seconds, in an emulated guest */
#define NEXT_WAIT_S 2		      /* for a further disk: they are found one right after the other */
#define DISK_LOOK   (2 * NS_PER_MS)
#define BASE	    "/vmtap/base"
#define WRITABLE    "/vmtap/rw"
#define NEW_ROOT    "/vmtap/root"

/* The initramfs is one of these; anything else is not ours to empty. */
#define MAGIC_RAMFS 0x858458f6
#define MAGIC_TMPFS 0x01021994

/* ---- 1. the disk ---- */

/* Return: its node in /dev, which the caller frees, or NULL. */
static char *find_disk(const char *serial, unsigned wait_s, struct err *err)
{
	const struct timespec nap = {.tv_nsec = DISK_LOOK};
	uint64_t deadline = clock_now() + wait_s * NS_PER_S;
	cleanup_free char *disk = NULL;

	while (!(disk = sysfs_find("/sys/block", "serial", serial)) && clock_now() < deadline)
		nanosleep(&nap, NULL);
	if (!disk) {
		err_set(err, "cannot find the disk '%s' after %u s", serial, wait_s);
		err_hint(err, "the kernel may lack virtio_blk");
		return NULL;
	}
	return xasprintf("/dev/%s", disk);
}

/* ---- 2. the overlay ---- */

static int mount_on(const char *what, const char *path, const char *type, unsigned long flags, const char *data,
		    struct err *err)
{
	if (file_make_dirs(path, err) < 0)
		return -1;
	if (mount(what, path, type, flags, data) == 0)
		return 0;
	err_errno(err, "cannot mount '%s' as %s", what, type);
	return errno == ENODEV ? err_hint(err, "the kernel lacks the file system '%s'", type) : -1;
}

static int copy_owner(const char *from, const char *to, struct err *err)
{
	struct stat st;

	if (stat(from, &st) < 0 || chown(to, st.st_uid, st.st_gid) < 0 || chmod(to, st.st_mode & 07777) < 0)
		return err_errno(err, "cannot copy the owner of '%s'", from);
	return 0;
}

/* A file system that was not unmounted is read as it is: its journal would have to be written to. */
static int mount_base(const char *disk, const char *type, struct err *err)
{
	static const char *const unreplayed[][2] = {{"ext4", "noload"}, {"xfs", "norecovery"}, {"btrfs", "rescue=nologreplay"}};

	if (mount_on(disk, BASE, type, MS_RDONLY, NULL, err) == 0)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(unreplayed); i++)
		if (strcmp(unreplayed[i][0], type) == 0)
			return mount_on(disk, BASE, type, MS_RDONLY, unreplayed[i][1], err);
	return -1;
}

static int mount_root(const struct root_spec *spec, struct err *err)
{
	cleanup_free char *whole = find_disk(spec->serial, DISK_WAIT_S, err);
	cleanup_free char *disk = whole ? xasprintf("%s%s", whole, spec->part ? spec->part : "") : NULL;

	if (!disk || mount_base(disk, spec->fstype ? spec->fstype : "erofs", err) < 0)
		return -1;
	if (mount_on("tmpfs", WRITABLE, "tmpfs", 0, "mode=755,size=75%", err) < 0 ||
	    file_make_dirs(WRITABLE "/upper", err) < 0 || file_make_dirs(WRITABLE "/work", err) < 0 ||
	    copy_owner(BASE, WRITABLE "/upper", err) < 0)
		return -1;
	return mount_on("overlay", NEW_ROOT, "overlay", 0,
			"lowerdir=" BASE ",upperdir=" WRITABLE "/upper,workdir=" WRITABLE "/work,redirect_dir=on", err);
}

/* ---- 3. the switch ---- */

static int move_mounts(struct err *err)
{
	static const char *const mounts[] = {"/dev", "/proc", "/sys", "/run"};

	for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
		cleanup_free char *to = xasprintf(NEW_ROOT "%s", mounts[i]);

		(void)mkdir(to, 0755); /* what a minimal image lacks */
		if (mount(mounts[i], to, NULL, MS_MOVE, NULL) < 0)
			return err_errno(err, "cannot move '%s' into the image", mounts[i]);
	}
	return 0;
}

/* Remove what is in a folder and on its file system; @fd is closed. */
static void empty_folder(int fd, dev_t device)
{
	DIR *dir = fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		struct stat st;
		int sub;

		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
		    fstatat(fd, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || st.st_dev != device)
			continue;
		if (!S_ISDIR(st.st_mode)) {
			unlinkat(fd, e->d_name, 0);
			continue;
		}
		sub = openat(fd, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub >= 0)
			empty_folder(sub, device);
		unlinkat(fd, e->d_name, AT_REMOVEDIR);
	}
	if (dir)
		closedir(dir);
	else
		close(fd);
}

static void empty_initramfs(void)
{
	int fd = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;
	struct stat st;

	if (fd < 0)
		return;
	if (fstatfs(fd, &fs) == 0 && fstat(fd, &st) == 0 && (fs.f_type == MAGIC_RAMFS || fs.f_type == MAGIC_TMPFS))
		empty_folder(fd, st.st_dev);
	else
		close(fd);
}

static int switch_root(struct err *err)
{
	if (move_mounts(err) < 0)
		return -1;
	/* The overlay holds on to both; nobody needs to see them. */
	umount2(BASE, MNT_DETACH);
	umount2(WRITABLE, MNT_DETACH);
	if (chdir(NEW_ROOT) < 0)
		return err_errno(err, "cannot enter the image");
	empty_initramfs();
	if (mount(".", "/", NULL, MS_MOVE, NULL) < 0 || chroot(".") < 0 || chdir("/") < 0)
		return err_errno(err, "cannot make the image the root");
	return 0;
}

/* ---- 4. modules ---- */

static int mount_modules(const char *serial, struct err *err)
{
	cleanup_free char *disk = NULL, *path = NULL;
	struct utsname u;

	uname(&u);
	path = xasprintf("/lib/modules/%s", u.release);
	if (file_exists(path))
		return 0;
	disk = find_disk(serial, NEXT_WAIT_S, err);
	return disk ? mount_on(disk, path, "erofs", MS_RDONLY | MS_NODEV | MS_NOSUID, NULL, err) : -1;
}

int root_enter(const struct root_spec *spec, struct boot *b, struct err *err)
{
	struct err warning = {0};

	if (mount_root(spec, err) < 0 || switch_root(err) < 0)
		return -1;
	if (spec->modules && mount_modules(spec->modules, &warning) < 0)
		boot_warn(b, warning.text);
	return 0;
}
