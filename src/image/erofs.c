/* erofs.c - writing an EROFS image in one pass
 *
 * Theory of operation
 *
 * EROFS lets the metadata be anywhere (the superblock says where it starts),
 * so the image is written while the archive is read, a pipe included:
 *
 *	block 0		superblock at byte 1024, written last
 *	block 1...	file data, in the order it came
 *	then		blocks of folders and of long symlinks
 *	then		inodes, each followed by its extended attributes and tail
 *
 * File data goes from the reader's window to the image with one write(2) and
 * is never kept. What is kept until the end are tails: the bytes behind a
 * file's last whole block, when there are at most TAIL_MAX of them, are put
 * behind its inode. That saves half a block for each small file, and the guest
 * one disk request, because reading the inode has already brought them in.
 *
 * Nothing is compressed: the image is made on the machine that uses it, and a
 * guest under TCG inflates about fifty times slower than the host reads.
 *
 * Memory: 200 bytes for each file, the tails, and what folders have as their
 * content. 100,000 files take 45 MB. Inodes are written as they are laid out,
 * front to back, through a window. However an archive is made, the limits in tree.h
 * make that 1.4 GB: a million names of 255 bytes, twice, and 256 MB of targets and
 * attributes, of which targets are there twice as well.
 *
 * The output depends on the tree and the order of the data alone: no time of
 * day, no random UUID.
 *
 * Rules of the format that are easy to miss
 * - A tail must not cross a block. We keep inode, attributes and tail in one
 *   block whenever they fit in one; before Linux 5.10 an extended inode must
 *   not cross a block either.
 * - The number of the root's inode has 16 bits, so the root comes first. It is
 *   not number 0: that reads as a deleted entry in old C libraries.
 * - Names in a folder are sorted as bytes, "." and ".." among them.
 */
#include "image/erofs.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/fd.h"
#include "base/mem.h"
#include "image/erofs_format.h"
#include "store/store.h"

#define TAIL_MAX    2048u	   /* bytes; a longer one would mostly waste the rest of its metadata block */
#define TAILS_MAX   (20u << 20)  /* bytes of tails kept in memory; later files get whole blocks. Debian with a web server has 6 million */
#define META_WINDOW (1u << 20)	   /* bytes of inodes kept in memory; one with its attributes has 66 KB at most */
#define META_FIRST  64u		   /* bytes before the first inode: its number is 2 */
#define COPY_CHUNK  (256u * 1024)

static_assert(EROFS_BYTES_MAX / EROFS_BLOCK <= UINT32_MAX, "a block's address has 32 bits");
static_assert(TAIL_MAX <= EROFS_BLOCK - EROFS_INODE_EXTENDED, "a tail fits into a block with its inode");

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

static int write_at(const struct erofs_writer *w, const void *data, size_t n, uint64_t at, struct err *err)
{
	if (fd_pwrite_all(w->fd, data, n, (off_t)at) < 0)
		return store_write_error(err, w->path);
	return 0;
}

int erofs_begin(struct erofs_writer *w, const char *path, struct err *err)
{
	*w = (struct erofs_writer){.path = path, .blocks = 1};
	w->fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (w->fd < 0)
		return store_write_error(err, path);
	return 0;
}

void erofs_abandon(struct erofs_writer *w)
{
	fd_close(&w->fd);
}

/* Give @i blocks for all of its size but a tail of @tail bytes. */
static int blocks_take(struct erofs_writer *w, struct inode *i, uint32_t tail, struct err *err)
{
	uint64_t n = (i->size - tail + EROFS_BLOCK - 1) / EROFS_BLOCK;

	if (i->size > EROFS_BYTES_MAX || (w->blocks + n) * EROFS_BLOCK > EROFS_BYTES_MAX)
		return err_set(err, "the image would be larger than %llu GiB", EROFS_BYTES_MAX >> 30);
	i->block = n ? (uint32_t)w->blocks : 0;
	i->tail_len = tail;
	w->blocks += n;
	return 0;
}

int erofs_file_begin(struct erofs_writer *w, struct inode *i, struct err *err)
{
	uint32_t tail = (uint32_t)(i->size % EROFS_BLOCK);

	if (tail > TAIL_MAX || w->tails + tail > TAILS_MAX)
		tail = 0;
	if (blocks_take(w, i, tail, err) < 0)
		return -1;
	if (tail)
		i->tail = xcalloc(1, tail);
	w->tails += tail;
	return 0;
}

