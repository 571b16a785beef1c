/* format.c - what an image is, told by its content, and how it is loaded
 *
 * Rows are tried from the first to the last. A row that may be met by accident
 * comes after those that may not: a kernel has a disk's 55 aa, and the zeros of
 * an empty tar are also the first block of most file systems.
 */
#include "image/format.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>

#include "base/gzip.h"
#include "base/mem.h"
#include "image/container.h"
#include "image/cpio_read.h"
#include "image/decompress.h"
#include "image/dir.h"
#include "image/source.h"
#include "image/tar.h"
#include "store/store.h"

#define BTRFS_MAGIC_AT 65600

static_assert(BTRFS_MAGIC_AT + 8 <= FORMAT_HEAD_MAX, "no magic is further behind");

/* ---- the formats that can be loaded ---- */

static bool is_folder(const struct format_head *h)
{
	return h->folder;
}

static int folder_key(const char *store, struct sha256 *key, const char *path, struct err *err)
{
	return dir_key(store, key, path, DIR_KEEP_OWNERS, err);
}

static int folder_load(const char *path, const struct format_target *to, struct err *err)
{
	return dir_load(path, DIR_KEEP_OWNERS, to->tree, to->writer, err);
}

static bool is_packed(const struct format_head *h)
{
	return !h->inflated && (gzip_is(h->data, h->n) || decompress_tool(h->data, h->n));
}

static bool is_tar(const struct format_head *h)
{
	return tar_is(h->data, h->n);
}

static bool is_cpio(const struct format_head *h)
{
	return cpio_is(h->data, h->n);
}

/* A tar without members begins with its end mark; so do many file systems, whose magic comes later. */
static bool is_zero_block(const struct format_head *h)
{
	return h->n >= 512 && h->data[0] == 0 && memcmp(h->data, h->data + 1, 511) == 0;
}

static int archive_key(const char *store, struct sha256 *key, const char *path, struct err *err)
{
	return store_key_content(store, key, path, err);
}

static int archive_load(const char *path, const struct format_target *to, struct err *err);

static int tar_read(struct source *s, const struct format_target *to, struct err *err)
{
	return tar_load(s, to->tree, to->writer, err);
}

static int cpio_read(struct source *s, const struct format_target *to, struct err *err)
{
	return cpio_load(s, to->tree, to->writer, err);
}

static bool is_container(const struct format_head *h)
{
	return container_is(h->path, h->data, h->n);
}

static int container_read(struct source *s, const struct format_target *to, struct err *err)
{
	return container_load_stream(s, to->tree, to->writer, to->run, err);
}

static int container_open_and_load(const char *path, const struct format_target *to, struct err *err)
{
	return container_load(path, to->tree, to->writer, to->run, err);
}

static int container_open_and_key(const char *store, struct sha256 *key, const char *path, struct err *err)
{
	(void)store;
	return container_key(key, path, err);
}

/* ---- the table ---- */

#define HINT_CPIO   "make it in the newer format, cpio -o -H newc, or unpack it and give the folder: cpio -id"
#define HINT_TWICE  "decompress it once: "
#define HINT_KERNEL "a kernel goes into .kernel; .image is the root file system"
#define HINT_MOUNT  "mount it and give the folder, or a tar of it: tar --numeric-owner -C FOLDER -cf root.tar ."
#define HINT_DISK   "make a qcow2 of it: qemu-img convert -O qcow2 DISK disk.qcow2"
#define HINT_PACKED "decompress it: a disk is read here and there, not from its start to its end"

#define MAGIC(offset, text) .at = (offset), .len = sizeof(text) - 1, .magic = (text)

