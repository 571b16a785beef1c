/* initrd.c - the initramfs of a guest: an entry of the store */
#include "image/initrd.h"

#include <string.h>

#include "base/file.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "image/cpio.h"
#include "image/initramfs.h"
#include "image/oci.h"
#include "image/password.h"
#include "image/source.h"
#include "store/store.h"

#define INITRD_FORMAT "5"	   /* raise it when the bytes that are written for the same input change */
#define USER_MAX      (512u << 20) /* bytes of the user's initramfs */
#define AGENT_MAX     (16u << 20)  /* bytes of our own agent */
#define FILES_MAX     (1u << 30)   /* bytes of what is put into the root; less is asked for */
#define INITRD_FILE   "initrd.cpio"
#define USER_FIELDS   6		   /* texts for each user of BOOT_USERS */

/* ---- the build ---- */

static int user_begin(const char *path, struct buf *out, struct err *err)
{
	if (!path)
		return 0;
	if (file_read(path, USER_MAX, out, err) < 0)
		return -1;
	if (!initramfs_is(buf_str(out), out->len))
		return err_set(err, "'%s' is not an initramfs: neither a cpio archive nor a compressed one", path);
	while (out->len % CPIO_ALIGN)
		buf_addc(out, '\0');
	return 0;
}

/* The variables of the script come behind those of the image, so that they count. */
static int run_make(const struct initrd *i, struct buf *run, struct err *err)
{
	if (i->run && file_read(i->run, OCI_RUN_MAX, run, err) < 0)
		return -1;
	if (!i->env || !i->env->len)
		return 0;
	if (!run->len)
		buf_addc(run, '\0'); /* no folder */
	buf_add(run, i->env->data, i->env->len);
	return 0;
}

/* @out: as BOOT_USERS, with hashes in the place of passwords. */
static int users_make(const struct buf *users, struct buf *out, struct err *err)
{
	const char *end = users ? users->data + users->len : NULL, *name = "";
	size_t field = 0;

	for (const char *at = users ? users->data : NULL; at < end; at += strlen(at) + 1, field++) {
		if (field % USER_FIELDS == 0)
			name = at;
		if (field % USER_FIELDS == 1 && *at == '=') {
			if (password_hash(name, at + 1, out, err) < 0)
				return -1;
		} else {
			buf_adds(out, at);
		}
		buf_addc(out, '\0');
	}
	return 0;
}

static int initrd_build(const char *dir, void *arg, struct err *err)
{
	const struct initrd *i = arg;
	cleanup_free char *busybox = i->root_key ? NULL : path_join(i->kit, "busybox");
	cleanup_buf struct buf out = {0}, agent = {0}, run = {0}, files = {0}, users = {0};
	const struct buf packed = {.data = (char *)i->agent, .len = i->agent_len};
	struct initramfs ours = {
		.busybox = busybox,
		.folder = i->modules,
		.modules_dir = i->modules_dir,
		.release = i->release,
		.modules = i->closure,
	};

	if (gzip_inflate("the agent", &packed, AGENT_MAX, &agent, err) < 0)
		return -1;
	ours.agent = agent.data;
	ours.agent_len = agent.len;
	if (run_make(i, &run, err) < 0 || users_make(i->users, &users, err) < 0)
		return -1;
	ours.run = &run;
	ours.users = &users;
	if (i->files && file_read(i->files, FILES_MAX, &files, err) < 0)
		return -1;
	ours.files = &files;
	if (user_begin(i->user, &out, err) < 0 || initramfs_make(&ours, &out, err) < 0)
		return -1;
	return store_write_file(dir, INITRD_FILE, out.data, out.len, err);
}

/* ---- the key ---- */

/* A module inside the root cannot change, and the root's key counts it in; a module on the host may change. */
static int closure_key(const struct initrd *i, struct sha256 *key, struct err *err)
{
	for (size_t k = 0; k < i->closure->count; k++) {
		cleanup_free char *inner = path_join(i->modules_dir, i->closure->paths[k]), *path = NULL;

		sha256_add_str(key, inner);
		if (!i->modules.root)
			continue;
		path = path_join(i->modules.root, inner);
		if (store_key_content(i->store, key, path, err) < 0)
			return -1;
	}
	/* All of the image, also what is not loaded: it is one file, and its sum is remembered. */
	return i->modules_image ? store_key_content(i->store, key, i->modules_image, err) : 0;
}

/* What a BusyBox guest's modprobe reads. */
static int index_key(const struct initrd *i, struct sha256 *key, struct err *err)
{
	cleanup_free char *inner = i->modules_dir ? path_join(i->modules_dir, MODULES_BUILTIN) : NULL, *path = NULL;

	if (!inner || !i->modules.root || !folder_has(&i->modules, inner))
		return 0;
	path = path_join(i->modules.root, inner);
	return store_key_content(i->store, key, path, err);
}

static int initrd_key(void *arg, char hex[SHA256_HEX], struct err *err)
{
	const struct initrd *i = arg;
	struct sha256 key;

	sha256_init(&key);
	sha256_add_str(&key, "initrd " INITRD_FORMAT);
	sha256_add_str(&key, i->release);
	sha256_add(&key, i->agent, i->agent_len);
	if (closure_key(i, &key, err) < 0 || (i->user && store_key_content(i->store, &key, i->user, err) < 0))
		return -1;
	if (i->files && store_key_content(i->store, &key, i->files, err) < 0)
		return -1;
	if (i->users)
		sha256_add(&key, i->users->data, i->users->len);
	sha256_add_str(&key, "env"); /* else a user's shell could be a variable */
	if (i->env)
		sha256_add(&key, i->env->data, i->env->len);
	if (i->root_key) {
		sha256_add_str(&key, i->root_key);
	} else {
		cleanup_free char *busybox = path_join(i->kit, "busybox");

		if (store_key_content(i->store, &key, busybox, err) < 0 || index_key(i, &key, err) < 0)
			return err_hint(err, "the kit '%s' is not complete", i->kit);
	}
	sha256_hex(&key, hex);
	return 0;
}

int initrd_prepare(const struct initrd *i, char **path, struct err *err)
{
	struct initrd copy = *i;
	const struct store_recipe recipe = {
		.kind = "initrd",
		.what = i->user ? i->user : i->kit ? i->kit : "the modules",
		.key = initrd_key,
		.build = initrd_build,
		.arg = &copy,
	};
	cleanup_free char *entry = NULL;
	char key[SHA256_HEX], first;

	/* What is no plain file is refused before anybody waits for a pipe's writer. */
	if (i->user && source_head(i->user, &first, sizeof(first), err) < 0)
		return -1;
	if (store_make(i->store, &recipe, key, &entry, err) < 0)
		return -1;
	*path = path_join(entry, INITRD_FILE);
	return 0;
}