int erofs_file_write(struct erofs_writer *w, struct inode *i, uint64_t offset, const void *data, size_t n,
		     struct err *err)
{
	uint64_t whole = i->size - i->tail_len;
	size_t direct = offset < whole ? (size_t)(n < whole - offset ? n : whole - offset) : 0;

	if (direct && write_at(w, data, direct, (uint64_t)i->block * EROFS_BLOCK + offset, err) < 0)
		return -1;
	if (direct < n)
		memcpy(i->tail + (offset + direct - whole), (const uint8_t *)data + direct, n - direct);
	return 0;
}

/* copy_file_range(2) shares blocks where the filesystem can do that, and elsewhere copies inside the kernel. */
static int64_t copy_inside(struct erofs_writer *w, struct inode *i, uint64_t offset, int fd, uint64_t n)
{
	off_t to = (off_t)((uint64_t)i->block * EROFS_BLOCK + offset);
	uint64_t done = 0;

	while (done < n) {
		ssize_t got = copy_file_range(fd, NULL, w->fd, &to, (size_t)(n - done), 0);

		if (got <= 0)
			break; /* the caller goes on with read(2), which works or tells why not */
		done += (uint64_t)got;
	}
	return (int64_t)done;
}

int64_t erofs_file_copy(struct erofs_writer *w, struct inode *i, uint64_t offset, int fd, uint64_t n,
			struct err *err)
{
	uint64_t whole = i->size - i->tail_len, done = 0;

	if (offset < whole && n >= COPY_CHUNK)
		done = (uint64_t)copy_inside(w, i, offset, fd, n < whole - offset ? n : whole - offset);
	while (done < n) {
		static uint8_t chunk[COPY_CHUNK];
		size_t want = n - done < COPY_CHUNK ? (size_t)(n - done) : COPY_CHUNK;
		ssize_t got = fd_read_full(fd, chunk, want);

		if (got < 0)
			return err_errno(err, "cannot read");
		if (got == 0)
			break;
		if (erofs_file_write(w, i, offset + done, chunk, (size_t)got, err) < 0)
			return -1;
		done += (uint64_t)got;
	}
	return (int64_t)done;
}

/* ---- the metadata ---- */

/**
 * struct meta - The metadata while it is laid out and written
 * @cursor:	Bytes of the inode area given away
 * @window:	META_WINDOW bytes of the inode area, from byte @window_at of it on
 * @writer:	Gets what leaves the window
 * @failed:	Something could not be written
 * @bodies:	Blocks of folders and long symlinks, from block @bodies_at on
 * @time:	The mtime of compact inodes
 * @count:	Inodes
 */
struct meta {
	uint64_t cursor, bodies_at, bodies_blocks, time, count, window_at;
	uint8_t *window, *bodies;
	struct erofs_writer *writer;
	struct err *err;
	bool failed;
};

/* The prefixes of attribute names that EROFS has numbers for; others cannot be stored. */
static const struct xattr_prefix {
	const char *prefix;
	uint8_t index;
	bool whole; /* the name is the prefix alone */
} xattr_prefixes[] = {
	{"user.", 1, false},	 {"system.posix_acl_access", 2, true},
	{"trusted.", 4, false},	 {"system.posix_acl_default", 3, true},
	{"security.", 6, false},
};

static const struct xattr_prefix *xattr_prefix(const char *name)
{
	for (size_t k = 0; k < ARRAY_SIZE(xattr_prefixes); k++) {
		const struct xattr_prefix *p = &xattr_prefixes[k];

		if (p->whole ? strcmp(name, p->prefix) == 0 : strncmp(name, p->prefix, strlen(p->prefix)) == 0)
			return p;
	}
	return NULL;
}

static size_t xattr_size(const struct xattr *x)
{
	const struct xattr_prefix *p = xattr_prefix(x->name);

	return p ? round_up(EROFS_XATTR_ENTRY + strlen(x->name) - strlen(p->prefix) + x->len, 4) : 0;
}

static uint32_t xattrs_size(const struct inode *i)
{
	size_t n = 0;

	for (const struct xattr *x = i->xattrs; x; x = x->next)
		n += xattr_size(x);
	return n ? (uint32_t)(EROFS_XATTR_HEADER + n) : 0;
}

