/* tar.c - reading tar archives: ustar, pax and GNU
 *
 * Theory of operation
 *
 * One pass, no seeking: an archive may be the inflated side of a gzip stream.
 * A member is put together from any number of headers (pax 'x', GNU 'L', 'K',
 * sparse extensions) followed by a plain one, then its data goes straight from
 * the reader's window to the image.
 *
 * The archive is not trusted. A member's data is only ever written inside the
 * room that the image gave to it, its name only ever looked up in our tree;
 * lengths are checked against named limits before anything is allocated.
 */
#include "image/tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/gzip.h"
#include "image/tar_member.h"

/* The plain header: offsets and lengths of its fields. */
enum tar_field {
	TAR_NAME = 0,
	TAR_NAME_LEN = 100,
	TAR_MODE = 100,
	TAR_UID = 108,
	TAR_GID = 116,
	TAR_ID_LEN = 8,
	TAR_SIZE = 124,
	TAR_MTIME = 136,
	TAR_SIZE_LEN = 12,
	TAR_SUM = 148,
	TAR_TYPE = 156,
	TAR_LINK = 157,
	TAR_MAGIC = 257,
	TAR_MAJOR = 329,
	TAR_MINOR = 337,
	TAR_PREFIX = 345,
	TAR_PREFIX_LEN = 155,
};

/* ---- errors ---- */

int tar_fail(const struct tar *t, struct err *err)
{
	cleanup_buf struct buf name = {0};
	const char *path = t->member.path;

	if (!path)
		return err_wrap(err, "cannot use '%s'", t->source->name);
	text_clean(&name, path, strnlen(path, 200));
	return err_wrap(err, "cannot use '%s': member '%s'", t->source->name, buf_str(&name));
}

int tar_truncated(const struct tar *t, struct err *err)
{
	cleanup_buf struct buf name = {0};
	const char *path = t->member.path;

	text_clean(&name, path ? path : "", path ? strnlen(path, 200) : 0);
	err_set(err, "'%s' is truncated: it ends at byte %llu%s%s%s", t->source->name,
		(unsigned long long)t->source->offset, path ? ", inside member '" : ", before its end mark",
		buf_str(&name), path ? "'" : "");
	return err_hint(err, "make or download it again");
}

/* ---- headers ---- */

/* Both sums are in use: of unsigned bytes (POSIX) and of signed ones (old tars). */
static bool header_sum_holds(const uint8_t *h)
{
	int64_t want;
	int plain = 0, sign = 0;

	for (unsigned int k = 0; k < TAR_BLOCK; k++) {
		bool in_sum = k >= TAR_SUM && k < TAR_SUM + 8;

		plain += in_sum ? ' ' : h[k];
		sign += in_sum ? ' ' : (signed char)h[k];
	}
	return tar_number(h + TAR_SUM, 8, &want) == 0 && (want == plain || want == sign);
}

static bool block_is_zero(const uint8_t *h)
{
	return h[0] == 0 && memcmp(h, h + 1, TAR_BLOCK - 1) == 0;
}

/* Return: 1 with a block, 0 at the end of the archive, or -1. */
static int header_read(struct tar *t, uint8_t h[TAR_BLOCK], struct err *err)
{
	ssize_t n = source_read(t->source, h, TAR_BLOCK, err);

	if (n < 0)
		return -1;
	if (n < (ssize_t)TAR_BLOCK)
		return tar_truncated(t, err);
	if (block_is_zero(h))
		return 0; /* the end mark is two zero blocks, but some writers leave the second out */
	if (header_sum_holds(h))
		return 1;
	err_set(err, "'%s' is damaged: bad header sum at byte %llu", t->source->name,
		(unsigned long long)t->source->offset - TAR_BLOCK);
	return err_hint(err, "make or download it again");
}

static int field(const uint8_t *h, unsigned int at, size_t n, const char *what, int64_t *value, struct err *err)
{
	if (tar_number(h + at, n, value) < 0)
		return err_set(err, "its %s is not a number", what);
	return 0;
}

