/* cpio.c - writing "newc" cpio archives, the format of an initramfs */
#include "image/cpio.h"

#include <string.h>
#include <sys/stat.h>

/* Headers and data start at multiples of 4 from the start of the archive. */
static void cpio_pad(struct cpio *c, size_t to)
{
	while (c->out.len % to)
		buf_addc(&c->out, '\0');
}

static void cpio_header(struct cpio *c, const char *path, uint32_t mode, size_t size, uint32_t major, uint32_t minor)
{
	unsigned int links = S_ISDIR(mode) ? 2 : 1;

	/* magic, inode, mode, uid, gid, links, time, size, device of the file, of the node, name's length, sum */
	buf_addf(&c->out, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", mode ? ++c->ino : 0, mode, 0,
		 0, links, 0, (unsigned int)size, 0, 0, major, minor, (unsigned int)strlen(path) + 1, 0);
	buf_add(&c->out, path, strlen(path) + 1);
	cpio_pad(c, 4);
}

void cpio_dir(struct cpio *c, const char *path, uint32_t mode)
{
	cpio_header(c, path, S_IFDIR | mode, 0, 0, 0);
}

void cpio_file(struct cpio *c, const char *path, uint32_t mode, const void *data, size_t n)
{
	cpio_header(c, path, S_IFREG | mode, n, 0, 0);
	buf_add(&c->out, data, n);
	cpio_pad(c, 4);
}

void cpio_symlink(struct cpio *c, const char *path, const char *target)
{
	cpio_header(c, path, S_IFLNK | 0777, strlen(target), 0, 0);
	buf_adds(&c->out, target);
	cpio_pad(c, 4);
}

void cpio_char(struct cpio *c, const char *path, uint32_t mode, uint32_t major, uint32_t minor)
{
	cpio_header(c, path, S_IFCHR | mode, 0, major, minor);
}

void cpio_end(struct cpio *c)
{
	cpio_header(c, "TRAILER!!!", 0, 0, 0, 0);
	cpio_pad(c, 512);
}
