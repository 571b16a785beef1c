/* initramfs.c - the archive that a guest starts from
 *
 * Small is fast: under TCG the guest's kernel unpacks about 60 MB/s, so only
 * what is loaded goes in, and links take the place of whole folders.
 */
#include "image/initramfs.h"

#include <string.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/cpio.h"
#include "wire/boot.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "daemon:x:1:1:daemon:/:/bin/false\n"
			     "nobody:x:65534:65534:nobody:/:/bin/false\n";
static const char group[] = "root:x:0:\ndaemon:x:1:\ntty:x:5:\nnogroup:x:65534:\n";
static const char hosts[] = "127.0.0.1 localhost\n::1 localhost\n";

/* ---- BusyBox ---- */

/* Return: whether a string may be an applet's name; the list ends where other strings follow. */
static bool is_applet_name(const char *s, size_t n)
{
	if (n == 0 || n > 32)
		return false;
	for (size_t k = 0; k < n; k++)
		if (!memchr("abcdefghijklmnopqrstuvwxyz0123456789_-.[", s[k], 40))
			return false;
	return true;
}

/* Sorted names from @p on. Return: how many. */
static size_t applets_count(const char *p, const char *end, bool *has_sh)
{
	const char *last = "";
	size_t count = 0;

	*has_sh = false;
	while (p < end) {
		size_t n = strnlen(p, (size_t)(end - p));

		if (p + n == end || !is_applet_name(p, n) || strcmp(p, last) <= 0)
			break;
		*has_sh = *has_sh || strcmp(p, "sh") == 0;
		last = p;
		p += n + 1;
		count++;
	}
	return count;
}

/*
 * The list is one string constant, "[\0[[\0acpid\0...": names in order, which
 * BusyBox searches by bisection. Looking for it beats running `busybox --list`
 * on the host, which cannot be done for a guest of another architecture.
 */
const char *initramfs_applets(const char *elf, size_t n, size_t *count)
{
	static const char *const heads[] = {"[\0[[\0", "\0[\0", "\0acpid\0", "\0arch\0", "\0ash\0"};
	static const size_t lens[] = {5, 3, 7, 6, 5};

	for (size_t k = 0; k < ARRAY_SIZE(heads); k++) {
		const char *at = elf, *end = elf + n;

		while ((at = memmem(at, (size_t)(end - at), heads[k], lens[k]))) {
			bool has_sh;

			at += *at == 0; /* what stands before the list need not end in a zero */
			*count = applets_count(at, end, &has_sh);
			if (has_sh)
				return at;
			at++;
		}
	}
	return NULL;
}

static int add_busybox(struct cpio *c, const char *path, struct err *err)
{
	cleanup_buf struct buf elf = {0};
	const char *applet;
	size_t count = 0;

	if (file_read(path, BUSYBOX_MAX, &elf, err) < 0)
		return -1;
	applet = elf.len ? initramfs_applets(elf.data, elf.len, &count) : NULL;
	if (!applet) {
		err_set(err, "'%s' is not a BusyBox: there is no list of applets in it", path);
		return err_hint(err, "the kit needs a static BusyBox with a shell");
	}
	cpio_file(c, "bin/busybox", 0755, elf.data, elf.len);
	for (; count--; applet += strlen(applet) + 1) {
		cleanup_free char *link = path_join("bin", applet);

		if (strcmp(applet, "busybox") != 0) /* some lists have BusyBox itself as an applet */
			cpio_symlink(c, link, "busybox");
	}
	return 0;
}

static int add_userland(struct cpio *c, const char *busybox, struct err *err)
{
	static const char *const dirs[] = {"bin", "etc", "root", "usr", "var", "var/log", "var/tmp", "mnt"};

	for (size_t k = 0; k < ARRAY_SIZE(dirs); k++)
		cpio_dir(c, dirs[k], strcmp(dirs[k], "root") == 0 ? 0700 : strcmp(dirs[k], "var/tmp") == 0 ? 01777 : 0755);
	cpio_symlink(c, "sbin", "bin");
	cpio_symlink(c, "usr/bin", "../bin");
	cpio_symlink(c, "usr/sbin", "../bin");
	cpio_symlink(c, "var/run", "../run");
	cpio_file(c, "etc/passwd", 0644, passwd, sizeof(passwd) - 1);
	cpio_file(c, "etc/group", 0644, group, sizeof(group) - 1);
	cpio_file(c, "etc/hosts", 0644, hosts, sizeof(hosts) - 1);
	return add_busybox(c, busybox, err);
}

/* ---- modules ---- */

