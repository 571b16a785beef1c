/* kernel_tree.c - a kernel given as a folder: where it was built, or where it was installed
 *
 * Theory of operation
 *
 * What was installed is used as it is. A build has its modules all over the
 * tree, and no index of them: what `make modules_install` would do is done in an
 * entry of the store, "built/KEY/lib/modules/RELEASE", with copies, since the next
 * build overwrites what a run still reads. depmod makes the index, as for every
 * kernel: it ships with every system that can build one. The key is the content
 * of all that, whose sums the store remembers, so that a build that has changed
 * nothing costs a look at each module.
 */
#include "image/kernel_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "image/kernel.h"
#include "image/modules.h"
#include "store/store.h"

#define TREE_FORMAT  "1"
#define ORDER_FILE   "modules.order"
#define ORDER_MAX    (16u << 20) /* bytes of it */
#define COPY_BYTES   (1u << 30) /* at a time */
#define DEPMOD_MS    120000

static const char *const index_files[] = {ORDER_FILE, MODULES_BUILTIN, "modules.builtin.modinfo"};

/* ---- finding ---- */

/* Return: @dir/@name if there is such a file, which the caller frees. */
static char *find(const char *dir, const char *name)
{
	cleanup_free char *path = path_join(dir, name);
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) ? steal(path) : NULL;
}

/* Return: the newest of the files or folders in @dir whose names begin with @prefix, which the caller frees. */
static char *find_newest(const char *dir, const char *prefix)
{
	cleanup_free char *best = NULL;
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (e->d_name[0] == '.' || !text_starts(e->d_name, prefix) || text_ends(e->d_name, ".old") ||
		    strstr(e->d_name, "rescue") || (best && strverscmp(e->d_name, best) <= 0))
			continue;
		free(best);
		best = xstrdup(e->d_name);
	}
	if (d)
		closedir(d);
	return best ? path_join(dir, best) : NULL;
}

/* Return: the folder that has lib/modules when @path is a lib/modules/RELEASE, which the caller frees. */
static char *above_modules(const char *path)
{
	cleanup_free char *modules = path_dir(path), *lib = path_dir(modules);
	cleanup_free char *dep = find(path, "modules.dep");

	return dep && strcmp(path_base(modules), "modules") == 0 && strcmp(path_base(lib), "lib") == 0 ? path_dir(lib) : NULL;
}

/* The modules of one release, with its kernel there or in the boot folder beside. */
static bool find_release(const char *path, struct kernel_tree *out)
{
	cleanup_free char *top = above_modules(path), *boot = NULL, *name = NULL;

	if (!top)
		return false;
	boot = path_join(top, "boot");
	name = xasprintf("vmlinuz-%s", path_base(path));
	out->image = find(path, "vmlinuz");
	if (!out->image)
		out->image = find(boot, name);
	if (out->image)
		out->modules = steal(top);
	return out->image != NULL;
}

static bool find_installed(const char *path, struct kernel_tree *out)
{
	static const char *const boots[] = {"boot", "", "usr/boot"};
	static const char *const tops[] = {"lib/modules", "usr/lib/modules"};

	for (size_t i = 0; i < ARRAY_SIZE(boots) && !out->image; i++) {
		cleanup_free char *boot = path_join(path, boots[i]);

		out->image = find_newest(boot, "vmlinuz");
		if (!out->image)
			out->image = find(boot, "bzImage");
	}
	for (size_t i = 0; i < ARRAY_SIZE(tops) && !out->modules; i++) {
		cleanup_free char *modules = path_join(path, tops[i]), *release = NULL;

		if (!file_is_folder(modules))
			continue;
		out->modules = xstrdup(path);
		release = out->image ? NULL : find_newest(modules, "");
		if (release)
			out->image = find(release, "vmlinuz");
	}
	return out->image != NULL; /* the modules alone are freed with the rest */
}

/* ---- a build's modules ---- */

struct built {
	const char *store, *path, *release;
	struct buf order;
};

/* Lines are "kernel/fs/x.ko", or since 6.4 "fs/x.o", of the file fs/x.ko. Return: the next one's path in the tree, owned. */
static char *next_module(const char **at)
{
	const char *line;
	size_t n;

	while (text_next_line(at, &line, &n)) {
		if (n > 7 && memcmp(line, "kernel/", 7) == 0) {
			line += 7;
			n -= 7;
		}
		if (n > 2 && memcmp(line + n - 2, ".o", 2) == 0)
			return xasprintf("%.*s.ko", (int)(n - 2), line);
		if (n > 0)
			return xstrndup(line, n);
	}
	return NULL;
}

/* A path of a list that somebody wrote: it may not lead out of the tree. */
static int check_module(const char *name, struct err *err)
{
	if (*name != '/' && !strstr(name, "..") && text_ends(name, ".ko"))
		return 0;
	return err_set(err, ORDER_FILE " names '%.200s', which is no module", name);
}