static const struct format formats[] = {
	{"a container's image", .probe = is_container, .key = container_open_and_key, .load = container_open_and_load,
	 .read = container_read},
	{"a folder", .probe = is_folder, .key = folder_key, .load = folder_load},
	{"a compressed archive", .probe = is_packed, .key = archive_key, .load = archive_load},
	{"a tar", .probe = is_tar, .key = archive_key, .load = archive_load, .read = tar_read},
	{"a cpio archive", .probe = is_cpio, .key = archive_key, .load = archive_load, .read = cpio_read},

	/* compressed twice */
	{"something gzip-compressed", MAGIC(0, "\x1f\x8b"), .hint = HINT_TWICE "gzip -d"},
	{"something xz-compressed", MAGIC(0, "\xfd" "7zXZ"), .hint = HINT_TWICE "xz -d"},
	{"something zstd-compressed", MAGIC(0, "\x28\xb5\x2f\xfd"), .hint = HINT_TWICE "zstd -d"},
	{"something bzip2-compressed", MAGIC(0, "BZh"), .hint = HINT_TWICE "bzip2 -d"},
	{"something lz4-compressed", MAGIC(0, "\x04\x22\x4d\x18"), .hint = HINT_TWICE "lz4 -d"},

	/* archives of other kinds */
	{"a cpio archive in the old format", MAGIC(0, "070707"), .hint = HINT_CPIO},
	{"a cpio archive in the oldest format", MAGIC(0, "\xc7\x71"), .hint = HINT_CPIO},
	{"a zip archive", MAGIC(0, "PK\x03\x04"), .hint = "unpack it and give the folder: unzip"},
	{"a 7-Zip archive", MAGIC(0, "7z\xbc\xaf\x27\x1c"), .hint = "unpack it and give the folder: 7z x"},
	{"an ar archive or Debian package", MAGIC(0, "!<arch>"),
	 .hint = "an image is a whole root file system: mmdebstrap makes one with packages in it"},
	{"an RPM package", MAGIC(0, "\xed\xab\xee\xdb"),
	 .hint = "an image is a whole root file system: dnf --installroot makes one with packages in it"},

	/* kernels and programs */
	{"a Linux kernel", MAGIC(0x202, "HdrS"), .hint = HINT_KERNEL},
	{"an ELF program or kernel", MAGIC(0, "\x7f" "ELF"), .hint = HINT_KERNEL},

	/* file systems */
	{"a squashfs image", MAGIC(0, "hsqs"), .hint = "unpack it and give the folder: unsquashfs"},
	{"an EROFS image", MAGIC(1024, "\xe2\xe1\xf5\xe0"),
	 .hint = "give what it was made from, or unpack it and give the folder: fsck.erofs --extract=FOLDER"},
	{"an ext2, ext3 or ext4 image", MAGIC(1080, "\x53\xef"), .hint = HINT_MOUNT, .disk = true},
	{"an XFS image", MAGIC(0, "XFSB"), .hint = HINT_MOUNT, .disk = true},
	{"a Btrfs image", MAGIC(BTRFS_MAGIC_AT, "_BHRfS_M"), .hint = HINT_MOUNT, .disk = true},
	{"an F2FS image", MAGIC(1024, "\x10\x20\xf5\xf2"), .hint = HINT_MOUNT, .disk = true},
	{"an ISO image", MAGIC(32769, "CD001"), .hint = "an installer cannot be booted; give the root file system as a tar or a folder"},

	/* disks */
	{"a qcow2 disk", MAGIC(0, "QFI\xfb"), .hint = HINT_PACKED, .disk = true},
	{"a VMDK disk", MAGIC(0, "KDMV"), .hint = HINT_DISK},
	{"a VHDX disk", MAGIC(0, "vhdxfile"), .hint = HINT_DISK},
	{"a VDI disk", MAGIC(64, "\x7f\x10\xda\xbe"), .hint = HINT_DISK},
	{"a disk with a partition table (GPT)", MAGIC(512, "EFI PART"), .hint = HINT_PACKED, .disk = true},
	{"a disk with a partition table", MAGIC(510, "\x55\xaa"), .hint = HINT_PACKED, .disk = true},

	{"an empty tar", .probe = is_zero_block, .key = archive_key, .load = archive_load, .read = tar_read},
	{"a web page", MAGIC(0, "<"), .hint = "look at it: a download may have gone wrong"},
};

