/* guest.c - from what a script declares to the files that QEMU gets
 *
 * Everything made is an entry of the store (store.h):
 *
 *	root/KEY	the root (root.c)
 *	modules/KEY	modules.erofs
 *	kernel/KEY	release.txt, and vmlinux, empty when the kernel cannot be unpacked
 *	lowered/KEY	vmlinuz: the kernel with another limit for its initramfs
 *	lacks/KEY	lacks.txt: names of drivers that a kernel has not built in
 *	built/KEY	the modules of a kernel that is given as the folder of its build (kernel_tree.c)
 *	initrd/KEY	the initramfs (initrd.c)
 *
 * The keys are made of contents, not of places and times, so that a store that
 * was carried to another machine is of use there; the store remembers the sums
 * of what it has read. They count GUEST_FORMAT in: raise it when the bytes
 * that are written for the same input change.
 */
#include "image/guest.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "base/text.h"
#include "image/bzimage.h"
#include "image/boot_disk.h"
#include "image/dir.h"
#include "image/erofs.h"
#include "image/folder.h"
#include "image/front.h"
#include "image/initrd.h"
#include "image/kernel.h"
#include "image/kernel_tree.h"
#include "image/modules.h"
#include "image/root.h"
#include "image/seed.h"
#include "image/vmlinux.h"
#include "store/store.h"
#include "wire/boot.h"

#define GUEST_FORMAT "5"
#define LACKS_MAX    4096 /* bytes; a few names */

#define RELEASE_FILE "release.txt"
#define VMLINUX_FILE "vmlinux"
#define LACKS_FILE   "lacks.txt"
#define MODULES_FILE "modules.erofs"
#define LOWERED_FILE "vmlinuz"

/* Who wants a module: */
enum wanter {
	WANTED_ALWAYS = 1,  /* every guest, to talk to us */
	WANTED_ROOT = 2,    /* one with a root, to mount it */
	WANTED_CHANGES = 4, /* one that changes its root on a disk */
	WANTED_TPM = 8,	    /* one with a TPM: with udev it would find them itself, where its image has them */
	WANTED_MORE = 16,   /* one that has disks besides */
};

static const struct want {
	unsigned by;
	struct module_want module;
} wants[] = {
	{WANTED_ALWAYS, {"virtio_pci", "to find its devices", false}},
	{WANTED_ROOT | WANTED_CHANGES | WANTED_MORE, {"virtio_blk", "for its disks", false}},
	{WANTED_ALWAYS, {"virtio_console", "to talk to vmtap", false}},
	{WANTED_ROOT, {"erofs", "to mount its root", false}},
	{WANTED_ROOT | WANTED_CHANGES, {"overlay", "to make its root writable", false}},
	{WANTED_CHANGES, {"ext4", "for .keep and .root_size", false}},
	{WANTED_ALWAYS, {"virtio_net", "for its networks", false}},
	{WANTED_ALWAYS, {"virtio_rng", "for random numbers", true}},
	{WANTED_TPM, {"tpm_crb", "for its TPM", true}},
	{WANTED_TPM, {"tpm_tis", "for its TPM", true}},
};

/**
 * struct guest - A guest being prepared
 * @root:	Its root; without a path, the guest lives in its initramfs
 * @root_fs:	Its file system, when it is not ours; NULL: EROFS, of which @image is
 * @image:	The root, open for reading, when there is one
 * @tree:	The declared kernel, when that is a folder
 * @packed:	The kit's image of modules, open for reading, when that is what it has
 * @wants:	The modules that it wants, @nwants of them
 * @modules:	Where the modules are, if @modules_dir is set
 * @modules_dir: The version's folder in there, or NULL: not modular
 */
struct guest {
	const struct guest_spec *spec;
	struct guest_files *out;
	struct root root;
	struct kernel_tree tree;
	const char *root_fs;
	struct erofs_image image, packed;
	struct module_want wants[ARRAY_SIZE(wants) + 1]; /* and its root's file system */
	size_t nwants;
	struct folder modules;
	char *modules_dir;
	struct module_list closure;
};

static void choose_wants(struct guest *g)
{
	unsigned by = WANTED_ALWAYS | (g->root.path ? WANTED_ROOT : 0) | (g->spec->changes ? WANTED_CHANGES : 0) |
		      (g->spec->tpm ? WANTED_TPM : 0) | (g->spec->nmore ? WANTED_MORE : 0);

	for (size_t k = 0; k < ARRAY_SIZE(wants); k++)
		if (wants[k].by & by)
			g->wants[g->nwants++] = wants[k].module;
	if (g->root_fs)
		g->wants[g->nwants++] = (struct module_want){g->root_fs, "to mount its root", false};
}

