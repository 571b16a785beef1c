/* cpio_read.c - reading "newc" cpio archives
 *
 * A file of several names comes once for each, and its content with one of them,
 * mostly the last: until then it is empty. Its names are told to be one file's by
 * device and inode number; an inode that waits for more of them is counted as
 * having one name more, so that it stays while others take its names.
 */
#include "image/cpio_read.h"

#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"

#define HEAD	 110 /* bytes of a header: the magic, and 13 numbers of 8 digits */
#define TRAILER	 "TRAILER!!!"
#define SLOTS	 65536
#define REST_MAX (16u << 20) /* bytes of zeros behind an end mark; archives in an initramfs are padded to some KB */

/* The numbers of a header, in their order. */
enum cpio_field {
	CPIO_INO,
	CPIO_MODE,
	CPIO_UID,
	CPIO_GID,
	CPIO_LINKS,
	CPIO_MTIME,
	CPIO_SIZE,
	CPIO_DEV_MAJOR,
	CPIO_DEV_MINOR,
	CPIO_RDEV_MAJOR,
	CPIO_RDEV_MINOR,
	CPIO_NAME_LEN,
	CPIO_SUM,
	CPIO_FIELDS,
};

/* A file that has several names, seen before. */
struct link {
	struct link *next;
	uint32_t ino, major, minor;
	struct inode *inode;
};

/**
 * struct reader - An archive being read
 * @start:	Where it begins in the source: what is aligned is so from there
 * @name:	Of the member
 */
struct reader {
	struct source *source;
	struct tree *tree;
	struct erofs_writer *writer;
	uint64_t start;
	uint32_t field[CPIO_FIELDS];
	char name[TREE_PATH_MAX + 1];
	struct link *links[SLOTS];
	size_t nlinks;
};

/* ---- errors ---- */

static int member_fail(const struct reader *r, struct err *err)
{
	cleanup_buf struct buf name = {0};

	text_clean(&name, r->name, strnlen(r->name, 200));
	return err_wrap(err, "cannot use '%s': member '%s'", r->source->name, buf_str(&name));
}

static int truncated(const struct reader *r, struct err *err)
{
	err_set(err, "'%s' is truncated: it ends at byte %llu, before its end mark", r->source->name,
		(unsigned long long)r->source->offset);
	return err_hint(err, "make or download it again");
}

/* ---- bytes ---- */

static int get(struct reader *r, void *to, size_t n, struct err *err)
{
	ssize_t got = source_read(r->source, to, n, err);

	return got < 0 ? -1 : got < (ssize_t)n ? truncated(r, err) : 0;
}

static int skip(struct reader *r, uint64_t n, struct err *err)
{
	int end = source_skip(r->source, n, err);

	return end > 0 ? truncated(r, err) : end;
}

/* Names and contents are padded with zeros. */
static int align(struct reader *r, struct err *err)
{
	return skip(r, (4 - (r->source->offset - r->start) % 4) % 4, err);
}

/* ---- members ---- */

bool cpio_is(const void *head, size_t n)
{
	return n >= 6 && (memcmp(head, "070701", 6) == 0 || memcmp(head, "070702", 6) == 0);
}

static int number(const char *digits, uint32_t *value)
{
	*value = 0;
	for (int k = 0; k < 8; k++) {
		const char *all = "0123456789abcdefABCDEF", *d = digits[k] ? strchr(all, digits[k]) : NULL;

		if (!d)
			return -1;
		*value = *value << 4 | (uint32_t)(d - all < 16 ? d - all : d - all - 6);
	}
	return 0;
}

static int head_read(struct reader *r, struct err *err)
{
	unsigned long long at = r->source->offset;
	char head[HEAD];
	bool good;

	if (get(r, head, HEAD, err) < 0)
		return -1;
	good = cpio_is(head, HEAD);
	for (int k = 0; k < CPIO_FIELDS; k++)
		good = good && number(head + 6 + 8 * k, &r->field[k]) == 0;
	if (!good) {
		err_set(err, "'%s' is damaged: there is no header at byte %llu", r->source->name, at);
		return err_hint(err, "make or download it again");
	}
	if (r->field[CPIO_NAME_LEN] == 0 || r->field[CPIO_NAME_LEN] > sizeof(r->name))
		return err_set(err, "'%s' is damaged: the header at byte %llu has a name of %u bytes", r->source->name, at,
			       r->field[CPIO_NAME_LEN]);
	if (get(r, r->name, r->field[CPIO_NAME_LEN], err) < 0)
		return -1;
	r->name[r->field[CPIO_NAME_LEN] - 1] = '\0';
	return align(r, err);
}

static struct inode *inode_make(struct reader *r)
{
	struct inode *i = tree_inode(r->tree, r->field[CPIO_MODE] & 0xffff);

	i->uid = r->field[CPIO_UID];
	i->gid = r->field[CPIO_GID];
	i->mtime = r->field[CPIO_MTIME];
	if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
		i->rdev = tree_rdev(r->field[CPIO_RDEV_MAJOR] & 0xfff, r->field[CPIO_RDEV_MINOR] & 0xfffff);
	return i;
}