static bool has_magic(const struct format *f, const struct format_head *h)
{
	return h->data && f->at + f->len <= h->n && memcmp(h->data + f->at, f->magic, f->len) == 0;
}

static const struct format *format_of(const struct format_head *h)
{
	for (const struct format *f = formats; f < formats + ARRAY_SIZE(formats); f++)
		if (f->magic ? has_magic(f, h) : f->probe(h))
			return f;
	return NULL;
}

/* The format of a head, which is one that can be loaded. Return: the format, or NULL. */
static const struct format *format_loadable(const char *path, const struct format_head *h, struct err *err)
{
	const struct format *f = format_of(h);

	if (f && (h->inflated ? f->read != NULL : f->load || f->disk))
		return f;
	if (!f) {
		err_set(err, "'%s' is not a tar: its first header is damaged or something else", path);
		err_hint(err, "an image is a tar, a cpio archive, a container's image (OCI, docker save), each compressed or "
			      "not, or a folder");
		return NULL;
	}
	err_set(err, "'%s' cannot be an image: it looks like %s%s", path, f->name, h->inflated ? ", compressed" : "");
	err_hint(err, "%s", f->hint);
	return NULL;
}

/* A stream with an archive in it; what compression hides is seen here only. */
static int archive_load(const char *path, const struct format_target *to, struct err *err)
{
	const struct format *f;
	cleanup_source struct source s = {.fd = -1};
	struct format_head h = {.n = 0};
	ssize_t n;

	if (source_open(&s, path, err) < 0)
		return -1;
	n = source_peek(&s, &h.data, FORMAT_HEAD_MAX, err);
	if (n < 0)
		return -1;
	h.n = (size_t)n;
	h.inflated = source_is_packed(&s);
	f = format_loadable(path, &h, err);
	return f ? f->read(&s, to, err) : -1;
}

const struct format *format_find(const char *path, struct err *err)
{
	cleanup_free uint8_t *head = NULL;
	struct format_head h = {.path = path};
	struct stat st;
	ssize_t n;

	if (stat(path, &st) < 0) {
		err_errno(err, "cannot open '%s'", path);
		return NULL;
	}
	h.folder = S_ISDIR(st.st_mode);
	if (!h.folder) {
		head = xmalloc(FORMAT_HEAD_MAX);
		n = source_head(path, head, FORMAT_HEAD_MAX, err);
		if (n < 0)
			return NULL;
		h.data = head;
		h.n = (size_t)n;
	}
	return format_loadable(path, &h, err);
}

/* ---- what is inside ---- */

#define HINT_FIRST "unpack it and give the folder, or make a tar of nothing else"

/* A root that is none: it has all of @has, and nothing of what every root has. */
static const struct content {
	const char *name, *has[2], *hint;
} contents[] = {
	{"an OCI image layout behind something else", {"oci-layout", "index.json"}, HINT_FIRST},
	{"an archive of docker save behind something else", {"manifest.json", NULL}, HINT_FIRST},
};

static bool is_root(const struct tree *t)
{
	static const char *const usual[] = {"bin", "etc", "lib", "sbin", "usr"};

	for (size_t k = 0; k < ARRAY_SIZE(usual); k++)
		if (tree_find(t, usual[k], false))
			return true;
	return false;
}

int format_check_tree(const char *path, const struct tree *t, struct err *err)
{
	for (const struct content *c = contents; c < contents + ARRAY_SIZE(contents); c++) {
		if (is_root(t) || !tree_find(t, c->has[0], true) || (c->has[1] && !tree_find(t, c->has[1], true)))
			continue;
		err_set(err, "'%s' cannot be an image: it looks like %s", path, c->name);
		return err_hint(err, "%s", c->hint);
	}
	return 0;
}