/* Nobody tells it anything: it would look for that, which takes longer than the rest of a boot. */
#define WITHOUT_CLOUD_INIT " cloud-init=disabled"

static void add(struct guest_files *f, struct guest_disk d, const char *serial)
{
	assert(f->ndisks < GUEST_DISKS_MAX && strlen(serial) < sizeof(d.serial));
	strcpy(d.serial, serial);
	f->disks[f->ndisks++] = d;
}

/* @path: handed over. */
static void add_disk(struct guest_files *f, char *path, const char *serial)
{
	add(f, (struct guest_disk){.path = path, .format = "raw", .read_only = true}, serial);
}

/* Its content is part of the machine's key: it is summed here, where nobody waits, and the store remembers the sum. */
static int sum_up(const struct guest *g, const char *path, struct err *err)
{
	struct sha256 key;

	sha256_init(&key);
	return store_key_content(g->spec->store, &key, path, err);
}

/* What the script gives besides: blank, or an image. */
static int more_prepare(struct guest *g, struct err *err)
{
	for (size_t i = 0; i < g->spec->nmore; i++) {
		const struct guest_more *more = &g->spec->more[i];
		struct boot_disk d = {.format = "raw", .size = more->size};
		cleanup_free char *serial = xasprintf(BOOT_MORE_SERIAL "%zu", i);

		if (more->file && (boot_disk_measure(more->file, &d, err) < 0 || sum_up(g, more->file, err) < 0)) {
			free(d.path);
			return -1;
		}
		add(g->out, (struct guest_disk){d.path, d.format, .read_only = more->read_only, .size = more->read_only ? 0 : d.size},
		    serial);
	}
	return 0;
}

/* What is put into a root before its init runs, and what outlives the machine, are of roots that our initramfs mounts. */
static int check_inside(const struct guest *g, struct err *err)
{
	const struct guest_spec *s = g->spec;
	const char *field = s->files ? ".files" : s->users && s->users->len ? ".users" : s->env && s->env->len ? ".env" :
			    s->changes ? ".keep and .root_size" : NULL;

	if (!field)
		return 0;
	err_set(err, "a disk that mounts its own root can have no %s", field);
	return err_hint(err, "do it in .provision or setup, or give a .kernel, which mounts the disk's root as vmtap's own are");
}

/* A disk that boots by itself: the agent comes in on a volume of its own. */
static int disk_prepare(struct guest *g, struct err *err)
{
	const struct guest_spec *s = g->spec;
	cleanup_free char *seed = NULL;
	struct boot_disk d;

	if (check_inside(g, err) < 0 || boot_disk_find(s->image, s->firmware, &d, err) < 0)
		return -1;
	g->out->uefi = d.uefi;
	add(g->out, (struct guest_disk){d.path, d.format, .size = d.size}, BOOT_DISK_SERIAL);
	if (sum_up(g, s->image, err) < 0 || more_prepare(g, err) < 0 ||
	    seed_prepare(s->store, s->agent, s->agent_len, &seed, err) < 0)
		return -1;
	add_disk(g->out, steal(seed), BOOT_SEED_SERIAL);
	return 0;
}

/* A kernel is given and nothing else: the disk's root is one like any other, though of another file system. */
static int disk_as_root(struct guest *g, struct err *err)
{
	struct boot_disk d;

	if (boot_disk_root(g->spec->image, &d, err) < 0)
		return -1;
	g->root.path = xstrdup(d.path);
	g->root_fs = d.fs;
	strcpy(g->root.key, "disk");
	add(g->out, (struct guest_disk){d.path, d.format, .read_only = true}, BOOT_ROOT_SERIAL);
	/* Its fstab is about another machine: devices that are not there, and a root that is mounted already. */
	g->out->words = d.part ? xasprintf(BOOT_ROOT_FSTYPE "=%s " BOOT_ROOT_PART "=%u fstab=no" WITHOUT_CLOUD_INIT, d.fs, d.part) :
				 xasprintf(BOOT_ROOT_FSTYPE "=%s fstab=no" WITHOUT_CLOUD_INIT, d.fs);
	return sum_up(g, g->spec->image, err);
}

static int image_prepare(struct guest *g, struct err *err)
{
	if (boot_disk_is(g->spec->image))
		return disk_as_root(g, err);
	if (root_prepare(g->spec->store, g->spec->image, &g->root, err) < 0)
		return -1;
	add_disk(g->out, xstrdup(g->root.path), BOOT_ROOT_SERIAL);
	return erofs_open(&g->image, g->root.path, err);
}

/* ---- the kernel ---- */

