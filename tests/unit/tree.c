/* tree.c - the file tree in memory */
#include "unit.h"

#include <sys/stat.h>

#include "base/mem.h"
#include "image/tree.h"

static struct inode *file(struct tree *t)
{
	return tree_inode(t, S_IFREG | 0644);
}

static struct inode *symlink_to(struct tree *t, const char *target)
{
	struct inode *i = tree_inode(t, S_IFLNK | 0777);

	i->target = xstrdup(target);
	i->size = strlen(target);
	return i;
}

TEST(tree, one_file_has_one_name_however_it_is_spelled)
{
	struct tree t;
	struct inode *i;

	tree_init(&t);
	i = file(&t);
	tree_put(&t, "./a//b/./c", i, NULL);
	CHECK(tree_find(&t, "a/b/c", false)->inode == i);
	CHECK(tree_find(&t, "/a/b/c", false)->inode == i);
	CHECK_INT(t.count, 3);
	tree_free(&t);
}

TEST(tree, dot_is_the_root)
{
	struct tree t;
	struct inode *i;

	tree_init(&t);
	i = tree_inode(&t, S_IFDIR | 0700);
	CHECK(tree_put(&t, "./", i, NULL) == t.root);
	CHECK(t.root->inode == i);
	CHECK(!tree_put(&t, ".", file(&t), NULL));
	tree_free(&t);
}

TEST(tree, symlinks_stay_inside)
{
	struct tree t;
	struct inode *i;

	tree_init(&t);
	i = file(&t);
	tree_put(&t, "up", symlink_to(&t, "../../../d"), NULL);
	tree_put(&t, "up/f", i, NULL);
	CHECK(tree_find(&t, "d/f", false)->inode == i);
	tree_free(&t);
}

TEST(tree, a_ring_of_symlinks_ends)
{
	struct tree t;
	struct err err = {0};

	tree_init(&t);
	tree_put(&t, "a", symlink_to(&t, "b"), NULL);
	tree_put(&t, "b", symlink_to(&t, "a"), NULL);
	CHECK(!tree_put(&t, "a/f", file(&t), &err));
	CHECK_HAS(err.text, "too many symlinks");
	CHECK(!tree_find(&t, "a", true));
	tree_free(&t);
}

TEST(tree, a_file_in_place_of_a_folder_drops_what_was_in_it)
{
	struct tree t;

	tree_init(&t);
	tree_put(&t, "d/e/f", file(&t), NULL);
	tree_put(&t, "d", file(&t), NULL);
	CHECK_INT(t.count, 1);
	CHECK_INT(t.root->folders, 0);
	CHECK(!tree_find(&t, "d/e", false));
	tree_free(&t);
}

