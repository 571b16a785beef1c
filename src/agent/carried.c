/* carried.c - files that came with the initramfs, put into the root before its init runs */
#include "agent/carried.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/mem.h"
#include "wire/boot.h"
#include "wire/frame.h"
#include "wire/tree.h"

/* The mapping keeps the pages, not the name. */
int carried_take(struct carried *c, struct err *err)
{
	cleanup_fd int fd = open(BOOT_FILES, O_RDONLY | O_CLOEXEC);
	struct stat st;

	*c = (struct carried){0};
	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "cannot open '%s'", BOOT_FILES);
	if (fstat(fd, &st) < 0 || st.st_size == 0)
		return err_set(err, "'%s' is empty", BOOT_FILES);
	c->n = (size_t)st.st_size;
	c->bytes = mmap(NULL, c->n, PROT_READ, MAP_SHARED, fd, 0);
	if (c->bytes == MAP_FAILED) {
		c->bytes = NULL;
		return err_errno(err, "cannot map '%s'", BOOT_FILES);
	}
	unlink(BOOT_FILES);
	return 0;
}

/* A path and its records, of which the last is empty. */
static int put_item(struct wire_reader *r, struct err *err)
{
	cleanup_free char *path = wire_get_str(r);
	struct tree_unpack *u;
	const char *record;
	size_t n;
	int result = 0;

	if (r->bad || path[0] != '/')
		return err_set(err, "malformed '%s'", BOOT_FILES);
	u = tree_unpack_open(path, false, err);
	if (!u)
		return -1;
	while (result == 0 && (record = wire_get_bytes(r, &n), n > 0))
		result = tree_unpack_record(u, record, n, err);
	if (result == 0)
		result = r->bad ? err_set(err, "malformed '%s'", BOOT_FILES) : tree_unpack_end(u, err);
	tree_unpack_free(u);
	return result;
}

void carried_drop(struct carried *c)
{
	if (c->bytes)
		munmap(c->bytes, c->n);
	*c = (struct carried){0};
}

int carried_put(struct carried *c, struct err *err)
{
	struct wire_reader r = {.p = c->bytes, .left = c->n};
	int result = 0;

	while (result == 0 && r.left > 0)
		result = put_item(&r, err);
	carried_drop(c);
	return result < 0 ? err_wrap(err, ".files") : 0;
}