static void xattrs_put(const struct inode *i, uint8_t *at)
{
	at += EROFS_XATTR_HEADER;
	for (const struct xattr *x = i->xattrs; x; x = x->next) {
		const struct xattr_prefix *p = xattr_prefix(x->name);
		size_t skip = p ? strlen(p->prefix) : 0, len = strlen(x->name) - skip;

		if (!p)
			continue;
		at[0] = (uint8_t)len;
		at[1] = p->index;
		put_le16(at + 2, (uint32_t)x->len);
		memcpy(at + EROFS_XATTR_ENTRY, x->name + skip, len);
		memcpy(at + EROFS_XATTR_ENTRY + len, x->value, x->len);
		at += xattr_size(x);
	}
}

static uint32_t links_of(const struct node *n)
{
	return S_ISDIR(n->inode->mode) ? n->folders + 2 : n->inode->names;
}

/* The compact form has no time of its own and 16 bits for owners and links. */
static uint32_t inode_size(const struct meta *m, const struct node *n)
{
	const struct inode *i = n->inode;
	bool fits = i->uid <= 0xffff && i->gid <= 0xffff && links_of(n) <= 0xffff && i->size <= 0xffffffff &&
		    i->mtime == (int64_t)m->time && i->mtime_nsec == 0;

	return fits ? EROFS_INODE_COMPACT : EROFS_INODE_EXTENDED;
}

/* A folder's names in the order of the format: dots first found, then the sorted children. */
struct names {
	const struct node *dir, *next;
	unsigned int dots; /* of ".", ".." already given */
};

static const char *names_next(struct names *l, const struct node **node)
{
	static const char *const dot[] = {".", ".."};

	if (l->dots < 2 && (!l->next || strcmp(dot[l->dots], l->next->name) < 0)) {
		*node = l->dots ? l->dir->parent : l->dir;
		return dot[l->dots++];
	}
	if (!l->next)
		return NULL;
	*node = l->next;
	l->next = l->next->next;
	return (*node)->name;
}

/* Bytes of a folder: entries do not cross blocks. */
static uint64_t dir_size(const struct node *dir)
{
	struct names l = {.dir = dir, .next = dir->child};
	const struct node *n;
	const char *name;
	uint64_t blocks = 0;
	uint32_t used = 0;

	while ((name = names_next(&l, &n))) {
		uint32_t need = EROFS_DIRENT + (uint32_t)strlen(name);

		if (used + need > EROFS_BLOCK) {
			blocks++;
			used = 0;
		}
		used += need;
	}
	return blocks * EROFS_BLOCK + used;
}

static uint8_t type_of(const struct inode *i)
{
	switch (i->mode & S_IFMT) {
	case S_IFREG:
		return 1;
	case S_IFDIR:
		return 2;
	case S_IFCHR:
		return 3;
	case S_IFBLK:
		return 4;
	case S_IFIFO:
		return 5;
	case S_IFSOCK:
		return 6;
	default:
		return 7; /* symlink */
	}
}

/* One block: all entries, then all names. Return: how many entries are in it. */
static void dir_put_block(uint8_t *block, struct names *from, unsigned int entries)
{
	uint32_t at = entries * EROFS_DIRENT;

	for (unsigned int k = 0; k < entries; k++) {
		const struct node *n;
		const char *name = names_next(from, &n);
		uint8_t *d = block + k * EROFS_DIRENT;

		put_le64(d, n->inode->nid);
		put_le16(d + 8, at);
		d[10] = type_of(n->inode);
		memcpy(block + at, name, strlen(name));
		at += (uint32_t)strlen(name);
	}
}

static void dir_put(const struct node *dir, uint8_t *blocks, uint8_t *tail, uint64_t whole)
{
	struct names ahead = {.dir = dir, .next = dir->child}, from = ahead;
	uint64_t at = 0;
	const struct node *n;
	const char *name;

	do {
		struct names seen = ahead;
		unsigned int entries = 0;
		uint32_t used = 0;

		while ((name = names_next(&seen, &n)) && used + EROFS_DIRENT + strlen(name) <= EROFS_BLOCK) {
			used += EROFS_DIRENT + (uint32_t)strlen(name);
			entries++;
			ahead = seen;
		}
		assert(blocks || at >= whole);
		dir_put_block(at < whole ? blocks + at : tail, &from, entries);
		at += EROFS_BLOCK;
	} while (name);
}