TEST(tree, limits_are_errors)
{
	char name[TREE_NAME_MAX + 2], path[TREE_PATH_MAX + 2], deep[2 * TREE_DEPTH_MAX + 4];
	struct tree t;
	struct err err = {0};

	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	memset(path, '/', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	for (size_t k = 0; k < sizeof(deep); k++)
		deep[k] = k % 2 ? '/' : 'd';
	deep[sizeof(deep) - 1] = '\0';
	tree_init(&t);
	CHECK(!tree_put(&t, name, file(&t), &err));
	CHECK_HAS(err.text, "longer than 255 bytes");
	CHECK(!tree_put(&t, path, file(&t), &err));
	CHECK_HAS(err.text, "longer than 4095 bytes");
	CHECK(!tree_put(&t, deep, file(&t), &err));
	CHECK_HAS(err.text, "512 folders deep");
	tree_free(&t);
}

TEST(tree, sorted_as_bytes)
{
	static const char *const names[] = {"b", "a", "\xc3\xa9", "B", "a.b"};
	static const char *const want[] = {"B", "a", "a.b", "b", "\xc3\xa9"};
	struct tree t;
	size_t k = 0;

	tree_init(&t);
	for (; k < ARRAY_SIZE(names); k++)
		tree_put(&t, names[k], file(&t), NULL);
	tree_sort(&t);
	k = 0;
	for (const struct node *n = t.root->child; n; n = n->next)
		CHECK_STR(n->name, want[k++]);
	tree_free(&t);
}

TEST(tree, attributes_are_replaced_and_bounded)
{
	static char big[TREE_XATTR_MAX];
	struct tree t;
	struct inode *i;

	tree_init(&t);
	i = file(&t);
	CHECK_INT(tree_xattr(i, "user.a", "1", 1, NULL), 0);
	CHECK_INT(tree_xattr(i, "user.a", "22", 2, NULL), 0);
	CHECK(!i->xattrs->next && i->xattrs->len == 2);
	CHECK_INT(tree_xattr(i, "user.b", big, sizeof(big), NULL), -1);
	tree_free(&t);
}

TEST(tree, attributes_of_one_file_are_counted)
{
	struct tree t;
	struct inode *i;
	struct err err = {0};
	char name[32];

	tree_init(&t);
	i = file(&t);
	for (int k = 0; k < TREE_XATTRS_MAX; k++) {
		snprintf(name, sizeof(name), "user.%d", k);
		CHECK_INT(tree_xattr(i, name, "", 0, &err), 0);
	}
	CHECK_INT(tree_xattr(i, "user.0", "again", 5, &err), 0);
	CHECK_INT(tree_xattr(i, "user.more", "", 0, &err), -1);
	CHECK_HAS(err.text, "more than 256 extended attributes");
	tree_free(&t);
}

/* A compressed archive has megabytes of them for some hundred of its own bytes. */
TEST(tree, attributes_of_all_files_together_are_bounded)
{
	static const char big[60000];
	struct tree t;
	struct err err = {0};
	size_t n = 0;

	tree_init(&t);
	while (n <= TREE_BYTES_MAX / sizeof(big)) {
		struct inode *i = file(&t);
		char name[32];

		CHECK_INT(tree_xattr(i, "user.a", big, sizeof(big), &err), 0);
		snprintf(name, sizeof(name), "%zu", n);
		if (!tree_put(&t, name, i, &err))
			break;
		n++;
	}
	CHECK_INT(n, TREE_BYTES_MAX / (sizeof(struct xattr) + strlen("user.a") + sizeof(big)));
	CHECK_HAS(err.text, "all targets of symlinks and attributes have more than 256 MB");
	tree_free(&t);
}

TEST(tree, what_is_replaced_does_not_count)
{
	struct tree t;
	struct inode *i;

	tree_init(&t);
	tree_put(&t, "link", symlink_to(&t, "target"), NULL);
	CHECK_INT(t.bytes, 6);
	i = file(&t);
	CHECK_INT(tree_xattr(i, "user.a", "12345", 5, NULL), 0);
	tree_put(&t, "link", i, NULL);
	tree_put(&t, "other", i, NULL);
	CHECK_INT(t.bytes, sizeof(struct xattr) + 6 + 5);
	tree_put(&t, "link", file(&t), NULL);
	tree_put(&t, "other", file(&t), NULL);
	CHECK_INT(t.bytes, 0);
	tree_free(&t);
}

/* ---- layers (whole images: oci.c) ---- */

TEST(tree, a_link_may_need_the_name_that_it_is_a_link_to)
{
	struct tree t;
	struct inode *i;

	tree_init(&t);
	i = file(&t);
	tree_put(&t, "a", i, NULL);
	CHECK(tree_put(&t, "a/b", i, NULL) != NULL);
	CHECK(tree_find(&t, "a/b", false)->inode == i);
	tree_free(&t);
}

TEST(tree, inodes_without_a_name_are_not_kept)
{
	struct tree t;
	size_t n = 0;

	tree_init(&t);
	for (int k = 0; k < 1000; k++)
		tree_put(&t, "same", file(&t), NULL);
	for (const struct inode *i = t.inodes; i; i = i->next)
		n++;
	CHECK_INT(n, 2);
	tree_free(&t);
}

TEST(tree, a_mark_may_be_there_as_often_as_the_archive_likes)
{
	struct tree t;
	char name[32];

	tree_init(&t);
	t.layer = 1;
	for (int k = 0; k < 20000; k++) {
		snprintf(name, sizeof(name), "d/%d", k);
		tree_put(&t, name, file(&t), NULL);
	}
	t.layer = 2;
	tree_put(&t, "d/0", file(&t), NULL);
	for (int k = 0; k < 20000; k++)
		tree_white_out(&t, "d/.wh..wh..opq");
	CHECK_INT(t.count, 2);
	tree_free(&t);
}

TEST(tree, white_outs_follow_links_on_their_way_and_not_at_its_end)
{
	struct tree t;

	tree_init(&t);
	t.layer = 1;
	tree_put(&t, "usr/lib/x", file(&t), NULL);
	tree_put(&t, "lib", symlink_to(&t, "usr/lib"), NULL);
	tree_put(&t, "l", symlink_to(&t, "usr/lib"), NULL);
	t.layer = 2;
	tree_white_out(&t, "lib/.wh.x");
	tree_white_out(&t, ".wh.l");
	tree_white_out(&t, "../.wh.lib");
	CHECK(!tree_find(&t, "usr/lib/x", false));
	CHECK(!tree_find(&t, "l", false));
	CHECK(tree_find(&t, "usr/lib", false) != NULL);
	tree_free(&t);
}