static int kernel_build(const char *dir, void *arg, struct err *err)
{
	const struct guest *g = arg;
	cleanup_free char *release = kernel_release(g->out->kernel, err);
	cleanup_buf struct buf image = {0}, vmlinux = {0};

	if (!release || store_write_file(dir, RELEASE_FILE, release, strlen(release), err) < 0)
		return -1;
	if (file_read(g->out->kernel, KERNEL_MAX, &image, err) < 0)
		return -1;
	if (!vmlinux_unpack(buf_str(&image), image.len, &vmlinux))
		buf_clear(&vmlinux);
	return store_write_file(dir, VMLINUX_FILE, buf_str(&vmlinux), vmlinux.len, err);
}

/* What is made of the kernel, under a text that says what. */
struct of_kernel {
	struct guest *guest;
	const char *what;
	store_build_fn *build;
};

static int of_kernel_key(void *arg, char hex[SHA256_HEX], struct err *err)
{
	const struct of_kernel *k = arg;
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, k->what);
	if (store_key_content(k->guest->spec->store, &key, k->guest->out->kernel, err) < 0)
		return -1;
	sha256_hex(&key, hex);
	return 0;
}

static int of_kernel_build(const char *dir, void *arg, struct err *err)
{
	const struct of_kernel *k = arg;

	return k->build(dir, k->guest, err);
}

/* Return: 0 with the entry's folder in @entry, or -1. */
static int of_kernel(struct guest *g, const char *kind, const char *what, store_build_fn *build, char **entry,
		     struct err *err)
{
	struct of_kernel k = {.guest = g, .what = what, .build = build};
	const struct store_recipe recipe = {
		.kind = kind, .what = g->out->kernel, .key = of_kernel_key, .build = of_kernel_build, .arg = &k};
	char key[SHA256_HEX];

	return store_make(g->spec->store, &recipe, key, entry, err);
}

/*
 * Learn the kernel's release, and take it unpacked if that can be: under TCG a
 * kernel that need not unpack itself boots half a second sooner. But only the
 * setup code of a bzImage looks what mode a VGA is in: without, a kernel shows
 * nothing there. And when a machine wakes, QEMU resets it, and puts back into its
 * memory whatever it loaded there (rom_reset(), as of 7.2): of an ELF file that is the
 * running kernel itself, of a bzImage only what is not needed any more.
 */
static int kernel_unpack(struct guest *g, struct err *err)
{
	cleanup_free char *entry = NULL, *vmlinux = NULL, *release = NULL;
	cleanup_buf struct buf text = {0};
	struct stat st;

	if (of_kernel(g, "kernel", "kernel " GUEST_FORMAT, kernel_build, &entry, err) < 0)
		return -1;
	release = path_join(entry, RELEASE_FILE);
	if (file_read(release, RELEASE_MAX, &text, err) < 0)
		return -1;
	g->out->version = xstrdup(buf_str(&text));
	vmlinux = path_join(entry, VMLINUX_FILE);
	if (!g->spec->screen && !g->spec->initrd_top && !g->spec->sleeps && stat(vmlinux, &st) == 0 && st.st_size) {
		free(g->out->kernel);
		g->out->kernel = steal(vmlinux);
	}
	return 0;
}

/* Of the ways in which a kernel is started, only that of a bzImage asks the kernel where the initramfs may be. */
static int lowered_build(const char *dir, void *arg, struct err *err)
{
	const struct guest *g = arg;
	cleanup_buf struct buf image = {0};
	uint8_t *p;

	if (file_read(g->out->kernel, KERNEL_MAX, &image, err) < 0)
		return -1;
	p = (uint8_t *)image.data;
	if (!bzimage_is(p, image.len) || get_le16(p + BZIMAGE_PROTOCOL) < BZIMAGE_PROTOCOL_INITRD) {
		err_set(err, "'%s' is not a bzImage, and a machine with .tpm needs one", g->out->kernel);
		return err_hint(err, "give " KERNEL_BUILT " or a distribution's vmlinuz: QEMU puts the initramfs of a vmlinux "
				"over the tables that tell of the TPM");
	}
	put_le32(p + BZIMAGE_INITRD_MAX, g->spec->initrd_top - 1);
	put_le16(p + BZIMAGE_LOAD_FLAGS, get_le16(p + BZIMAGE_LOAD_FLAGS) & (uint16_t)~BZIMAGE_ABOVE_4G);
	return store_write_file(dir, LOWERED_FILE, image.data, image.len, err);
}

