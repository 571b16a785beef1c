/* remember.c - what was found out about this host, until it boots again */
#include "qemu/remember.h"

#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

#define BOOT_ID_MAX 64 /* bytes; a UUID and a newline */

char *remember_path(const char *dir, const char *name)
{
	return xasprintf("%s/host/%s", dir, name);
}

/* Return: whether this boot's id is known; it ends with a newline. */
static bool read_boot_id(struct buf *out)
{
	return file_read("/proc/sys/kernel/random/boot_id", BOOT_ID_MAX, out, NULL) == 0 && out->len > 1;
}

bool remember_get(const char *dir, const char *name, size_t limit, struct buf *out)
{
	cleanup_free char *path = remember_path(dir, name);
	cleanup_buf struct buf boot = {0}, text = {0};

	if (!read_boot_id(&boot) || file_read(path, limit + BOOT_ID_MAX, &text, NULL) < 0 || text.len < boot.len ||
	    memcmp(text.data, boot.data, boot.len) != 0)
		return false;
	buf_add(out, text.data + boot.len, text.len - boot.len);
	return true;
}

void remember_put(const char *dir, const char *name, const char *text)
{
	cleanup_free char *path = remember_path(dir, name), *folder = path_dir(path);
	cleanup_buf struct buf all = {0};

	if (!read_boot_id(&all) || file_make_dirs(folder, NULL) < 0)
		return;
	buf_adds(&all, text);
	file_write_atomic(path, all.data, all.len, 0666, NULL);
}

void remember_forget(const char *dir, const char *name)
{
	cleanup_free char *path = remember_path(dir, name);

	unlink(path);
}
