/* root.c - a declared image as a root file system: an entry of the store */
#include "image/root.h"

#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "image/erofs.h"
#include "image/format.h"
#include "image/kernel.h"
#include "store/room.h"
#include "store/store.h"

#define ROOT_FORMAT "4" /* raise it when other bytes are written for the same image, or another image is refused */
#define ROOT_FILE   "root.erofs"
#define KERNEL_FILE "vmlinuz"
#define RUN_FILE    "run"

/* An image being made a root. */
struct making {
	const char *store, *image;
	const struct format *format;
};

/* ---- what is probably not meant ---- */

/* aufs's own files (".wh..wh.plnk") are left in many an image; an opaque folder's mark is a white-out. */
static bool is_white_out(const char *name)
{
	return text_starts(name, ".wh.") && (!text_starts(name, ".wh..wh.") || strcmp(name, ".wh..wh..opq") == 0);
}

static void warn_of_white_outs(const char *image, const struct tree *t)
{
	size_t n = 0;

	for (size_t k = 0; k < t->slots; k++)
		for (const struct node *node = t->table[k]; node; node = node->chain)
			n += is_white_out(node->name);
	if (n)
		log_line("'%s' looks like one layer of a container's image: %zu white-out%s (.wh.NAME) stay%s in the "
			 "root as plain files", image, n, n == 1 ? "" : "s", n == 1 ? "s" : "");
}

static void warn_of_dangling_init(const char *image, const struct tree *t)
{
	const struct node *link = tree_find(t, "sbin/init", false);
	cleanup_buf struct buf target = {0};

	if (!link || !S_ISLNK(link->inode->mode) || tree_find(t, "sbin/init", true))
		return;
	text_clean(&target, link->inode->target, strlen(link->inode->target));
	log_line("'%s': /sbin/init points to '%s', which is not in it", image, buf_str(&target));
}

/* ---- the build ---- */

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

/* QEMU wants a kernel as a file: copy it out of the image at @root into the entry. */
static int kernel_extract(const char *dir, const char *root, struct err *err)
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
	return store_write_file(dir, KERNEL_FILE, buf_str(&kernel), kernel.len, err);
}

/* Load the image into a tree, and finish the EROFS image that has its content. */
static int image_write(const struct making *m, struct erofs_writer *w, struct buf *run, struct err *err)
{
	struct tree t;
	const struct format_target to = {&t, w, run};
	int r;

	tree_init(&t);
	r = m->format->load(m->image, &to, err);
	if (r == 0)
		r = format_check_tree(m->image, &t, err);
	if (r == 0) {
		warn_of_white_outs(m->image, &t);
		warn_of_dangling_init(m->image, &t);
		r = erofs_finish(w, &t, err);
	}
	tree_free(&t);
	return r;
}

static int root_build(const char *dir, void *arg, struct err *err)
{
	const struct making *m = arg;
	cleanup_free char *path = path_join(dir, ROOT_FILE);
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	cleanup_buf struct buf run = {0};
	struct stat st;

	/* An archive takes at least its own size; of a folder nothing is known before. */
	if (stat(m->image, &st) == 0 && S_ISREG(st.st_mode) && store_reserve(m->store, (uint64_t)st.st_size, err) < 0)
		return -1;
	if (erofs_begin(&w, path, err) < 0 || image_write(m, &w, &run, err) < 0)
		return -1;
	if (run.len && store_write_file(dir, RUN_FILE, run.data, run.len, err) < 0)
		return -1;
	return kernel_extract(dir, path, err);
}

static int root_key(void *arg, char hex[SHA256_HEX], struct err *err)
{
	const struct making *m = arg;
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, "root " ROOT_FORMAT);
	if (m->format->key(m->store, &key, m->image, err) < 0)
		return -1;
	sha256_hex(&key, hex);
	return 0;
}

/* Return: the path of a file in an entry that not all have, or NULL. */
static char *find_file(const char *entry, const char *name)
{
	cleanup_free char *path = path_join(entry, name);

	return file_exists(path) ? steal(path) : NULL;
}

int root_prepare(const char *store, const char *image, struct root *out, struct err *err)
{
	struct making m = {.store = store, .image = image, .format = format_find(image, err)};
	const struct store_recipe recipe = {
		.kind = "root", .what = image, .key = root_key, .build = root_build, .arg = &m};
	cleanup_free char *entry = NULL;

	*out = (struct root){.path = NULL};
	if (!m.format || store_make(store, &recipe, out->key, &entry, err) < 0)
		return -1;
	out->path = path_join(entry, ROOT_FILE);
	out->kernel = find_file(entry, KERNEL_FILE);
	out->run = find_file(entry, RUN_FILE);
	return 0;
}

void root_free(struct root *r)
{
	free(r->path);
	free(r->kernel);
	free(r->run);
	*r = (struct root){.path = NULL};
}
