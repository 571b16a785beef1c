/* format.c - what an image is, and what is said of one that cannot be loaded */
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "gzip_build.h"
#include "image/format.h"
#include "tar_build.h"

static char dir[32];

static void begin(void)
{
	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
}

static void end(void)
{
	file_remove_tree(dir);
}

/* Find the format of a file and load it. Return: 0, or -1. */
static int load(const char *path, struct err *err)
{
	const struct format *f = format_find(path, err);
	cleanup_free char *out = path_join(dir, "out.erofs");
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	cleanup_buf struct buf run = {0};
	struct tree t;
	int r;

	if (!f)
		return -1;
	unlink(out);
	CHECK_INT(erofs_begin(&w, out, NULL), 0);
	tree_init(&t);
	r = f->load(path, &(struct format_target){&t, &w, &run}, err);
	if (r == 0)
		r = format_check_tree(path, &t, err);
	tree_free(&t);
	return r;
}

/* The same, of bytes. */
static int load_bytes(const void *data, size_t n, struct err *err)
{
	cleanup_free char *path = path_join(dir, "image");

	*err = (struct err){0};
	CHECK_INT(file_write_atomic(path, data, n, 0600, NULL), 0);
	return load(path, err);
}

TEST(format, what_cannot_be_loaded_is_named_and_has_a_hint)
{
	static const struct {
		size_t at;
		const char *bytes, *said, *hint;
	} cases[] = {
		{0, "PK\x03\x04", "looks like a zip archive", "unzip"},
		{0, "070707", "looks like a cpio archive in the old format", "-H newc"},
		{0, "KDMV", "looks like a VMDK disk", "qemu-img convert -O qcow2"},
		{0, "hsqs", "looks like a squashfs image", "unsquashfs"},
		{1024, "\xe2\xe1\xf5\xe0", "looks like an EROFS image", "fsck.erofs"},
		{32769, "CD001", "looks like an ISO image", "installer"},
		{514, "HdrS", "looks like a Linux kernel", ".kernel"},
		{0, "\x7f" "ELF", "looks like an ELF program", ".kernel"},
		{0, "<!DOCTYPE html>", "looks like a web page", "download"},
		{0, "some words", "is not a tar: its first header", "a tar, a cpio archive, a container's image"},
	};

	begin();
	for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
		static char bytes[40000];
		struct err err;

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes + cases[k].at, cases[k].bytes, strlen(cases[k].bytes));
		CHECK_INT(load_bytes(bytes, sizeof(bytes), &err), -1);
		CHECK_HAS(err.text, cases[k].said);
		CHECK_HAS(err.text, cases[k].hint);
	}
	end();
}

TEST(format, disks_are_known_and_loaded_by_nobody)
{
	static const struct {
		size_t at;
		const char *bytes, *name;
	} cases[] = {
		{0, "QFI\xfb", "a qcow2 disk"},
		{510, "\x55\xaa", "a disk with a partition table"},
		{512, "EFI PART", "a disk with a partition table (GPT)"},
		{1080, "\x53\xef", "an ext2, ext3 or ext4 image"},
		{0, "XFSB", "an XFS image"},
		{65600, "_BHRfS_M", "a Btrfs image"},
		{1024, "\x10\x20\xf5\xf2", "an F2FS image"},
	};
	cleanup_free char *path = NULL;

	begin();
	path = path_join(dir, "image");
	for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
		static char bytes[70000];
		const struct format *f;

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes + cases[k].at, cases[k].bytes, strlen(cases[k].bytes));
		CHECK_INT(file_write_atomic(path, bytes, sizeof(bytes), 0600, NULL), 0);
		f = format_find(path, NULL);
		CHECK(f && f->disk && !f->load);
		CHECK_STR(f ? f->name : NULL, cases[k].name);
	}
	end();
}

TEST(format, nothing_and_what_is_no_file)
{
	struct err err;

	begin();
	CHECK_INT(load_bytes("", 0, &err), -1);
	CHECK_HAS(err.text, "image' is empty");
	CHECK_INT(load("/dev/null", &err), -1);
	CHECK_HAS(err.text, "'/dev/null' is neither a file nor a folder");
	CHECK_INT(load("/nowhere", &err), -1);
	CHECK_HAS(err.text, "cannot open '/nowhere': No such file");
	end();
}