/* Decide where an inode and its folder or symlink bytes go; further names of a file take no room. */
static void layout_one(struct meta *m, struct node *n)
{
	struct inode *i = n->inode;
	uint32_t head, room, used = (uint32_t)(m->cursor % EROFS_BLOCK);

	if (i->nid)
		return;
	if (S_ISDIR(i->mode))
		i->size = dir_size(n);
	head = inode_size(m, n) + xattrs_size(i);
	if (S_ISDIR(i->mode) || S_ISLNK(i->mode)) {
		i->tail_len = (uint32_t)(i->size % EROFS_BLOCK);
		if (head + i->tail_len > EROFS_BLOCK)
			i->tail_len = 0;
		i->block = i->size > i->tail_len ? (uint32_t)(m->bodies_at + m->bodies_blocks) : 0;
		m->bodies_blocks += (i->size - i->tail_len + EROFS_BLOCK - 1) / EROFS_BLOCK;
	}
	room = head + i->tail_len;
	if (room > EROFS_BLOCK) /* attributes may cross blocks; an inode and a tail may not */
		room = EROFS_BLOCK;
	if (used + room > EROFS_BLOCK)
		m->cursor = round_up(m->cursor, EROFS_BLOCK);
	i->nid = m->cursor / EROFS_SLOT;
	m->cursor = round_up(m->cursor + head + i->tail_len, EROFS_SLOT);
	m->count++;
}

static void layout_below(struct meta *m, struct node *dir)
{
	for (struct node *c = dir->child; c; c = c->next)
		layout_one(m, c);
	for (struct node *c = dir->child; c; c = c->next)
		if (S_ISDIR(c->inode->mode))
			layout_below(m, c);
}

static void inode_put(const struct meta *m, const struct node *n, uint8_t *at)
{
	const struct inode *i = n->inode;
	uint32_t size = inode_size(m, n), xattrs = xattrs_size(i), data = i->block;
	bool big = size == EROFS_INODE_EXTENDED;

	if (S_ISCHR(i->mode) || S_ISBLK(i->mode))
		data = i->rdev;
	put_le16(at + EROFS_INODE_FORMAT, (uint32_t)big | (i->tail_len ? EROFS_INLINE : EROFS_PLAIN) << 1);
	put_le16(at + EROFS_INODE_XATTRS, xattrs ? (xattrs - EROFS_XATTR_HEADER) / 4 + 1 : 0);
	put_le16(at + EROFS_INODE_MODE, i->mode);
	put_le32(at + EROFS_INODE_SIZE, (uint32_t)i->size);
	put_le32(at + EROFS_INODE_DATA, data);
	put_le32(at + EROFS_INODE_NUMBER, (uint32_t)i->nid);
	if (big) {
		put_le64(at + EROFS_INODE_SIZE, i->size);
		put_le32(at + EROFS_INODE_UID, i->uid);
		put_le32(at + EROFS_INODE_GID32, i->gid);
		put_le64(at + EROFS_INODE_MTIME, (uint64_t)i->mtime);
		put_le32(at + EROFS_INODE_MTIME_NS, i->mtime_nsec);
		put_le32(at + EROFS_INODE_LINKS32, links_of(n));
	} else {
		put_le16(at + EROFS_INODE_UID, i->uid);
		put_le16(at + EROFS_INODE_GID, i->gid);
		put_le16(at + EROFS_INODE_LINKS, links_of(n));
	}
	if (xattrs)
		xattrs_put(i, at + size);
}

/* Write the window up to byte @to of the inode area, a multiple of the block's size, and move it there. */
static void window_write(struct meta *m, uint64_t to)
{
	uint64_t n = to - m->window_at, area = (m->bodies_at + m->bodies_blocks) * EROFS_BLOCK;

	if (!m->failed && write_at(m->writer, m->window, n, area + m->window_at, m->err) < 0)
		m->failed = true;
	memmove(m->window, m->window + n, META_WINDOW - n);
	memset(m->window + META_WINDOW - n, 0, n);
	m->window_at = to;
}

