/* guest.c - from what a script declares to the files that QEMU gets
 *
 * Everything made is an entry of the store (store.h):
 *
 *	root/KEY	root.erofs, and vmlinuz when the image has a kernel
 *	modules/KEY	modules.erofs
 *	kernel/KEY	vmlinux, empty when the kernel cannot be unpacked
 *	lacks/KEY	lacks.txt: names of drivers that a kernel has not built in
 *	initrd/KEY	initrd.cpio
 *
 * The keys are made of contents, not of places and times, so that a store that
 * was carried to another machine is of use there; the store remembers the sums
 * of what it has read. They count GUEST_FORMAT in: raise it when the bytes
 * that we write for the same input change.
 */
#include "image/guest.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "image/cpio.h"
#include "image/dir.h"
#include "image/erofs.h"
#include "image/folder.h"
#include "base/gzip.h"
#include "image/initramfs.h"
#include "image/kernel.h"
#include "image/modules.h"
#include "image/source.h"
#include "store/store.h"
#include "image/tar.h"
#include "image/vmlinux.h"

#define GUEST_FORMAT "2"
#define KERNEL_MAX   (512u << 20) /* bytes of a kernel */
#define INITRD_MAX   (512u << 20) /* bytes of an initrd of the user's */
#define AGENT_MAX    (16u << 20)  /* bytes of our own agent */
#define LACKS_MAX    4096	  /* bytes; a few names */

#define ROOT_FILE    "root.erofs"
#define KERNEL_FILE  "vmlinuz"
#define VMLINUX_FILE "vmlinux"
#define LACKS_FILE   "lacks.txt"
#define MODULES_FILE "modules.erofs"
#define INITRD_FILE  "initrd.cpio"

/* What every guest needs to talk to us. */
static const struct module_want kit_wants[] = {
	{"virtio_pci", false},
	{"virtio_console", false},
	{"virtio_net", false},
	{"virtio_rng", true},
};

/* And what it needs to mount a root: all of those, and more. */
static const struct module_want root_wants[] = {
	{"virtio_pci", false},
	{"virtio_blk", false},
	{"virtio_console", false},
	{"erofs", false},
	{"overlay", false},
	{"virtio_net", false},
	{"virtio_rng", true},
};

/**
 * struct guest - A guest being prepared
 * @root_key:	Of the root's entry
 * @image:	The root, open for reading, when there is one
 * @modules:	Where the modules are, if @modules_dir is set
 * @modules_dir: The version's folder in there, or NULL: not modular
 */
struct guest {
	const struct guest_spec *spec;
	struct guest_files *out;
	char root_key[SHA256_HEX];
	struct erofs_image image;
	struct folder modules;
	char *modules_dir;
	struct module_list closure;
};

/* ---- the root ---- */

/* A folder, with the flags that it will be loaded with. */
struct folder_sum {
	const char *path;
	enum dir_flag flags;
};

static int folder_compute(void *arg, char sum[SHA256_HEX], struct err *err)
{
	const struct folder_sum *f = arg;

	return dir_sum(f->path, f->flags, sum, err);
}

/* Feed a folder's content; its files are read again only if a name or an lstat(2) in it changed. */
static int folder_key(const struct guest *g, struct sha256 *key, const char *path, enum dir_flag flags,
		      struct err *err)
{
	struct folder_sum f = {.path = path, .flags = flags};
	char facts[SHA256_HEX], sum[SHA256_HEX];
	struct sha256 s;

	sha256_init(&s);
	sha256_add_str(&s, flags == DIR_ALL_ROOT ? "folder of root" : "folder");
	sha256_add_str(&s, path);
	if (dir_key(path, &s, err) < 0)
		return -1;
	sha256_hex(&s, facts);
	if (store_sum(g->spec->store, facts, folder_compute, &f, sum, err) < 0)
		return -1;
	sha256_add_str(key, sum);
	return 0;
}

static int root_load(const char *image, struct tree *t, struct erofs_writer *w, struct err *err)
{
	cleanup_source struct source s = {.fd = -1};

	if (file_is_folder(image))
		return dir_load(image, DIR_KEEP_OWNERS, t, w, err);
	return source_open(&s, image, err) < 0 ? -1 : tar_load(&s, t, w, err);
}

/* Of several kernels the newest; "vmlinuz" alone is a link to the one to boot. */
static char *newest_kernel(const struct buf *names)
{
	const char *best = NULL, *end = names->data + names->len;

	for (const char *at = names->data; at < end; at += strlen(at) + 1) {
		if (!text_starts(at, "vmlinuz") || strstr(at, "rescue") || text_ends(at, ".old"))
			continue;
		if (strcmp(at, "vmlinuz") == 0)
			return xstrdup("boot/vmlinuz");
		if (!best || strverscmp(at, best) > 0)
			best = at;
	}
	return best ? xasprintf("boot/%s", best) : NULL;
}

