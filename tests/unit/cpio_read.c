/* cpio_read.c - reading cpio archives: what they may contain, and what they may not */
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/cpio.h"
#include "image/cpio_read.h"

static struct err err;

/* Load @b, which is consumed, into @t. Return: 0, or -1 with err. */
static int load(struct tree *t, struct buf *b)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	cleanup_free char *path = path_join(mkdtemp(dir), "x.cpio"), *out = path_join(dir, "x.erofs");
	cleanup_source struct source s = {.fd = -1};
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	int r = -1;

	err = (struct err){0};
	file_write_atomic(path, buf_str(b), b->len, 0600, NULL);
	buf_free(b);
	tree_init(t);
	if (source_open(&s, path, &err) == 0 && erofs_begin(&w, out, &err) == 0)
		r = cpio_load(&s, t, &w, &err);
	file_remove_tree(dir);
	return r;
}

static void refuse(struct buf *b, const char *said)
{
	struct tree t;

	CHECK_INT(load(&t, b), -1);
	CHECK_HAS(err.text, said);
	tree_free(&t);
}

static void pad(struct buf *b)
{
	while (b->len % 4)
		buf_addc(b, '\0');
}

/* A file of @links names, by its inode's number. */
static void put(struct buf *b, const char *name, unsigned ino, unsigned links, const char *text)
{
	buf_addf(b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", ino, 0100640u, 7u, 8u, links, 9u,
		 (unsigned)strlen(text), 0u, 3u, 0u, 0u, (unsigned)strlen(name) + 1, 0u);
	buf_add(b, name, strlen(name) + 1);
	pad(b);
	buf_adds(b, text);
	pad(b);
}

static void end(struct buf *b)
{
	struct cpio c = {.out = *b};

	cpio_end(&c);
	*b = c.out;
}

TEST(cpio_read, every_kind_of_file)
{
	struct cpio c = {0};
	const struct inode *i;
	struct tree t;

	cpio_dir(&c, "dev", 01777);
	cpio_char(&c, "dev/null", 0666, 1, 3);
	cpio_symlink(&c, "sh", "bin/busybox");
	put(&c.out, "./etc/motd", 5, 1, "hello");
	cpio_end(&c);
	CHECK_INT(load(&t, &c.out), 0);
	CHECK_STR(err.text, "");
	CHECK_INT(tree_find(&t, "dev", false)->inode->mode, S_IFDIR | 01777);
	CHECK_INT(tree_find(&t, "dev/null", false)->inode->rdev, tree_rdev(1, 3));
	CHECK_STR(tree_find(&t, "sh", false)->inode->target, "bin/busybox");
	i = tree_find(&t, "etc/motd", false)->inode;
	CHECK(i->mode == (S_IFREG | 0640) && i->uid == 7 && i->gid == 8 && i->mtime == 9 && i->size == 5);
	tree_free(&t);
}

TEST(cpio_read, names_of_one_file_share_the_content_that_comes_with_any)
{
	struct buf b = {0};
	const struct inode *i;
	struct tree t;

	put(&b, "a", 5, 3, "");
	put(&b, "b", 5, 3, "content");
	put(&b, "c", 5, 3, "again");
	put(&b, "d", 6, 2, "");
	end(&b);
	CHECK_INT(load(&t, &b), 0);
	i = tree_find(&t, "a", false)->inode;
	CHECK(i == tree_find(&t, "b", false)->inode && i == tree_find(&t, "c", false)->inode);
	CHECK_INT(i->size, 7);
	CHECK_INT(i->names, 3);
	CHECK(tree_find(&t, "d", false)->inode != i);
	tree_free(&t);
}

TEST(cpio_read, a_file_may_lose_its_names_and_get_new_ones)
{
	struct buf b = {0};
	struct tree t;

	put(&b, "a", 5, 2, "");
	put(&b, "a", 6, 1, "other");
	put(&b, "b", 5, 2, "content");
	end(&b);
	CHECK_INT(load(&t, &b), 0);
	CHECK_INT(tree_find(&t, "b", false)->inode->size, 7);
	tree_free(&t);
}

TEST(cpio_read, archives_behind_each_other_are_one)
{
	struct buf b = {0};
	struct tree t;

	put(&b, "first", 1, 1, "");
	end(&b);
	put(&b, "second", 1, 1, "");
	end(&b);
	CHECK_INT(load(&t, &b), 0);
	CHECK(tree_find(&t, "first", false) && tree_find(&t, "second", false));
	tree_free(&t);
}

TEST(cpio_read, what_is_wrong_is_told)
{
	struct buf b = {0};

	put(&b, "a", 1, 1, "text");
	refuse(&b, "is truncated");
	put(&b, "../a", 1, 1, "text");
	end(&b);
	refuse(&b, "member '../a': its path leaves the image by '..'");
	put(&b, "a", 1, 1, "text");
	b.data[20] = 'x';
	refuse(&b, "there is no header at byte 0");
	put(&b, "a", 1, 1, "text");
	memcpy(b.data + 94, "00010000", 8);
	refuse(&b, "has a name of 65536 bytes");
	put(&b, "a", 1, 1, "text");
	memcpy(b.data + 14, "00000000", 8);
	refuse(&b, "its mode 0 is of no kind of file");
	end(&b);
	refuse(&b, "has no files in it");
	put(&b, "a", 1, 1, "text");
	end(&b);
	buf_adds(&b, "\x1f\x8b more");
	refuse(&b, "has something else behind its end mark");
}
