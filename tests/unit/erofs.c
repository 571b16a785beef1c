/* erofs.c - images written and read back by our own reader */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/erofs.h"

/* An image being made in a folder of its own. */
struct made {
	char dir[32];
	char *path;
	struct erofs_writer w;
	struct tree t;
	struct erofs_image image;
};

static void begin(struct made *m)
{
	*m = (struct made){.dir = "/tmp/vmtap-unit-XXXXXX"};
	m->path = path_join(mkdtemp(m->dir), "x.erofs");
	tree_init(&m->t);
	erofs_begin(&m->w, m->path, NULL);
}

static struct inode *add(struct made *m, const char *path, const void *data, size_t n)
{
	struct inode *i = tree_inode(&m->t, S_IFREG | 0644);

	i->size = n;
	erofs_file_begin(&m->w, i, NULL);
	/* in two parts, as a stream comes */
	erofs_file_write(&m->w, i, 0, data, n / 3, NULL);
	erofs_file_write(&m->w, i, n / 3, (const char *)data + n / 3, n - n / 3, NULL);
	tree_put(&m->t, path, i, NULL);
	return i;
}

/* A second opinion, where erofs-utils is installed. */
static bool fsck_agrees(const char *path)
{
	cleanup_free char *cmd = xasprintf("! command -v fsck.erofs || fsck.erofs --extract %s", path);
	cleanup_free char *quiet = xasprintf("{ %s; } >/dev/null 2>&1", cmd);

	return system(quiet) == 0;
}

static void finish(struct made *m)
{
	struct err err = {0};

	CHECK_INT(erofs_finish(&m->w, &m->t, &err), 0);
	CHECK_INT(erofs_open(&m->image, m->path, &err), 0);
	CHECK_STR(err.text, "");
	CHECK(fsck_agrees(m->path));
}

static void end(struct made *m)
{
	tree_free(&m->t);
	erofs_close(&m->image);
	erofs_abandon(&m->w);
	file_remove_tree(m->dir);
	free(m->path);
}

static bool holds(const struct made *m, const char *path, const void *data, size_t n)
{
	cleanup_buf struct buf got = {0};
	struct erofs_file f;

	return erofs_stat(&m->image, path, false, &f, NULL) == 0 && erofs_read(&m->image, &f, 1 << 24, &got, NULL) == 0 &&
	       got.len == n && memcmp(buf_str(&got), data, n) == 0;
}

TEST(erofs, every_size_around_a_block_comes_back)
{
	static const size_t sizes[] = {0, 1, 2047, 2048, 2049, 4095, 4096, 4097, 6144, 6145, 8192, 100000};
	static char data[100000];
	struct made m;

	for (size_t k = 0; k < sizeof(data); k++)
		data[k] = (char)(k * 31 + k / 251);
	begin(&m);
	for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
		cleanup_free char *path = xasprintf("d/%zu", sizes[k]);

		add(&m, path, data, sizes[k]);
	}
	finish(&m);
	for (size_t k = 0; k < ARRAY_SIZE(sizes); k++) {
		cleanup_free char *path = xasprintf("d/%zu", sizes[k]);

		CHECK(holds(&m, path, data, sizes[k]));
	}
	end(&m);
}

/* Inodes are written through a window; further names of a file, which come when it has moved on, must not be. */
TEST(erofs, more_inodes_than_are_kept_in_memory)
{
	static char data[2000];
	struct inode *linked;
	struct made m;
	size_t good = 0;

	begin(&m);
	linked = add(&m, "a/first", "linked", 6);
	for (int k = 0; k < 3000; k++) {
		cleanup_free char *path = xasprintf("d%d/%d", k % 7, k);

		memset(data, 'a' + k % 26, sizeof(data));
		add(&m, path, data, sizeof(data));
	}
	tree_put(&m.t, "d3/again", linked, NULL);
	tree_put(&m.t, "z", linked, NULL);
	finish(&m);
	for (int k = 0; k < 3000; k++) {
		cleanup_free char *path = xasprintf("d%d/%d", k % 7, k);

		memset(data, 'a' + k % 26, sizeof(data));
		good += holds(&m, path, data, sizeof(data));
	}
	CHECK_INT(good, 3000);
	CHECK(holds(&m, "a/first", "linked", 6) && holds(&m, "d3/again", "linked", 6) && holds(&m, "z", "linked", 6));
	end(&m);
}