/* QEMU wants a kernel as a file. */
static int kernel_extract(const char *root, const char *to, struct err *err)
{
	cleanup_erofs_image struct erofs_image e = {.fd = -1};
	cleanup_buf struct buf names = {0}, kernel = {0};
	cleanup_free char *path = NULL;
	struct erofs_file file;

	if (erofs_open(&e, root, err) < 0)
		return -1;
	if (erofs_list(&e, "boot", &names, NULL) < 0 || names.len == 0)
		return 0;
	path = newest_kernel(&names);
	/* A link may point to a kernel that was left out on purpose: then there is none. */
	if (!path || erofs_stat(&e, path, true, &file, NULL) < 0)
		return 0;
	if (erofs_read(&e, &file, KERNEL_MAX, &kernel, err) < 0)
		return -1;
	return store_write_file(to, kernel.data, kernel.len, err);
}

static int root_build(const char *dir, void *arg, struct err *err)
{
	const struct guest *g = arg;
	cleanup_free char *path = path_join(dir, ROOT_FILE), *kernel = path_join(dir, KERNEL_FILE);
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	struct tree t;
	int r;

	if (erofs_begin(&w, path, err) < 0)
		return -1;
	tree_init(&t);
	r = root_load(g->spec->image, &t, &w, err);
	if (r == 0)
		r = erofs_finish(&w, &t, err);
	tree_free(&t);
	return r < 0 ? -1 : kernel_extract(path, kernel, err);
}

static int root_prepare(struct guest *g, struct err *err)
{
	const char *image = g->spec->image;
	cleanup_free char *entry = NULL;
	struct sha256 key;
	int r;

	sha256_init(&key);
	sha256_add_str(&key, "root " GUEST_FORMAT);
	r = file_is_folder(image) ? folder_key(g, &key, image, DIR_KEEP_OWNERS, err)
			     : store_key_content(g->spec->store, &key, image, err);
	if (r < 0)
		return -1;
	sha256_hex(&key, g->root_key);
	if (store_get(g->spec->store, "root", g->root_key, root_build, g, &entry, err) < 0)
		return -1;
	g->out->root = path_join(entry, ROOT_FILE);
	g->out->kernel = path_join(entry, KERNEL_FILE);
	if (!file_exists(g->out->kernel))
		free(steal(g->out->kernel));
	return erofs_open(&g->image, g->out->root, err);
}

/* ---- the kernel ---- */

static int kernel_build(const char *dir, void *arg, struct err *err)
{
	const struct guest *g = arg;
	cleanup_free char *to = path_join(dir, VMLINUX_FILE);
	cleanup_buf struct buf image = {0}, vmlinux = {0};

	if (file_read(g->out->kernel, KERNEL_MAX, &image, err) < 0)
		return -1;
	if (!vmlinux_unpack(buf_str(&image), image.len, &vmlinux))
		buf_clear(&vmlinux);
	return store_write_file(to, buf_str(&vmlinux), vmlinux.len, err);
}

/* The store's entry for what @what says, of this kernel. Return: 0 with its folder in @entry, or -1. */
static int of_kernel(struct guest *g, const char *kind, const char *what, store_build_fn *build, char **entry,
		     struct err *err)
{
	char hex[SHA256_HEX];
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, what);
	if (store_key_content(g->spec->store, &key, g->out->kernel, err) < 0)
		return -1;
	sha256_hex(&key, hex);
	return store_get(g->spec->store, kind, hex, build, g, entry, err);
}

/* Under TCG a kernel that need not unpack itself boots half a second sooner. */
static int kernel_unpack(struct guest *g, struct err *err)
{
	cleanup_free char *entry = NULL, *vmlinux = NULL;
	struct stat st;

	if (of_kernel(g, "kernel", "kernel " GUEST_FORMAT, kernel_build, &entry, err) < 0)
		return -1;
	vmlinux = path_join(entry, VMLINUX_FILE);
	if (stat(vmlinux, &st) == 0 && st.st_size) {
		free(g->out->kernel);
		g->out->kernel = steal(vmlinux);
	}
	return 0;
}