static int kernel_lower(struct guest *g, struct err *err)
{
	cleanup_free char *what = xasprintf("lowered " GUEST_FORMAT " %u", g->spec->initrd_top), *entry = NULL;

	if (!g->spec->initrd_top)
		return 0;
	if (of_kernel(g, "lowered", what, lowered_build, &entry, err) < 0)
		return -1;
	free(g->out->kernel);
	g->out->kernel = path_join(entry, LOWERED_FILE);
	return 0;
}

static int kernel_prepare(struct guest *g, struct err *err)
{
	const struct guest_spec *s = g->spec;

	if (s->kernel && file_is_folder(s->kernel)) {
		if (kernel_tree_open(s->store, s->kernel, &g->tree, err) < 0)
			return -1;
		g->out->kernel = xstrdup(g->tree.image);
	} else if (s->kernel) {
		g->out->kernel = xstrdup(s->kernel);
	} else if (g->root.kernel) {
		g->out->kernel = xstrdup(g->root.kernel);
	} else if (s->kit) {
		g->out->kernel = path_join(s->kit, "vmlinuz");
	}
	if (!g->out->kernel) {
		err_set(err, "there is no kernel: the image has none in /boot, and there is no kit");
		return err_hint(err, "set .kernel in the script, or VMTAP_KIT to a kit's folder");
	}
	return kernel_unpack(g, err) < 0 ? -1 : kernel_lower(g, err);
}

