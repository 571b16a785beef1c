/* guest.c - from what a script declares to the files that QEMU gets */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/embedded.h"
#include "image/guest.h"
#include "image/initramfs.h"
#include "image/kernel.h"
#include "tar_build.h"
#include "wire/boot.h"

static char dir[32];

static char *put(const char *name, const void *data, size_t n)
{
	char *path = path_join(dir, name);
	cleanup_free char *parent = path_dir(path);

	file_make_dirs(parent, NULL);
	file_write_atomic(path, data, n, 0600, NULL);
	return path;
}

static void put_text(const char *name, const char *text)
{
	free(put(name, text, strlen(text)));
}

/* A bzImage as far as its setup header goes. */
static void kernel_image(char k[1024], const char *release)
{
	memset(k, 0, 1024);
	memcpy(k + 0x1fe, "\x55\xaa", 2);
	memcpy(k + 0x202, "HdrS", 4);
	memcpy(k + 0x20e, "\x00\x01", 2); /* 0x100 behind 0x200 */
	snprintf(k + 0x300, 64, "%s (builder) #1", release);
}

/* A kit whose kernel has everything built in, but the modules of a root. */
static void begin(void)
{
	char kernel[1024];

	strcpy(dir, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
	kernel_image(kernel, "1.2.3-kit");
	free(put("kit/vmlinuz", kernel, sizeof(kernel)));
	free(put("kit/busybox", "\0ash\0cat\0sh\0\0", 14));
	put_text("kit/lib/modules/1.2.3-kit/modules.dep", "k/erofs.ko:\n");
	put_text("kit/lib/modules/1.2.3-kit/k/erofs.ko", "a module's bytes");
	put_text("kit/lib/modules/1.2.3-kit/modules.builtin",
		 "k/virtio_pci.ko\nk/virtio_blk.ko\nk/virtio-console.ko\nk/virtio_net.ko\nk/overlay.ko\n");
}

static void end(void)
{
	file_remove_tree(dir);
}

static bool changes; /* its root on a disk */

static int prepare(const char *image, const char *kernel, struct guest_files *f, struct err *err)
{
	cleanup_free char *kit = path_join(dir, "kit"), *store = path_join(dir, "store");
	struct guest_spec s = {.image = image, .kernel = kernel, .kit = kit, .store = store, .changes = changes};

	s.agent = embedded_agent(&s.agent_len);
	return guest_prepare(&s, f, err);
}

static bool file_has(const char *path, const char *part)
{
	cleanup_buf struct buf b = {0};

	return path && file_read(path, 1 << 20, &b, NULL) == 0 && memmem(b.data, b.len, part, strlen(part));
}

TEST(guest, kit)
{
	cleanup_guest_files struct guest_files f = {0};
	struct err err = {0};

	begin();
	CHECK_INT(prepare(NULL, NULL, &f, &err), 0);
	CHECK_STR(err.text, "");
	CHECK_STR(f.version, "1.2.3-kit");
	CHECK_INT(f.ndisks, 0);
	CHECK(file_has(f.initrd, "bin/busybox"));
	CHECK(file_has(f.initrd, "bin/cat"));
	CHECK(!file_has(f.initrd, "a module's bytes"));
	end();
}

TEST(guest, tar_with_the_kits_kernel)
{
	cleanup_guest_files struct guest_files f = {0};
	cleanup_free char *image = NULL;
	struct err err = {0};
	struct buf b = {0};

	begin();
	tar_build_file(&b, "etc/motd", "hello");
	tar_build_end(&b);
	image = put("x.tar", b.data, b.len);
	buf_free(&b);
	CHECK_INT(prepare(image, NULL, &f, &err), 0);
	CHECK_STR(err.text, "");
	CHECK(file_has(guest_files_disk(&f, BOOT_ROOT_SERIAL), "hello"));
	CHECK(file_has(guest_files_disk(&f, BOOT_MODULES_SERIAL), "a module's bytes"));
	CHECK(file_has(f.initrd, "/lib/modules/1.2.3-kit/k/erofs.ko\n"));
	CHECK(file_has(f.initrd, "a module's bytes"));
	CHECK(!file_has(f.initrd, "bin/busybox"));
	end();
}

TEST(guest, folder_with_a_kernel_of_its_own)
{
	cleanup_guest_files struct guest_files f = {0};
	cleanup_free char *image = NULL, *link = NULL;
	char old[1024], new[1024];

	begin();
	kernel_image(old, "6.1.0-9");
	kernel_image(new, "6.1.0-10");
	free(put("root/boot/vmlinuz-6.1.0-9", old, sizeof(old)));
	free(put("root/boot/vmlinuz-6.1.0-10", new, sizeof(new)));
	put_text("root/usr/lib/modules/6.1.0-10/modules.dep", "k/erofs.ko:\n");
	put_text("root/usr/lib/modules/6.1.0-10/k/erofs.ko", "its own module");
	put_text("root/usr/lib/modules/6.1.0-10/modules.builtin",
		 "k/virtio_pci.ko\nk/virtio_blk.ko\nk/virtio_console.ko\nk/virtio_net.ko\nk/overlay.ko\n");
	image = path_join(dir, "root");
	link = path_join(dir, "root/lib");
	CHECK_INT(symlink("usr/lib", link), 0);
	CHECK_INT(prepare(image, NULL, &f, NULL), 0);
	CHECK(f.version && strcmp(f.version, "6.1.0-10") == 0);
	CHECK(!guest_files_disk(&f, BOOT_MODULES_SERIAL));
	CHECK(file_has(f.initrd, "its own module"));
	end();
}

TEST(guest, a_changed_folder_is_made_again)
{
	struct guest_files a = {0}, b = {0};
	cleanup_free char *image = NULL;

	begin();
	put_text("root/f", "one");
	image = path_join(dir, "root");
	CHECK_INT(prepare(image, NULL, &a, NULL), 0);
	put_text("root/f", "two");
	CHECK_INT(prepare(image, NULL, &b, NULL), 0);
	CHECK_INT(a.ndisks, 2);
	CHECK_INT(b.ndisks, 2);
	CHECK(a.disks[0].path && b.disks[0].path && strcmp(a.disks[0].path, b.disks[0].path) != 0);
	CHECK(file_has(b.disks[0].path, "two"));
	guest_files_free(&a);
	guest_files_free(&b);
	end();
}

TEST(guest, an_initrd_goes_in_front_of_ours)
{
	cleanup_free char *kit = NULL, *store = NULL, *initrd = NULL, *bad = NULL;
	cleanup_guest_files struct guest_files f = {0}, none = {0};
	cleanup_buf struct buf b = {0};
	struct guest_spec s = {0};
	struct err err = {0};

	begin();
	s.agent = embedded_agent(&s.agent_len);
	s.kit = kit = path_join(dir, "kit");
	s.store = store = path_join(dir, "store");
	s.initrd = initrd = put("initrd", "070701 of the user", 18);
	CHECK_INT(guest_prepare(&s, &f, &err), 0);
	CHECK_INT(file_read(f.initrd, 1 << 20, &b, NULL), 0);
	CHECK(memcmp(buf_str(&b), "070701 of the user\0\0" "070701", 26) == 0);
	s.initrd = bad = put("bad", "not one", 7);
	CHECK_INT(guest_prepare(&s, &none, &err), -1);
	CHECK_HAS(err.text, "bad' is not an initramfs: neither");
	end();
}

TEST(guest, a_kernel_that_needs_modules_and_has_none)
{
	static const char elf[] = "\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0" /* EM_X86_64 */
				  "............................................"
				  "Linux version 6.6.1-x (me@here)\0virtio-pci\0virtio_console";
	cleanup_guest_files struct guest_files f = {0};
	cleanup_free char *kernel = NULL;
	struct err err = {0};

	begin();
	kernel = put("vmlinux", elf, sizeof(elf));
	CHECK_INT(prepare(NULL, kernel, &f, &err), -1);
	CHECK_HAS(err.text, "the kernel 6.6.1-x lacks virtio_net (for its networks), and there are no modules for it");
	end();
}

/* Of the kit's kernel, whose modules have no ext4, and of one without modules. */
TEST(guest, a_kernel_that_cannot_change_its_root_on_a_disk)
{
	static const char elf[] = "\x7f" "ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\x3e\0" /* EM_X86_64 */
				  "............................................"
				  "Linux version 6.6.1-x (me@here)\0virtio-pci\0virtio_console\0virtio_net\0virtio_blk\0overlay";
	cleanup_guest_files struct guest_files f = {0}, with = {0};
	cleanup_free char *kernel = NULL;
	struct err err = {0}, other = {0};

	begin();
	changes = true;
	CHECK_INT(prepare(NULL, NULL, &f, &err), -1);
	CHECK_HAS(err.text, "needs ext4 for .keep and .root_size");
	kernel = put("vmlinux", elf, sizeof(elf));
	CHECK_INT(prepare(NULL, kernel, &f, &other), -1);
	CHECK_HAS(other.text, "the kernel 6.6.1-x lacks ext4 (for .keep and .root_size), and there are no modules for it");
	changes = false;
	CHECK_INT(prepare(NULL, kernel, &with, NULL), 0);
	end();
}

TEST(guest, errors_name_the_file)
{
	cleanup_free char *bad = NULL;
	struct guest_files f = {0};
	struct err err = {0};

	begin();
	CHECK_INT(prepare("/nowhere/x.tar", NULL, &f, &err), -1);
	CHECK_HAS(err.text, "cannot open '/nowhere/x.tar': No such file");
	bad = put("kernel", "not one", 7);
	CHECK_INT(prepare(NULL, bad, &f, &err), -1);
	CHECK_HAS(err.text, "kernel' is not a Linux kernel: neither");
	CHECK_INT(prepare(bad, NULL, &f, &err), -1);
	CHECK_HAS(err.text, "kernel' is not a tar");
	CHECK(!f.kernel && !f.ndisks);
	end();
}

/* Nobody writes to it: waiting for a writer would be for ever. */
TEST(guest, a_pipe_is_refused_wherever_it_is_given)
{
	cleanup_free char *pipe = NULL, *kit = NULL, *store = NULL;
	struct guest_files f = {0};
	struct guest_spec s = {0};
	struct err err = {0};

	begin();
	pipe = path_join(dir, "pipe");
	CHECK_INT(mkfifo(pipe, 0600), 0);
	CHECK_INT(prepare(pipe, NULL, &f, &err), -1);
	CHECK_HAS(err.text, "pipe' is neither a file nor a folder");
	CHECK_INT(prepare(NULL, pipe, &f, &err), -1);
	CHECK_HAS(err.text, "cannot use the kernel: '");
	CHECK_HAS(err.text, "pipe' is neither a file nor a folder");
	s.agent = embedded_agent(&s.agent_len);
	s.kit = kit = path_join(dir, "kit");
	s.store = store = path_join(dir, "store");
	s.initrd = pipe;
	CHECK_INT(guest_prepare(&s, &f, &err), -1);
	CHECK_HAS(err.text, "pipe' is neither a file nor a folder");
	end();
}

TEST(guest, no_room_for_an_initramfs_has_a_hint)
{
	struct rlimit old, small = {.rlim_cur = 65536};
	struct guest_files f = {0};
	struct err err = {0};

	begin();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK_INT(prepare(NULL, NULL, &f, &err), -1);
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK_HAS(err.text, "initrd.cpio': File too large");
	CHECK_HAS(err.text, "file size limit");
	end();
}

/* ---- warnings ---- */

/* Prepare an archive, and read what is said on stderr meanwhile; consumes @b. */
static void prepare_loudly(struct buf *b, struct buf *said)
{
	cleanup_free char *image = put("x.tar", b->data, b->len), *log = path_join(dir, "stderr");
	cleanup_guest_files struct guest_files f = {0};
	cleanup_fd int old = dup(STDERR_FILENO), fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct err err = {0};

	buf_free(b);
	dup2(fd, STDERR_FILENO);
	CHECK_INT(prepare(image, NULL, &f, &err), 0);
	dup2(old, STDERR_FILENO);
	CHECK_STR(err.text, "");
	CHECK_INT(file_read(log, 1 << 16, said, NULL), 0);
}

TEST(guest, white_outs_are_told)
{
	cleanup_buf struct buf said = {0};
	struct buf b = {0};

	begin();
	tar_build_file(&b, "etc/.wh.motd", "");
	tar_build_file(&b, "var/.wh..wh..opq", "");
	tar_build_file(&b, ".wh..wh.plnk", ""); /* aufs's own */
	tar_build_end(&b);
	prepare_loudly(&b, &said);
	CHECK_HAS(buf_str(&said), "x.tar' looks like one layer of a container's image: 2 white-outs (.wh.NAME)");
	end();
}

TEST(guest, an_init_that_points_to_nothing_is_told)
{
	cleanup_buf struct buf said = {0};
	struct buf b = {0};

	begin();
	tar_build_head(&b, "sbin/init", '2', 0777, "/lib/systemd/systemd", 0);
	tar_build_end(&b);
	prepare_loudly(&b, &said);
	CHECK_HAS(buf_str(&said), "x.tar': /sbin/init points to '/lib/systemd/systemd', which is not in it");
	end();
}

TEST(guest, a_plain_root_is_not_spoken_of)
{
	cleanup_buf struct buf said = {0};
	struct buf b = {0};

	begin();
	tar_build_file(&b, "lib/systemd/systemd", "x");
	tar_build_head(&b, "sbin/init", '2', 0777, "../lib/systemd/systemd", 0);
	tar_build_end(&b);
	prepare_loudly(&b, &said);
	CHECK_STR(buf_str(&said), "");
	end();
}

TEST(guest, release_of_an_elf_kernel)
{
	cleanup_free char *path = NULL, *release = NULL;
	static char elf[3 << 20] = "\x7f" "ELF";

	begin();
	elf[18] = 62; /* e_machine: EM_X86_64 */
	strcpy(elf + 100, "Linux version %s");	       /* a format string is not a version */
	strcpy(elf + (1 << 20) - 20, "Linux version 6.6.1-x (me@here)"); /* across two reads */
	path = put("vmlinux", elf, sizeof(elf));
	release = kernel_release(path, NULL);
	CHECK_STR(release, "6.6.1-x");
	end();
}

TEST(guest, applets_end_where_the_list_ends)
{
	static const char elf[] = "junk\0[\0[[\0ash\0cat\0sh\0\0zz\0", behind_a_table[] = "\1\2[\0[[\0acpid\0sh\0\0";
	size_t count = 0;
	const char *first = initramfs_applets(elf, sizeof(elf), &count);

	CHECK_STR(first, "[");
	CHECK_INT(count, 5);
	CHECK(initramfs_applets(behind_a_table, sizeof(behind_a_table), &count) == behind_a_table + 2);
	CHECK_INT(count, 4);
	CHECK(!initramfs_applets("nothing here", 12, &count));
}