/* Names are gone through in the order of the layout: an inode in front of the last one was written, by another name. */
static void put_one(struct meta *m, struct node *n)
{
	struct inode *i = n->inode;
	uint64_t offset = i->nid * EROFS_SLOT;
	uint32_t head = inode_size(m, n) + xattrs_size(i);
	uint8_t *at, *tail, *blocks = NULL;
	bool body = S_ISDIR(i->mode) || S_ISLNK(i->mode);

	if (offset < m->cursor)
		return;
	m->cursor = offset + 1;
	if (offset + head + i->tail_len > m->window_at + META_WINDOW)
		window_write(m, offset / EROFS_BLOCK * EROFS_BLOCK);
	assert(offset >= m->window_at && offset + head + i->tail_len <= m->window_at + META_WINDOW);
	at = m->window + (offset - m->window_at);
	tail = at + head;
	if (i->block && body)
		blocks = m->bodies + (i->block - m->bodies_at) * EROFS_BLOCK;
	inode_put(m, n, at);
	if (S_ISDIR(i->mode))
		dir_put(n, blocks, tail, i->size - i->tail_len);
	else if (S_ISLNK(i->mode))
		memcpy(i->tail_len ? tail : blocks, i->target, i->size);
	else if (i->tail_len)
		memcpy(tail, i->tail, i->tail_len);
}

/* As layout_below(). */
static void put_below(struct meta *m, struct node *dir)
{
	for (struct node *c = dir->child; c; c = c->next)
		put_one(m, c);
	for (struct node *c = dir->child; c; c = c->next)
		if (S_ISDIR(c->inode->mode))
			put_below(m, c);
}

static void super_put(const struct meta *m, const struct node *root, uint64_t blocks, uint8_t block[EROFS_BLOCK])
{
	uint8_t *s = block + EROFS_SUPER_OFFSET;

	put_le32(s + EROFS_SUPER_MAGIC, EROFS_MAGIC);
	put_le32(s + EROFS_SUPER_COMPAT, EROFS_COMPAT_SUM | EROFS_COMPAT_MTIME);
	s[EROFS_SUPER_BLOCK_BITS] = EROFS_BLOCK_BITS;
	put_le16(s + EROFS_SUPER_ROOT, (uint32_t)root->inode->nid);
	put_le64(s + EROFS_SUPER_INODES, m->count);
	put_le64(s + EROFS_SUPER_TIME, m->time);
	put_le32(s + EROFS_SUPER_BLOCKS, (uint32_t)blocks);
	put_le32(s + EROFS_SUPER_META, (uint32_t)(m->bodies_at + m->bodies_blocks));
	put_le32(s + EROFS_SUPER_SUM, crc32c(CRC32C_INIT, s, EROFS_BLOCK - EROFS_SUPER_OFFSET));
}

/* The superblock is written last, so that an unfinished image is not taken for an image. */
static int meta_write(struct meta *m, struct node *root, struct err *err)
{
	uint64_t at = m->bodies_at * EROFS_BLOCK, bodies = m->bodies_blocks * EROFS_BLOCK;
	uint64_t inodes = round_up(m->cursor, EROFS_BLOCK);
	uint8_t super[EROFS_BLOCK] = {0};

	m->cursor = 0; /* from now on, how far inodes were put */
	put_one(m, root);
	put_below(m, root);
	while (m->window_at < inodes)
		window_write(m, inodes - m->window_at < META_WINDOW ? inodes : m->window_at + META_WINDOW);
	super_put(m, root, (at + bodies + inodes) / EROFS_BLOCK, super);
	if (m->failed || write_at(m->writer, m->bodies, bodies, at, err) < 0)
		return -1;
	return write_at(m->writer, super, sizeof(super), 0, err);
}

int erofs_finish(struct erofs_writer *w, struct tree *t, struct err *err)
{
	struct meta m = {.cursor = META_FIRST, .bodies_at = w->blocks, .writer = w, .err = err};
	int r;

	m.time = t->root->inode->mtime > 0 ? (uint64_t)t->root->inode->mtime : 0;
	tree_sort(t);
	layout_one(&m, t->root);
	layout_below(&m, t->root);
	if ((w->blocks + m.bodies_blocks) * EROFS_BLOCK + m.cursor > EROFS_BYTES_MAX)
		return err_set(err, "the image would be larger than %llu GiB", EROFS_BYTES_MAX >> 30);
	m.window = xcalloc(1, META_WINDOW);
	m.bodies = xcalloc(m.bodies_blocks, EROFS_BLOCK);
	r = meta_write(&m, t->root, err);
	free(m.window);
	free(m.bodies);
	if (close(fd_steal(&w->fd)) < 0 && r == 0)
		r = store_write_error(err, w->path);
	return r;
}