static int kernel_prepare(struct guest *g, struct err *err)
{
	const struct guest_spec *s = g->spec;

	if (s->kernel) {
		free(g->out->kernel);
		g->out->kernel = xstrdup(s->kernel);
	} else if (!g->out->kernel && s->kit) {
		g->out->kernel = path_join(s->kit, "vmlinuz");
	}
	if (!g->out->kernel) {
		err_set(err, "there is no kernel: the image has none in /boot, and there is no kit");
		return err_hint(err, "set .kernel in the script, or VMTAP_KIT to a kit's folder");
	}
	g->out->version = kernel_release(g->out->kernel, err);
	return g->out->version ? kernel_unpack(g, err) : -1;
}

/* ---- its modules ---- */

static bool modules_look(struct guest *g, const struct folder *f)
{
	static const char *const tops[] = {"lib/modules", "usr/lib/modules"};

	for (size_t k = 0; k < ARRAY_SIZE(tops); k++) {
		cleanup_free char *dir = xasprintf("%s/%s", tops[k], g->out->version);

		if (folder_has(f, dir)) {
			g->modules = *f;
			g->modules_dir = steal(dir);
			return true;
		}
	}
	return false;
}

static int modules_build(const char *dir, void *arg, struct err *err)
{
	const struct guest *g = arg;
	cleanup_free char *path = path_join(dir, MODULES_FILE);
	cleanup_free char *from = path_join(g->modules.root, g->modules_dir);
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	struct tree t;
	int r;

	if (erofs_begin(&w, path, err) < 0)
		return -1;
	tree_init(&t);
	r = dir_load(from, DIR_ALL_ROOT, &t, &w, err);
	if (r == 0)
		r = erofs_finish(&w, &t, err);
	tree_free(&t);
	return r;
}

/* All modules as an image, for a root that lacks them. */
static int modules_image(struct guest *g, struct err *err)
{
	cleanup_free char *from = path_join(g->modules.root, g->modules_dir), *entry = NULL;
	char hex[SHA256_HEX];
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, "modules " GUEST_FORMAT);
	if (folder_key(g, &key, from, DIR_ALL_ROOT, err) < 0)
		return -1;
	sha256_hex(&key, hex);
	if (store_get(g->spec->store, "modules", hex, modules_build, g, &entry, err) < 0)
		return -1;
	g->out->modules = path_join(entry, MODULES_FILE);
	return 0;
}

/* Of a kernel that could not be unpacked nothing is known, and it is believed to have everything. */
static int lacks_build(const char *dir, void *arg, struct err *err)
{
	const struct guest *g = arg;
	const struct module_want *want = g->out->root ? root_wants : kit_wants;
	size_t n = g->out->root ? ARRAY_SIZE(root_wants) : ARRAY_SIZE(kit_wants);
	cleanup_free char *to = path_join(dir, LACKS_FILE);
	cleanup_buf struct buf elf = {0}, names = {0};

	if (file_read(g->out->kernel, KERNEL_MAX, &elf, err) < 0)
		return -1;
	for (size_t k = 0; k < n && text_starts(buf_str(&elf), "\x7f" "ELF"); k++)
		if (!want[k].optional && !vmlinux_has_driver(elf.data, elf.len, want[k].name))
			buf_addf(&names, "%s%s", names.len ? ", " : "", want[k].name);
	return store_write_file(to, buf_str(&names), names.len, err);
}

/* Without modules everything must be built in: else the guest would never be heard of. */
static int lacks_check(struct guest *g, struct err *err)
{
	cleanup_free char *entry = NULL, *path = NULL;
	cleanup_buf struct buf names = {0};
	const char *what = g->out->root ? "lacks root " GUEST_FORMAT : "lacks " GUEST_FORMAT;

	if (of_kernel(g, "lacks", what, lacks_build, &entry, err) < 0)
		return -1;
	path = path_join(entry, LACKS_FILE);
	if (file_read(path, LACKS_MAX, &names, err) < 0)
		return -1;
	if (!names.len)
		return 0;
	err_set(err, "the kernel %s lacks %s, and there are no modules for it", g->out->version, buf_str(&names));
	return err_hint(err, "put its /lib/modules/%s into the image, or use another kernel", g->out->version);
}

static int modules_prepare(struct guest *g, struct err *err)
{
	const struct folder image = {.image = &g->image}, kit = {.root = g->spec->kit};
	bool root = g->out->root != NULL, ours = root && modules_look(g, &image);
	const struct module_want *want = root ? root_wants : kit_wants;
	size_t n = root ? ARRAY_SIZE(root_wants) : ARRAY_SIZE(kit_wants);

	if (!ours && !(kit.root && modules_look(g, &kit)))
		return lacks_check(g, err);
	if (modules_closure(&g->modules, g->modules_dir, want, n, &g->closure, err) < 0)
		return -1;
	return root && !ours ? modules_image(g, err) : 0;
}