/* A driver with what a debugger wants may have half a GiB. */
static int copy_file(const char *from, const char *to, struct err *err)
{
	cleanup_free char *dir = path_dir(to);
	cleanup_fd int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
	ssize_t n;

	if (in < 0)
		return err_errno(err, "cannot open '%s'", from);
	if (file_make_dirs(dir, err) < 0)
		return -1;
	out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (out < 0)
		return err_errno(err, "cannot make '%s'", to);
	while ((n = copy_file_range(in, NULL, out, NULL, COPY_BYTES, 0)) > 0)
		;
	if (n < 0) /* another file system, of a kernel that cannot copy between two */
		while ((n = sendfile(out, in, NULL, COPY_BYTES)) > 0)
			;
	return n < 0 ? err_errno(err, "cannot copy '%s'", from) : 0;
}

static int copy_modules(const struct built *b, const char *to, struct err *err)
{
	const char *at = buf_str(&b->order);
	char *name;
	int r = 0;

	while (r == 0 && (name = next_module(&at))) {
		cleanup_free char *module = name, *from = path_join(b->path, module), *target = xasprintf("%s/kernel/%s", to, module);

		r = copy_file(from, target, err);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(index_files); i++) {
		cleanup_free char *from = find(b->path, index_files[i]), *target = path_join(to, index_files[i]);

		r = from ? copy_file(from, target, err) : 0;
	}
	return r;
}

static int run_depmod(const char *dir, const char *release, struct err *err)
{
	cleanup_free char *path = proc_find("depmod");
	char *argv[] = {"depmod", "-b", (char *)dir, (char *)release, NULL};
	struct proc_spec p = {.path = path ? path : "/sbin/depmod", .argv = argv};
	int fd = -1;
	pid_t pid;

	if (!path && !file_exists(p.path)) {
		err_set(err, "there is no depmod on this host, which a build's modules need");
		return err_hint(err, "install it (package kmod), or make modules_install INSTALL_MOD_PATH=DIR elsewhere");
	}
	pid = proc_start(&p, &fd, err);
	if (pid < 0)
		return -1;
	return proc_ends_well(pid, fd, DEPMOD_MS) ? 0 : err_set(err, "depmod cannot make an index of the modules");
}

static int built_make(const char *dir, void *arg, struct err *err)
{
	const struct built *b = arg;
	cleanup_free char *to = xasprintf("%s/lib/modules/%s", dir, b->release);

	if (copy_modules(b, to, err) < 0)
		return -1;
	return run_depmod(dir, b->release, err);
}

static int built_key(void *arg, char hex[SHA256_HEX], struct err *err)
{
	const struct built *b = arg;
	const char *at = buf_str(&b->order);
	struct sha256 key;
	char *name;

	sha256_init(&key);
	sha256_add_str(&key, "built " TREE_FORMAT);
	sha256_add_str(&key, b->release);
	sha256_add(&key, buf_str(&b->order), b->order.len);
	while ((name = next_module(&at))) {
		cleanup_free char *module = name, *path = path_join(b->path, module);

		if (check_module(module, err) < 0 || store_key_content(b->store, &key, path, err) < 0)
			return err_hint(err, "make modules builds what is missing");
	}
	for (size_t i = 1; i < ARRAY_SIZE(index_files); i++) {
		cleanup_free char *path = find(b->path, index_files[i]);

		if (path && store_key_content(b->store, &key, path, err) < 0)
			return -1;
	}
	sha256_hex(&key, hex);
	return 0;
}

static int gather_modules(struct built *b, struct kernel_tree *out, struct err *err)
{
	cleanup_free char *order = find(b->path, ORDER_FILE);
	const struct store_recipe recipe = {.kind = "built", .what = b->path, .key = built_key, .build = built_make, .arg = b};
	char key[SHA256_HEX];

	if (!order)
		return 0;
	if (file_read(order, ORDER_MAX, &b->order, err) < 0)
		return -1;
	return b->order.len ? store_make(b->store, &recipe, key, &out->modules, err) : 0;
}

static int open_build(const char *store, const char *path, struct kernel_tree *out, struct err *err)
{
	cleanup_free char *release = kernel_release(out->image, err);
	struct built b = {.store = store, .path = path, .release = release};
	int r = release ? gather_modules(&b, out, err) : -1;

	buf_free(&b.order);
	return r;
}

/* ---- all of it ---- */

int kernel_tree_open(const char *store, const char *path, struct kernel_tree *out, struct err *err)
{
	int r = 0;

	*out = (struct kernel_tree){.image = find(path, KERNEL_BUILT)};
	if (!out->image)
		out->image = find(path, "vmlinux");
	if (out->image) {
		r = open_build(store, path, out, err);
	} else if (!find_release(path, out) && !find_installed(path, out)) {
		err_set(err, "there is no kernel in the folder '%s'", path);
		r = err_hint(err, "looked for " KERNEL_BUILT " and vmlinux (a build), boot/vmlinuz-* with lib/modules (an "
				  "installation), and a vmlinuz beside modules.dep");
	}
	if (r < 0)
		kernel_tree_free(out);
	return r;
}

void kernel_tree_free(struct kernel_tree *t)
{
	free(t->image);
	free(t->modules);
	*t = (struct kernel_tree){.image = NULL};
}