static char *header_path(const uint8_t *h)
{
	size_t name = strnlen((const char *)h + TAR_NAME, TAR_NAME_LEN);
	size_t prefix = strnlen((const char *)h + TAR_PREFIX, TAR_PREFIX_LEN);

	/* "ustar\0" is POSIX, where long names are split; GNU's "ustar " has other things there. */
	if (memcmp(h + TAR_MAGIC, "ustar", 6) != 0 || prefix == 0)
		return xstrndup((const char *)h, name);
	return xasprintf("%.*s/%.*s", (int)prefix, (const char *)h + TAR_PREFIX, (int)name, (const char *)h);
}

/* Take from a plain header what no extended header has set. */
static int header_apply(struct tar_member *m, const uint8_t *h, struct err *err)
{
	int64_t size, uid, gid, mtime, mode, major = 0, minor = 0;

	if (!m->path)
		m->path = header_path(h);
	if (!m->link)
		m->link = xstrndup((const char *)h + TAR_LINK, TAR_NAME_LEN);
	if (m->sparse_path) {
		free(m->path);
		m->path = steal(m->sparse_path);
	}
	m->type = (char)h[TAR_TYPE];
	if (field(h, TAR_MODE, TAR_ID_LEN, "mode", &mode, err) < 0 ||
	    field(h, TAR_UID, TAR_ID_LEN, "owner", &uid, err) < 0 ||
	    field(h, TAR_GID, TAR_ID_LEN, "group", &gid, err) < 0 ||
	    field(h, TAR_SIZE, TAR_SIZE_LEN, "size", &size, err) < 0 ||
	    field(h, TAR_MTIME, TAR_SIZE_LEN, "time", &mtime, err) < 0)
		return -1;
	if ((m->type == '3' || m->type == '4') &&
	    (field(h, TAR_MAJOR, TAR_ID_LEN, "device number", &major, err) < 0 ||
	     field(h, TAR_MINOR, TAR_ID_LEN, "device number", &minor, err) < 0))
		return -1;
	m->mode = (uint32_t)mode & 07777;
	m->rdev = tree_rdev((uint32_t)major & 0xfff, (uint32_t)minor & 0xfffff);
	if (!(m->have & TAR_HAVE_SIZE))
		m->size = (uint64_t)size;
	if (!(m->have & TAR_HAVE_UID))
		m->uid = (uint32_t)uid;
	if (!(m->have & TAR_HAVE_GID))
		m->gid = (uint32_t)gid;
	if (!(m->have & TAR_HAVE_MTIME))
		m->mtime = mtime;
	if (m->size > INT64_MAX)
		return err_set(err, "its size is impossible");
	return 0;
}

/* No data follow a link: a size is that of what it links to, but for a hard link's in pax, which means data. */
static void size_check(struct tar *t)
{
	if (t->member.type == '2' || (t->member.type == '1' && !t->pax))
		t->member.size = 0;
}

int tar_skip(struct tar *t, uint64_t n, struct err *err)
{
	int r = source_skip(t->source, n, err);

	return r > 0 ? tar_truncated(t, err) : r;
}

/* Read the data of an extension header. */
static int extension_read(struct tar *t, const uint8_t *h, struct buf *out, struct err *err)
{
	int64_t size;
	ssize_t n;

	if (field(h, TAR_SIZE, TAR_SIZE_LEN, "size", &size, err) < 0)
		return tar_fail(t, err);
	if (size < 0 || size > TAR_EXTENSION_MAX) {
		err_set(err, "an extended header is larger than %u bytes", TAR_EXTENSION_MAX);
		return tar_fail(t, err);
	}
	n = source_read(t->source, buf_reserve(out, (size_t)size), (size_t)size, err);
	if (n < 0)
		return -1;
	if (n < size)
		return tar_truncated(t, err);
	out->len = (size_t)n;
	out->data[n] = '\0';
	return tar_skip(t, tar_padding((uint64_t)size), err);
}

/* A global header sets defaults for all members behind it; only its numbers make sense for several members. */
static void defaults_take(struct tar_member *defaults)
{
	const struct tar_member numbers = {
		.have = defaults->have & (TAR_HAVE_UID | TAR_HAVE_GID | TAR_HAVE_MTIME),
		.uid = defaults->uid,
		.gid = defaults->gid,
		.mtime = defaults->mtime,
		.mtime_nsec = defaults->mtime_nsec,
	};

	tar_member_free(defaults);
	*defaults = numbers;
}