TEST(erofs, a_folder_of_many_blocks)
{
	cleanup_buf struct buf names = {0};
	struct made m;
	size_t count = 0;

	begin(&m);
	for (int k = 0; k < 2000; k++) {
		cleanup_free char *path = xasprintf("d/%04d-%.*s", k, k % 100, "--------------------------------------"
								   "--------------------------------------"
								   "--------------------------------------");

		add(&m, path, "x", 1);
	}
	finish(&m);
	CHECK(holds(&m, "d/0000-", "x", 1));
	CHECK(holds(&m, "d/1900-", "x", 1));
	CHECK_INT(erofs_list(&m.image, "d", &names, NULL), 0);
	for (size_t at = 0; at < names.len; at += strlen(names.data + at) + 1)
		count++;
	CHECK_INT(count, 2000);
	end(&m);
}

TEST(erofs, long_symlinks_and_attributes)
{
	static char target[4001], value[60000];
	struct erofs_file f = {0};
	struct inode *i;
	struct made m;

	memset(target, 't', 4000);
	begin(&m);
	i = tree_inode(&m.t, S_IFLNK | 0777);
	i->target = xstrdup(target);
	i->size = 4000;
	i->mtime = 7; /* an extended inode: 64 + 4000 bytes still fit a block, with attributes they do not */
	tree_put(&m.t, "link", i, NULL);
	i = add(&m, "f", "text", 4);
	tree_xattr(i, "user.big", value, sizeof(value), NULL);
	tree_xattr(i, "system.unknown", "dropped", 7, NULL);
	finish(&m);
	CHECK(holds(&m, "link", target, 4000));
	CHECK_INT(erofs_stat(&m.image, "f", false, &f, NULL), 0);
	CHECK_INT(f.xattrs_len, 12 + 4 + 3 + 60000 + 1);
	end(&m);
}

/* Each leads to the next one twice; the last is the folder itself. */
TEST(erofs, symlinks_that_double_at_each_step_end_soon)
{
	struct erofs_file f;
	struct err err = {0};
	struct made m;

	begin(&m);
	for (int k = 0; k < 39; k++) {
		cleanup_free char *name = xasprintf("%d", k);
		struct inode *i = tree_inode(&m.t, S_IFLNK | 0777);

		i->target = k < 38 ? xasprintf("%d/%d", k + 1, k + 1) : xstrdup(".");
		i->size = strlen(i->target);
		tree_put(&m.t, name, i, NULL);
	}
	add(&m, "file", "text", 4);
	finish(&m);
	CHECK_INT(erofs_stat(&m.image, "33/file", true, &f, &err), 0);
	CHECK_INT(erofs_stat(&m.image, "0/file", true, &f, &err), -1);
	CHECK_HAS(err.text, "too many symlinks");
	end(&m);
}

TEST(erofs, holes_take_no_room)
{
	struct made m;
	struct inode *i;
	struct stat st;

	begin(&m);
	i = tree_inode(&m.t, S_IFREG | 0644);
	i->size = 64 << 20;
	erofs_file_begin(&m.w, i, NULL);
	erofs_file_write(&m.w, i, 1 << 20, "x", 1, NULL);
	tree_put(&m.t, "holes", i, NULL);
	finish(&m);
	CHECK(stat(m.path, &st) == 0 && st.st_size > 64 << 20 && st.st_blocks < 2048);
	end(&m);
}

TEST(erofs, the_same_input_gives_the_same_bytes)
{
	cleanup_buf struct buf a = {0}, b = {0};
	struct made m;

	for (int k = 0; k < 2; k++) {
		begin(&m);
		add(&m, "x", "one", 3);
		add(&m, "d/y", "two", 3);
		finish(&m);
		file_read(m.path, 1 << 20, k ? &a : &b, NULL);
		end(&m);
	}
	CHECK(a.len == b.len && memcmp(a.data, b.data, a.len) == 0);
}

TEST(erofs, a_cut_image_is_noticed)
{
	struct err err = {0};
	struct erofs_image e;
	struct made m;

	begin(&m);
	add(&m, "x", "one", 3);
	finish(&m);
	CHECK_INT(truncate(m.path, 4096), 0);
	CHECK_INT(erofs_open(&e, m.path, &err), -1);
	CHECK_HAS(err.text, "is damaged");
	erofs_close(&e);
	end(&m);
}

TEST(erofs, crc32c_has_the_published_value)
{
	/* RFC 3720, B.4: 32 bytes of zeros, there with the final inversion */
	static const uint8_t zeros[32];

	CHECK_INT((uint32_t)~crc32c(CRC32C_INIT, zeros, sizeof(zeros)), 0x8a9136aa);
	CHECK_INT((uint32_t)~crc32c(CRC32C_INIT, "123456789", 9), 0xe3069283);
	CHECK_INT((uint32_t)~crc32c(crc32c(CRC32C_INIT, "1", 1), "23456789", 8), 0xe3069283);
}