TEST(format, what_gzip_hides_is_seen_when_it_is_loaded)
{
	cleanup_buf struct buf once = {0}, twice = {0};
	struct err err;

	begin();
	gzip_build(&once, "QFI\xfb", 4);
	CHECK_INT(load_bytes(once.data, once.len, &err), -1);
	CHECK_HAS(err.text, "looks like a qcow2 disk, compressed\ndecompress it");
	gzip_build(&twice, once.data, once.len);
	CHECK_INT(load_bytes(twice.data, twice.len, &err), -1);
	CHECK_HAS(err.text, "looks like something gzip-compressed, compressed");
	end();
}

/* A name whose bytes stand where a disk has its mark is still a tar's: the sum of its header holds. */
TEST(format, a_tar_is_known_by_the_sum_of_its_header)
{
	cleanup_buf struct buf b = {0};
	struct err err;
	size_t at;

	begin();
	at = tar_build_head(&b, "070701", '5', 0755, "", 0);
	memcpy(b.data + at + 510, "\x55\xaa", 2);
	tar_build_sum(&b, at);
	tar_build_end(&b);
	CHECK_INT(load_bytes(b.data, b.len, &err), 0);
	CHECK_STR(err.text, "");
	end();
}

TEST(format, a_container_archive_behind_something_else_is_no_root)
{
	static const struct {
		const char *first, *second, *said;
	} cases[] = {
		{"oci-layout", "index.json", "looks like an OCI image layout behind something else"},
		{"manifest.json", "repositories", "looks like an archive of docker save behind something else"},
	};

	begin();
	for (size_t k = 0; k < ARRAY_SIZE(cases); k++) {
		cleanup_buf struct buf b = {0};
		struct err err;

		tar_build_file(&b, "README", "");
		tar_build_file(&b, cases[k].first, "{}");
		tar_build_file(&b, cases[k].second, "{}");
		tar_build_end(&b);
		CHECK_INT(load_bytes(b.data, b.len, &err), -1);
		CHECK_HAS(err.text, cases[k].said);
		CHECK_HAS(err.text, "unpack it and give the folder");
	}
	end();
}

TEST(format, a_root_may_have_a_manifest)
{
	cleanup_buf struct buf b = {0};
	struct err err;

	begin();
	tar_build_file(&b, "manifest.json", "{}");
	tar_build_file(&b, "etc/motd", "hello");
	tar_build_end(&b);
	CHECK_INT(load_bytes(b.data, b.len, &err), 0);
	CHECK_STR(err.text, "");
	end();
}

/* The first member says that it may be a container's archive; in a compressed one that is all that is seen before. */
TEST(format, a_compressed_root_may_begin_like_a_container)
{
	cleanup_buf struct buf b = {0}, packed = {0};
	struct err err;

	begin();
	tar_build_file(&b, "manifest.json", "{}");
	tar_build_file(&b, "etc/motd", "hello");
	tar_build_end(&b);
	gzip_build(&packed, b.data, b.len);
	CHECK_INT(load_bytes(packed.data, packed.len, &err), 0);
	CHECK_STR(err.text, "");
	end();
}

TEST(format, a_container_archive_is_known_by_its_first_member)
{
	static const char *const firsts[] = {"./", "index.json", "blobs/", "repositories"};

	begin();
	for (size_t k = 0; k < ARRAY_SIZE(firsts); k++) {
		cleanup_buf struct buf b = {0};
		struct err err;

		tar_build_pax(&b, "comment", "x", 1);
		tar_build_head(&b, firsts[k], '5', 0755, "", 0);
		tar_build_file(&b, "./manifest.json", "[]");
		tar_build_end(&b);
		CHECK_INT(load_bytes(b.data, b.len, &err), -1);
		CHECK_HAS(err.text, "there is no image for linux/amd64 in it");
	}
	end();
}