/* Add the folders above "a/b/c", unless the last path had them too. */
static void add_parents(struct cpio *c, const char *path, const char *last)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - path);
		cleanup_free char *dir = xstrndup(path, n);

		if (strncmp(path, last, n + 1) != 0)
			cpio_dir(c, dir, 0755);
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_module(struct cpio *c, const struct initramfs *i, const char *module, const char *to, struct err *err)
{
	cleanup_buf struct buf data = {0};

	if (module_read(&i->folder, i->modules_dir, module, &data, err) < 0)
		return -1;
	cpio_file(c, to, 0644, data.data, data.len);
	return 0;
}

/*
 * What modprobe(8) of a BusyBox guest asks: modules.builtin, so that it knows
 * what need not be loaded, and a modules.dep of what is there and is loaded.
 */
static int add_index(struct cpio *c, const struct initramfs *i, const char *last, const struct buf *paths, struct err *err)
{
	cleanup_free char *to = xasprintf("lib/modules/%s/" MODULES_BUILTIN, i->release);
	cleanup_free char *dep = xasprintf("lib/modules/%s/modules.dep", i->release);
	cleanup_free char *from = path_join(i->modules_dir, MODULES_BUILTIN);

	if (!folder_has(&i->folder, from))
		return 0;
	add_parents(c, to, last);
	cpio_file(c, dep, 0644, buf_str(paths), paths->len);
	return add_module(c, i, MODULES_BUILTIN, to, err);
}

/* Add the modules in the order of their paths, so that each folder comes once, and their list in load order. */
static int add_modules(struct cpio *c, const struct initramfs *i, struct err *err)
{
	char *sorted[MODULES_MAX];
	cleanup_buf struct buf list = {0}, dep = {0};
	cleanup_free char *last = xstrdup("");
	size_t n = i->modules->count;

	memcpy(sorted, i->modules->paths, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), by_text);
	for (size_t k = 0; k < n; k++) {
		char *to = xasprintf("lib/modules/%s/%.*s", i->release, (int)module_name_length(sorted[k]), sorted[k]);

		add_parents(c, to, last);
		free(last);
		last = to;
		if (add_module(c, i, sorted[k], to, err) < 0)
			return -1;
	}
	for (size_t k = 0; k < n; k++) {
		const char *path = i->modules->paths[k];
		int length = (int)module_name_length(path);

		buf_addf(&list, "/lib/modules/%s/%.*s\n", i->release, length, path);
		buf_addf(&dep, "%.*s:\n", length, path);
	}
	cpio_file(c, &BOOT_MODULES_LIST[1], 0644, buf_str(&list), list.len); /* paths in the archive have no slash in front */
	return i->busybox && i->modules_dir ? add_index(c, i, last, &dep, err) : 0;
}

bool initramfs_is(const void *data, size_t n)
{
	/* cpio "newc" without and with sums; gzip, bzip2, LZMA, XZ, LZO, LZ4, Zstandard (Linux, lib/decompress.c) */
	static const char *const magics[] = {
		"070701", "070702", "\x1f\x8b", "\x1f\x9e", "BZh", "\x5d", "\xfd\067zXZ", "\x89LZO", "\x02\x21\x4c\x18", "\x28\xb5\x2f\xfd",
	};

	for (size_t k = 0; k < ARRAY_SIZE(magics); k++)
		if (n >= strlen(magics[k]) && memcmp(data, magics[k], strlen(magics[k])) == 0)
			return true;
	return false;
}

int initramfs_make(const struct initramfs *i, struct buf *out, struct err *err)
{
	static const char *const dirs[] = {"dev", "proc", "run", "sys", "vmtap"};
	struct cpio c = {0};
	int r = 0;

	for (size_t k = 0; k < ARRAY_SIZE(dirs); k++)
		cpio_dir(&c, dirs[k], 0755);
	cpio_dir(&c, "tmp", 01777);
	cpio_char(&c, "dev/console", 0600, 5, 1);
	cpio_file(&c, "init", 0755, i->agent, i->agent_len);
	if (i->run && i->run->len)
		cpio_file(&c, &BOOT_RUN[1], 0644, i->run->data, i->run->len);
	if (i->users && i->users->len)
		cpio_file(&c, &BOOT_USERS[1], 0600, i->users->data, i->users->len);
	if (i->files && i->files->len)
		cpio_file(&c, &BOOT_FILES[1], 0600, i->files->data, i->files->len);
	if (i->busybox)
		r = add_userland(&c, i->busybox, err);
	if (r == 0)
		r = add_modules(&c, i, err);
	cpio_end(&c);
	if (r == 0)
		buf_add(out, c.out.data, c.out.len);
	buf_free(&c.out);
	return r;
}