/* Return: 1 when @h was an extension and is dealt with, 0 when not, or -1. */
static int extension_apply(struct tar *t, const uint8_t *h, struct err *err)
{
	cleanup_buf struct buf data = {0};
	struct tar_member *m = &t->member;
	char type = (char)h[TAR_TYPE];

	if (!strchr("xXgLK", type) || !type)
		return 0;
	if (extension_read(t, h, &data, err) < 0)
		return -1;
	switch (type) {
	case 'L':
		free(m->path);
		m->path = xstrdup(buf_str(&data));
		break;
	case 'K':
		free(m->link);
		m->link = xstrdup(buf_str(&data));
		break;
	default:
		t->pax = true;
		if (tar_pax(type == 'g' ? &t->defaults : m, data.data, data.len, err) < 0)
			return tar_fail(t, err);
		if (type == 'g') {
			defaults_take(&t->defaults);
			tar_member_free(m); /* a header of a member stands behind it, not in front of it */
			*m = t->defaults;
		}
	}
	return 1;
}

/* ---- members ---- */

static int data_copy(struct tar *t, struct inode *i, uint64_t offset, uint64_t n, struct err *err)
{
	int r = source_copy(t->source, t->writer, i, offset, n, err);

	return r > 0 ? tar_truncated(t, err) : r;
}

/* Only where its data is, which must be all of it. */
static int file_index(struct tar *t, struct inode *i, struct err *err)
{
	if (t->member.is_sparse) {
		err_set(err, "it is sparse");
		return tar_fail(t, err);
	}
	i->nid = t->source->offset;
	return tar_skip(t, i->size + tar_padding(i->size), err);
}

static int file_load(struct tar *t, struct inode *i, struct err *err)
{
	struct tar_member *m = &t->member;
	struct tar_piece all = {0, m->size}, *pieces = &all;
	size_t n = 1;

	i->size = m->size;
	if (!t->writer)
		return file_index(t, i, err);
	if (m->is_sparse) {
		if (tar_sparse_map(t, err) < 0)
			return -1;
		pieces = m->pieces;
		n = m->npieces;
		i->size = m->real_size;
	}
	if (erofs_file_begin(t->writer, i, err) < 0)
		return tar_fail(t, err);
	for (size_t k = 0; k < n; k++)
		if (data_copy(t, i, pieces[k].offset, pieces[k].len, err) < 0)
			return -1;
	return tar_skip(t, tar_padding(m->size), err);
}

static struct inode *member_inode(struct tar *t, uint32_t type)
{
	struct tar_member *m = &t->member;
	struct inode *i = tree_inode(t->tree, type | m->mode);

	i->uid = m->uid;
	i->gid = m->gid;
	i->mtime = m->mtime;
	i->mtime_nsec = m->mtime_nsec;
	i->xattrs = steal(m->attributes.xattrs);
	return i;
}

static int member_put(struct tar *t, struct inode *i, struct err *err)
{
	return tree_put(t->tree, t->member.path, i, err) ? 0 : tar_fail(t, err);
}

static int member_file(struct tar *t, struct err *err)
{
	struct inode *i = member_inode(t, S_IFREG);

	return file_load(t, i, err) < 0 ? -1 : member_put(t, i, err);
}

static int member_hard_link(struct tar *t, struct err *err)
{
	struct tar_member *m = &t->member;
	const struct node *target = tree_find(t->tree, m->link, false);

	if (m->size)
		return member_file(t, err);
	if (!target || S_ISDIR(target->inode->mode)) {
		cleanup_buf struct buf name = {0};

		text_clean(&name, m->link, strnlen(m->link, 200));
		err_set(err, "it is a hard link to '%s', which is not there", buf_str(&name));
		return tar_fail(t, err);
	}
	return member_put(t, target->inode, err);
}

static int member_symlink(struct tar *t, struct err *err)
{
	struct inode *i = member_inode(t, S_IFLNK);

	i->mode |= 0777;
	i->target = steal(t->member.link);
	i->size = strlen(i->target);
	if (i->size == 0 || i->size > TREE_PATH_MAX) {
		err_set(err, "it is a symlink with a target of %llu bytes", (unsigned long long)i->size);
		return tar_fail(t, err);
	}
	return member_put(t, i, err);
}

