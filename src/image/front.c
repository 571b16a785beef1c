/* front.c - our agent in front of an initramfs that is not ours: an entry of the store */
#include "image/front.h"

#include "base/file.h"
#include "base/gzip.h"
#include "base/mem.h"
#include "base/sha256.h"
#include "image/cpio.h"
#include "image/initramfs.h"
#include "image/source.h"
#include "store/store.h"
#include "wire/boot.h"

#define FRONT_FORMAT "1"	    /* raise it when other bytes are written for the same input */
#define USER_MAX     (512u << 20) /* bytes of the initramfs */
#define AGENT_MAX    (16u << 20)
#define FRONT_FILE   "initrd"

struct making {
	const char *store, *user;
	const void *agent;
	size_t agent_len;
};

static int build(const char *dir, void *arg, struct err *err)
{
	const struct making *m = arg;
	const struct buf packed = {.data = (char *)m->agent, .len = m->agent_len};
	cleanup_buf struct buf out = {0}, agent = {0};
	struct cpio c = {.ino = 0};

	if (file_read(m->user, USER_MAX, &out, err) < 0)
		return -1;
	if (!initramfs_is(buf_str(&out), out.len))
		return err_set(err, "'%s' is not an initramfs: neither a cpio archive nor a compressed one", m->user);
	if (gzip_inflate("the agent", &packed, AGENT_MAX, &agent, err) < 0)
		return -1;
	while (out.len % CPIO_ALIGN)
		buf_addc(&out, '\0');
	cpio_dir(&c, "vmtap", 0755);
	cpio_dir(&c, BOOT_FRONT_PROC, 0755);
	cpio_file(&c, BOOT_FRONT_AGENT, 0755, agent.data, agent.len);
	cpio_end(&c);
	buf_add(&out, c.out.data, c.out.len);
	buf_free(&c.out);
	return store_write_file(dir, FRONT_FILE, out.data, out.len, err);
}

static int key(void *arg, char hex[SHA256_HEX], struct err *err)
{
	const struct making *m = arg;
	struct sha256 k;

	sha256_init(&k);
	sha256_add_str(&k, "front " FRONT_FORMAT);
	sha256_add(&k, m->agent, m->agent_len);
	if (store_key_content(m->store, &k, m->user, err) < 0)
		return -1;
	sha256_hex(&k, hex);
	return 0;
}

int front_prepare(const char *store, const char *user, const void *agent, size_t agent_len, char **path, struct err *err)
{
	struct making m = {store, user, agent, agent_len};
	const struct store_recipe recipe = {.kind = "front", .what = user, .key = key, .build = build, .arg = &m};
	cleanup_free char *entry = NULL;
	char hex[SHA256_HEX], first;

	/* What is no plain file is refused before anybody waits for a pipe's writer. */
	if (source_head(user, &first, sizeof(first), err) < 0 || store_make(store, &recipe, hex, &entry, err) < 0)
		return -1;
	*path = path_join(entry, FRONT_FILE);
	return 0;
}