/* ---- the initramfs ---- */

/* An initrd of the user's goes first: the kernel unpacks both, and our /init takes the place of its. */
static int initrd_begin(const char *path, struct buf *out, struct err *err)
{
	if (!path)
		return 0;
	if (file_read(path, INITRD_MAX, out, err) < 0)
		return -1;
	if (!initramfs_is(buf_str(out), out->len))
		return err_set(err, "'%s' is not an initramfs: neither a cpio archive nor a compressed one", path);
	while (out->len % CPIO_ALIGN)
		buf_addc(out, '\0');
	return 0;
}

static int initrd_build(const char *dir, void *arg, struct err *err)
{
	const struct guest *g = arg;
	cleanup_free char *path = path_join(dir, INITRD_FILE), *busybox = NULL;
	cleanup_buf struct buf out = {0}, agent = {0};
	const struct buf packed = {.data = (char *)g->spec->agent, .len = g->spec->agent_len};
	struct initramfs i = {
		.folder = g->modules,
		.modules_dir = g->modules_dir,
		.release = g->out->version,
		.modules = &g->closure,
	};

	if (!g->out->root)
		i.busybox = busybox = path_join(g->spec->kit, "busybox");
	if (gzip_inflate("the agent", &packed, AGENT_MAX, &agent, err) < 0)
		return -1;
	i.agent = agent.data;
	i.agent_len = agent.len;
	if (initrd_begin(g->spec->initrd, &out, err) < 0 || initramfs_make(&i, &out, err) < 0)
		return -1;
	return store_write_file(path, out.data, out.len, err);
}

/* A module inside the root is as it was when the root was made; one on the host may change. */
static int closure_key(const struct guest *g, struct sha256 *key, struct err *err)
{
	for (size_t k = 0; k < g->closure.count; k++) {
		cleanup_free char *inner = path_join(g->modules_dir, g->closure.paths[k]), *path = NULL;

		sha256_add_str(key, inner);
		if (!g->modules.root)
			continue;
		path = path_join(g->modules.root, inner);
		if (store_key_content(g->spec->store, key, path, err) < 0)
			return -1;
	}
	return 0;
}

static int initrd_key(const struct guest *g, char hex[SHA256_HEX], struct err *err)
{
	const struct guest_spec *s = g->spec;
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, "initrd " GUEST_FORMAT);
	sha256_add_str(&key, g->out->version);
	sha256_add(&key, s->agent, s->agent_len);
	if (closure_key(g, &key, err) < 0 || (s->initrd && store_key_content(s->store, &key, s->initrd, err) < 0))
		return -1;
	if (g->out->root) {
		sha256_add_str(&key, g->root_key);
	} else {
		cleanup_free char *busybox = path_join(s->kit, "busybox");

		if (store_key_content(s->store, &key, busybox, err) < 0)
			return err_hint(err, "the kit '%s' is not complete", s->kit);
	}
	sha256_hex(&key, hex);
	return 0;
}

static int initrd_prepare(struct guest *g, struct err *err)
{
	cleanup_free char *entry = NULL;
	char hex[SHA256_HEX];

	if (initrd_key(g, hex, err) < 0 ||
	    store_get(g->spec->store, "initrd", hex, initrd_build, g, &entry, err) < 0)
		return -1;
	g->out->initrd = path_join(entry, INITRD_FILE);
	return 0;
}

/* ---- all of it ---- */

static int prepare(struct guest *g, struct err *err)
{
	if (!g->spec->image && !g->spec->kit) {
		err_set(err, "a machine without .image needs the kit, and there is none");
		return err_hint(err, "set VMTAP_KIT to a kit's folder (ci/kit makes one)");
	}
	if (g->spec->image && root_prepare(g, err) < 0)
		return -1;
	if (kernel_prepare(g, err) < 0 || modules_prepare(g, err) < 0)
		return -1;
	return initrd_prepare(g, err);
}

int guest_prepare(const struct guest_spec *s, struct guest_files *out, struct err *err)
{
	struct guest g = {.spec = s, .out = out, .image = {.fd = -1}};
	int r;

	*out = (struct guest_files){0};
	r = prepare(&g, err);
	module_list_free(&g.closure);
	erofs_close(&g.image);
	free(g.modules_dir);
	if (r < 0)
		guest_files_free(out);
	return r;
}

void guest_files_free(struct guest_files *f)
{
	free(f->kernel);
	free(f->initrd);
	free(f->root);
	free(f->modules);
	free(f->version);
	*f = (struct guest_files){0};
}