/* A kernel is given, and the initramfs that mounts the disk's root. */
static int front_of_disk(struct guest *g, struct err *err)
{
	const struct guest_spec *s = g->spec;
	struct boot_disk d;

	if (check_inside(g, err) < 0 || boot_disk_root(s->image, &d, err) < 0)
		return -1;
	add(g->out, (struct guest_disk){d.path, d.format, .size = d.size}, BOOT_DISK_SERIAL);
	/* %.0u: a 0 is nothing */
	g->out->words = xasprintf("rdinit=/" BOOT_FRONT_AGENT " " BOOT_FRONT "=/init root=/dev/vda%.0u ro" WITHOUT_CLOUD_INIT,
				  d.part);
	if (sum_up(g, s->image, err) < 0 || more_prepare(g, err) < 0 || kernel_prepare(g, err) < 0)
		return -1;
	return front_prepare(s->store, s->initrd, s->agent, s->agent_len, &g->out->initrd, err);
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

/* Return: 1 when the kit has them as an image, 0 when not, or -1. */
static int modules_open(struct guest *g, struct err *err)
{
	cleanup_free char *name = xasprintf("modules-%s.erofs", g->out->version);
	cleanup_free char *path = path_join(g->spec->kit, name);

	if (!file_exists(path))
		return 0;
	if (erofs_open(&g->packed, path, err) < 0)
		return -1;
	g->modules = (struct folder){.image = &g->packed};
	g->modules_dir = xstrdup("");
	return 1;
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

static int modules_key(void *arg, char hex[SHA256_HEX], struct err *err)
{
	const struct guest *g = arg;
	cleanup_free char *from = path_join(g->modules.root, g->modules_dir);
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, "modules " GUEST_FORMAT);
	if (dir_key(g->spec->store, &key, from, DIR_ALL_ROOT, err) < 0)
		return -1;
	sha256_hex(&key, hex);
	return 0;
}

/* All modules as an image, for a root that lacks them. */
static int modules_image(struct guest *g, struct err *err)
{
	cleanup_free char *from = NULL, *entry = NULL;
	struct store_recipe recipe = {.kind = "modules", .key = modules_key, .build = modules_build, .arg = g};
	char key[SHA256_HEX];

	if (g->packed.fd >= 0) {
		add_disk(g->out, xstrdup(g->packed.path), BOOT_MODULES_SERIAL);
		return 0;
	}
	recipe.what = from = path_join(g->modules.root, g->modules_dir);
	if (store_make(g->spec->store, &recipe, key, &entry, err) < 0)
		return -1;
	add_disk(g->out, path_join(entry, MODULES_FILE), BOOT_MODULES_SERIAL);
	return 0;
}

/* Of a kernel that could not be unpacked nothing is known, and it is believed to have everything. */
static int lacks_build(const char *dir, void *arg, struct err *err)
{
	const struct guest *g = arg;
	const struct module_want *want = g->wants;
	cleanup_buf struct buf elf = {0}, names = {0};

	if (file_read(g->out->kernel, KERNEL_MAX, &elf, err) < 0)
		return -1;
	for (size_t k = 0; k < g->nwants && text_starts(buf_str(&elf), "\x7f" "ELF"); k++)
		if (!want[k].optional && !vmlinux_has_driver(elf.data, elf.len, want[k].name))
			buf_addf(&names, "%s%s (%s)", names.len ? ", " : "", want[k].name, want[k].purpose);
	return store_write_file(dir, LACKS_FILE, buf_str(&names), names.len, err);
}

/* Without modules everything must be built in: else the guest would never be heard of. */
static int lacks_check(struct guest *g, struct err *err)
{
	cleanup_free char *entry = NULL, *path = NULL;
	cleanup_buf struct buf names = {0};
	cleanup_buf struct buf what = {0}; /* names what is looked for: another guest wants other modules of the same kernel */

	buf_adds(&what, "lacks " GUEST_FORMAT);
	for (size_t k = 0; k < g->nwants; k++)
		buf_addf(&what, " %s", g->wants[k].name);
	if (of_kernel(g, "lacks", buf_str(&what), lacks_build, &entry, err) < 0)
		return -1;
	path = path_join(entry, LACKS_FILE);
	if (file_read(path, LACKS_MAX, &names, err) < 0)
		return -1;
	if (!names.len)
		return 0;
	err_set(err, "the kernel %s lacks %s, and there are no modules for it", g->out->version, buf_str(&names));
	return err_hint(err, "put its /lib/modules/%s into the image, give the folder of its build or installation as .kernel, or "
			"use another kernel", g->out->version);
}

static int modules_prepare(struct guest *g, struct err *err)
{
	const struct folder image = {.image = &g->image}, kit = {.root = g->spec->kit}, tree = {.root = g->tree.modules};
	bool root = g->root.path != NULL, built = tree.root && modules_look(g, &tree);
	bool ours = !built && root && !g->root_fs && modules_look(g, &image);
	int packed = built || ours || !kit.root ? 0 : modules_open(g, err);

	if (packed < 0)
		return -1;
	choose_wants(g);
	if (!built && !ours && !packed && !(kit.root && modules_look(g, &kit)))
		return lacks_check(g, err);
	if (modules_closure(&g->modules, g->modules_dir, g->wants, g->nwants, &g->closure, err) < 0)
		return -1;
	return root && !ours ? modules_image(g, err) : 0;
}

/* ---- all of it ---- */

static int prepare(struct guest *g, struct err *err)
{
	if (g->spec->image && !g->spec->kernel && boot_disk_is(g->spec->image))
		return disk_prepare(g, err);
	if (g->spec->image && g->spec->initrd && boot_disk_is(g->spec->image))
		return front_of_disk(g, err);
	if (!g->spec->image && !g->spec->kit) {
		err_set(err, "a machine without .image needs the kit, and there is none");
		return err_hint(err, "set VMTAP_KIT to a kit's folder (ci/kit makes one)");
	}
	if ((g->spec->image && image_prepare(g, err) < 0) || kernel_prepare(g, err) < 0 || modules_prepare(g, err) < 0 ||
	    more_prepare(g, err) < 0)
		return -1;
	g->out->loads = module_list_names(&g->closure);
	return initrd_prepare(&(struct initrd){
		.store = g->spec->store,
		.agent = g->spec->agent,
		.agent_len = g->spec->agent_len,
		.user = g->spec->initrd,
		.release = g->out->version,
		.root_key = g->root.path ? g->root.key : NULL,
		.run = g->root.run,
		.files = g->spec->files,
		.users = g->spec->users,
		.env = g->spec->env,
		.kit = g->spec->kit,
		.modules = g->modules,
		.modules_image = g->packed.fd >= 0 ? g->packed.path : NULL,
		.modules_dir = g->modules_dir,
		.closure = &g->closure,
	}, &g->out->initrd, err);
}

int guest_prepare(const struct guest_spec *s, struct guest_files *out, struct err *err)
{
	struct guest g = {.spec = s, .out = out, .image = {.fd = -1}, .packed = {.fd = -1}};
	int r;

	*out = (struct guest_files){0};
	r = prepare(&g, err);
	module_list_free(&g.closure);
	erofs_close(&g.image);
	erofs_close(&g.packed);
	root_free(&g.root);
	kernel_tree_free(&g.tree);
	free(g.modules_dir);
	if (r < 0)
		guest_files_free(out);
	return r;
}

const char *guest_files_disk(const struct guest_files *f, const char *serial)
{
	for (size_t k = 0; k < f->ndisks; k++)
		if (strcmp(f->disks[k].serial, serial) == 0)
			return f->disks[k].path;
	return NULL;
}

void guest_files_free(struct guest_files *f)
{
	free(f->kernel);
	free(f->initrd);
	free(f->version);
	free(f->words);
	free(f->loads);
	for (size_t k = 0; k < f->ndisks; k++)
		free(f->disks[k].path);
	*f = (struct guest_files){0};
}