/* The place of the table in memory is in it, so that no archive can be made whose files are all in one slot. */
static size_t link_slot(const struct reader *r, uint32_t ino, uint32_t major, uint32_t minor)
{
	uint64_t h = ((uintptr_t)r ^ ino) * 0x9e3779b97f4a7c15ull;

	h = (h ^ h >> 32 ^ ((uint64_t)major << 32 | minor)) * 0x9e3779b97f4a7c15ull;
	return (size_t)(h >> 32) % SLOTS;
}

/* Return: the inode of a file of several names, which is counted as one name more; NULL with too many. */
static struct inode *link_inode(struct reader *r, struct err *err)
{
	uint32_t ino = r->field[CPIO_INO], major = r->field[CPIO_DEV_MAJOR], minor = r->field[CPIO_DEV_MINOR];
	struct link **at = &r->links[link_slot(r, ino, major, minor)], *l = *at;

	while (l && (l->ino != ino || l->major != major || l->minor != minor))
		l = l->next;
	if (l)
		return l->inode;
	if (++r->nlinks > TREE_NODES_MAX) {
		err_set(err, "there are more than %u files of several names", TREE_NODES_MAX);
		return NULL;
	}
	l = xcalloc(1, sizeof(*l));
	*l = (struct link){*at, ino, major, minor, inode_make(r)};
	l->inode->names++;
	*at = l;
	return l->inode;
}

static int content(struct reader *r, struct inode *i, struct err *err)
{
	uint64_t size = r->field[CPIO_SIZE];
	int end;

	if (size == 0 || i->size) /* of several names, some writers repeat the content */
		return skip(r, size, err);
	i->size = size;
	if (erofs_file_begin(r->writer, i, err) < 0)
		return member_fail(r, err);
	end = source_copy(r->source, r->writer, i, 0, size, err);
	return end > 0 ? truncated(r, err) : end;
}

static int symlink_read(struct reader *r, struct inode *i, struct err *err)
{
	i->size = r->field[CPIO_SIZE];
	if (i->size == 0 || i->size > TREE_PATH_MAX) {
		err_set(err, "it is a symlink with a target of %llu bytes", (unsigned long long)i->size);
		return member_fail(r, err);
	}
	i->target = xcalloc(1, i->size + 1);
	if (get(r, i->target, i->size, err) < 0)
		return -1;
	i->size = strlen(i->target);
	return i->size ? 0 : err_set(err, "'%s' is damaged: a symlink without a target", r->source->name);
}

static int member_read(struct reader *r, struct err *err)
{
	uint32_t mode = r->field[CPIO_MODE];
	struct inode *i;
	int got;

	switch (mode & S_IFMT) {
	case S_IFREG:
		i = r->field[CPIO_LINKS] > 1 ? link_inode(r, err) : inode_make(r);
		got = i ? content(r, i, err) : member_fail(r, err);
		break;
	case S_IFLNK:
		i = inode_make(r);
		got = symlink_read(r, i, err);
		break;
	case S_IFDIR:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		i = inode_make(r);
		got = skip(r, r->field[CPIO_SIZE], err);
		break;
	default:
		err_set(err, "its mode %o is of no kind of file", mode);
		return member_fail(r, err);
	}
	if (got < 0)
		return -1;
	return tree_put(r->tree, r->name, i, err) ? align(r, err) : member_fail(r, err);
}

/* Behind the end mark: zeros, and perhaps another archive. Return: 1 when there is one, 0 at the end, or -1. */
static int more(struct reader *r, struct err *err)
{
	static const char zeros[4];
	uint64_t end = r->source->offset + REST_MAX;
	const uint8_t *next;
	ssize_t n;

	while ((n = source_peek(r->source, &next, 6, err)) >= 4 && memcmp(next, zeros, 4) == 0 && r->source->offset < end)
		if (source_skip(r->source, 4, err) < 0)
			return -1;
	r->start = r->source->offset;
	if (n < 0 || (n > 0 && cpio_is(next, (size_t)n)))
		return n < 0 ? -1 : 1;
	while (n > 0 && *next == 0) {
		next++;
		n--;
	}
	if (n == 0)
		return 0;
	err_set(err, "'%s' has something else behind its end mark, at byte %llu", r->source->name,
		(unsigned long long)r->source->offset);
	return err_hint(err, "an initramfs, which often has a compressed archive there, goes into .initrd");
}

static int archives_read(struct reader *r, struct err *err)
{
	int again = 1;

	while (again > 0) {
		if (head_read(r, err) < 0)
			return -1;
		if (strcmp(r->name, TRAILER) == 0)
			again = more(r, err);
		else if (member_read(r, err) < 0)
			return -1;
	}
	return again;
}

static void links_free(struct reader *r)
{
	for (size_t k = 0; k < SLOTS; k++)
		for (struct link *l = r->links[k], *next; l; l = next) {
			next = l->next;
			l->inode->names--;
			free(l);
		}
}

int cpio_load(struct source *s, struct tree *t, struct erofs_writer *w, struct err *err)
{
	struct reader *r = xcalloc(1, sizeof(*r));
	int result;

	r->source = s;
	r->tree = t;
	r->writer = w;
	result = archives_read(r, err);
	links_free(r);
	free(r);
	if (result == 0 && t->count == 0)
		return err_set(err, "'%s' has no files in it", s->name);
	return result;
}