static int member_special(struct tar *t, uint32_t type, struct err *err)
{
	struct inode *i = member_inode(t, type);

	if (type == S_IFCHR || type == S_IFBLK)
		i->rdev = t->member.rdev;
	return member_put(t, i, err) < 0 ? -1 : tar_skip(t, t->member.size + tar_padding(t->member.size), err);
}

static int member_load(struct tar *t, struct err *err)
{
	struct tar_member *m = &t->member;
	size_t n = strlen(m->path);

	if (t->tree->layer && tree_is_white_out(m->path)) {
		tree_white_out(t->tree, m->path);
		return tar_skip(t, m->size + tar_padding(m->size), err);
	}
	switch (m->type) {
	case '\0':
	case '0':
	case '7':
		if (n && m->path[n - 1] == '/') /* writers older than ustar mean a folder */
			return member_special(t, S_IFDIR, err);
		return member_file(t, err);
	case '1':
		return member_hard_link(t, err);
	case '2':
		return member_symlink(t, err);
	case '3':
		return member_special(t, S_IFCHR, err);
	case '4':
		return member_special(t, S_IFBLK, err);
	case '5':
	case 'D':
		return member_special(t, S_IFDIR, err);
	case '6':
		return member_special(t, S_IFIFO, err);
	case 'V': /* GNU: the label of the volume */
		return tar_skip(t, m->size + tar_padding(m->size), err);
	default:
		err_set(err, "its type '%c' is not known", m->type >= ' ' && m->type <= '~' ? m->type : '?');
		return tar_fail(t, err);
	}
}

static int member_next(struct tar *t, const uint8_t *h, struct err *err)
{
	int r = extension_apply(t, h, err);

	if (r)
		return r < 0 ? -1 : 0;
	if (header_apply(&t->member, h, err) < 0)
		return tar_fail(t, err);
	size_check(t);
	if (t->member.type == 'S' && tar_sparse_gnu(t, h, err) < 0)
		return -1;
	r = member_load(t, err);
	tar_member_free(&t->member);
	t->member = t->defaults;
	return r;
}

bool tar_is(const void *head, size_t n)
{
	return n >= TAR_BLOCK && header_sum_holds(head);
}

bool tar_first(const void *head, size_t n, char name[TAR_FIRST_SIZE])
{
	const uint8_t *h = head;
	int64_t size;

	while (tar_is(h, n) && tar_number(h + TAR_SIZE, TAR_SIZE_LEN, &size) == 0) {
		uint64_t all = TAR_BLOCK + (uint64_t)size + tar_padding((uint64_t)size);
		const char *text = (const char *)h;
		int from = strncmp(text, "./", 2) == 0 ? 2 : 0;

		snprintf(name, TAR_FIRST_SIZE, "%.*s", TAR_NAME_LEN - from, text + from);
		if (!memchr("xgLK", h[TAR_TYPE], 4) && name[0] && strcmp(name, ".") != 0)
			return true;
		if (size < 0 || (uint64_t)size > n || all > n)
			return false;
		h += all;
		n -= all;
	}
	return false;
}

static int load(struct tar *t, struct err *err)
{
	uint8_t h[TAR_BLOCK];
	int r;

	while ((r = header_read(t, h, err)) > 0)
		if ((r = member_next(t, h, err)) < 0)
			break;
	tar_member_free(&t->member);
	return r < 0 ? -1 : source_finish(t->source, TAR_REST_MAX, err);
}

int tar_load(struct source *s, struct tree *tree, struct erofs_writer *w, struct err *err)
{
	struct tar t = {.source = s, .tree = tree, .writer = w};

	if (load(&t, err) < 0)
		return -1;
	if (tree->count == 0 && !tree->layer)
		return err_set(err, "'%s' has no files in it", s->name);
	return 0;
}

int tar_index(struct source *s, struct tree *tree, struct err *err)
{
	struct tar t = {.source = s, .tree = tree};

	return load(&t, err);
}
