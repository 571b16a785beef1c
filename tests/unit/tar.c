/* tar.c - reading archives: what they may contain, and what they may not */
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "gzip_build.h"
#include "image/tar.h"
#include "tar_build.h"

/* An archive loaded into an image that was finished and opened again. */
struct loaded {
	struct err err;
	struct erofs_image image;
	int result;
};

/* Consumes @b. */
static void load(struct loaded *l, struct buf *b)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	cleanup_free char *tar = path_join(mkdtemp(dir), "x.tar"), *out = path_join(dir, "x.erofs");
	cleanup_source struct source s = {.fd = -1};
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	struct tree t;

	*l = (struct loaded){.image = {.fd = -1}, .result = -1};
	file_write_atomic(tar, buf_str(b), b->len, 0600, &l->err);
	buf_free(b);
	tree_init(&t);
	if (source_open(&s, tar, &l->err) == 0 && erofs_begin(&w, out, &l->err) == 0 &&
	    tar_load(&s, &t, &w, &l->err) == 0 && erofs_finish(&w, &t, &l->err) == 0)
		l->result = erofs_open(&l->image, out, &l->err);
	tree_free(&t);
	file_remove_tree(dir); /* what is open stays readable */
}

static void done(struct loaded *l)
{
	erofs_close(&l->image);
}

/* Return: a file's bytes as text, "" when it is not there; static. */
static const char *content(const struct loaded *l, const char *path)
{
	static char last[1 << 16];
	cleanup_buf struct buf text = {0};
	struct erofs_file f;

	if (erofs_stat(&l->image, path, false, &f, NULL) == 0)
		erofs_read(&l->image, &f, sizeof(last) - 1, &text, NULL);
	memcpy(last, buf_str(&text), text.len + 1);
	return last;
}

static struct erofs_file stat_of(const struct loaded *l, const char *path)
{
	struct erofs_file f = {0};

	erofs_stat(&l->image, path, false, &f, NULL);
	return f;
}

TEST(tar, files_folders_and_attributes)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_head(&b, "./etc/", '5', 0750, "", 0);
	tar_build_file(&b, "./etc/motd", "hello\n");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(l.err.text, "");
	CHECK_STR(content(&l, "etc/motd"), "hello\n");
	CHECK_INT(stat_of(&l, "etc").mode, S_IFDIR | 0750);
	CHECK_INT(stat_of(&l, "etc/motd").uid, 1000);
	CHECK_INT(stat_of(&l, "etc/motd").gid, 100);
	CHECK_INT(stat_of(&l, "etc/motd").mtime, 1600000000);
	done(&l);
}

TEST(tar, missing_parents_are_made)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_file(&b, "a/b/c", "x");
	tar_build_head(&b, "a", '5', 0700, "", 0); /* a folder after what is in it */
	tar_build_end(&b);
	load(&l, &b);
	CHECK_INT(stat_of(&l, "a").mode, S_IFDIR | 0700);
	CHECK_INT(stat_of(&l, "a/b").mode, S_IFDIR | 0755);
	CHECK_STR(content(&l, "a/b/c"), "x");
	done(&l);
}

TEST(tar, the_last_of_a_name_wins)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_file(&b, "f", "one");
	tar_build_file(&b, "d/x", "gone");
	tar_build_file(&b, "f", "two");
	tar_build_file(&b, "d", "a file now");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(content(&l, "f"), "two");
	CHECK_STR(content(&l, "d"), "a file now");
	done(&l);
}

TEST(tar, links_and_devices)
{
	struct buf b = {0};
	struct loaded l;
	size_t at;

	tar_build_file(&b, "f", "data");
	tar_build_head(&b, "hard", '1', 0644, "./f", 0);
	tar_build_head(&b, "soft", '2', 0777, "/absolute/target", 0);
	at = tar_build_head(&b, "null", '3', 0666, "", 0);
	memcpy(b.data + at + 329, "0000001", 7);
	memcpy(b.data + at + 337, "0000003", 7);
	tar_build_sum(&b, at);
	tar_build_head(&b, "fifo", '6', 0600, "", 0);
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(l.err.text, "");
	CHECK_STR(content(&l, "hard"), "data");
	CHECK_INT(stat_of(&l, "hard").nid, stat_of(&l, "f").nid);
	CHECK_INT(stat_of(&l, "f").links, 2);
	CHECK_STR(content(&l, "soft"), "/absolute/target");
	CHECK_INT(stat_of(&l, "null").data, tree_rdev(1, 3));
	CHECK_INT(stat_of(&l, "fifo").mode, S_IFIFO | 0600);
	done(&l);
}

TEST(tar, absolute_names_are_relative_to_the_root)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_file(&b, "/etc/passwd", "root");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(content(&l, "etc/passwd"), "root");
	done(&l);
}

TEST(tar, a_parent_that_is_a_symlink_is_followed_inside)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_head(&b, "lib", '2', 0777, "../../usr/lib", 0);
	tar_build_file(&b, "lib/x", "in usr");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(content(&l, "usr/lib/x"), "in usr");
	done(&l);
}

TEST(tar, gnu_long_names)
{
	char name[301], target[401];
	struct buf b = {0};
	struct loaded l;

	memset(name, 'n', 300);
	name[150] = '/';
	name[300] = '\0';
	memset(target, 't', 400);
	target[400] = '\0';
	tar_build_head(&b, "././@LongLink", 'K', 0644, "", 401);
	tar_build_data(&b, target, 401);
	tar_build_head(&b, "././@LongLink", 'L', 0644, "", 301);
	tar_build_data(&b, name, 301);
	tar_build_head(&b, "short", '2', 0777, "short", 0);
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(content(&l, name), target);
	done(&l);
}

TEST(tar, pax_records)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_pax(&b, "path", "a/long name", 11);
	tar_build_pax(&b, "uid", "3000000000", 10);
	tar_build_pax(&b, "mtime", "-1.5", 4);
	tar_build_pax(&b, "SCHILY.xattr.user.x", "\0\1", 2);
	tar_build_pax(&b, "unknown.key", "skipped", 7);
	tar_build_file(&b, "short", "text");
	tar_build_file(&b, "next", "plain again");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(l.err.text, "");
	CHECK_STR(content(&l, "a/long name"), "text");
	CHECK_INT(stat_of(&l, "a/long name").uid, 3000000000);
	CHECK_INT(stat_of(&l, "a/long name").mtime, -2);
	CHECK_INT(stat_of(&l, "a/long name").mtime_nsec, 500000000);
	CHECK_INT(stat_of(&l, "a/long name").xattrs_len, 12 + 8);
	CHECK_INT(stat_of(&l, "next").uid, 1000);
	done(&l);
}

TEST(tar, a_pax_record_without_a_value_is_as_if_it_were_not_there)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_pax(&b, "path", "", 0);
	tar_build_pax(&b, "uid", "", 0);
	tar_build_pax(&b, "mtime", "", 0);
	tar_build_file(&b, "plain", "text");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(l.err.text, "");
	CHECK_STR(content(&l, "plain"), "text");
	CHECK_INT(stat_of(&l, "plain").uid, 1000);
	CHECK_INT(stat_of(&l, "plain").mtime, 1600000000);
	done(&l);
}

/* Whatever a header of a member in front of it said, a global header sets numbers, and those alone. */
TEST(tar, a_global_header_sets_numbers_for_all_behind_it)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_pax(&b, "path", "lost", 4);
	tar_build_pax(&b, "uid", "7", 1);
	b.data[b.len - 1024 + 156] = 'g';
	tar_build_sum(&b, b.len - 1024);
	tar_build_file(&b, "a", "text");
	tar_build_pax(&b, "uid", "8", 1);
	tar_build_file(&b, "b", "text");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(l.err.text, "");
	CHECK_INT(stat_of(&l, "a").uid, 7);
	CHECK_INT(stat_of(&l, "b").uid, 8);
	CHECK_STR(content(&l, "lost"), "");
	done(&l);
}

TEST(tar, base_256_numbers)
{
	struct buf b = {0};
	struct loaded l;
	size_t at = tar_build_head(&b, "f", '0', 0644, "", 0);

	memcpy(b.data + at + 108, "\x80\0\0\0\x12\x34\x56\x78", 8);
	memset(b.data + at + 136, 0xff, 12); /* a second before 1970 */
	tar_build_sum(&b, at);
	tar_build_end(&b);
	load(&l, &b);
	CHECK_INT(stat_of(&l, "f").uid, 0x12345678);
	CHECK_INT(stat_of(&l, "f").mtime, -1);
	done(&l);
}

TEST(tar, sparse_pax_1_0)
{
	struct buf b = {0};
	struct loaded l;
	char body[512 + 4] = "1\n9000\n4\n";

	memcpy(body + 512, "tail", 4);
	tar_build_pax(&b, "GNU.sparse.major", "1", 1);
	tar_build_pax(&b, "GNU.sparse.minor", "0", 1);
	tar_build_pax(&b, "GNU.sparse.name", "holes", 5);
	tar_build_pax(&b, "GNU.sparse.realsize", "9004", 4);
	tar_build_head(&b, "GNUSparseFile.0/holes", '0', 0644, "", sizeof(body));
	tar_build_data(&b, body, sizeof(body));
	tar_build_end(&b);
	load(&l, &b);
	CHECK_STR(l.err.text, "");
	CHECK_INT(stat_of(&l, "holes").size, 9004);
	CHECK_STR(content(&l, "holes") + 9000, "tail");
	CHECK_INT(content(&l, "holes")[8999], 0);
	done(&l);
}

TEST(tar, sparse_map_outside_the_file_is_refused)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_pax(&b, "GNU.sparse.map", "100,4", 5);
	tar_build_pax(&b, "GNU.sparse.size", "50", 2);
	tar_build_file(&b, "holes", "tail");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_HAS(l.err.text, "member 'holes': its sparse map does not fit");
	done(&l);
}

TEST(tar, dot_dot_is_refused_by_name)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_file(&b, "a/../../etc/passwd", "evil");
	tar_build_end(&b);
	load(&l, &b);
	CHECK_HAS(l.err.text, "member 'a/../../etc/passwd': its path leaves the image by '..'");
	done(&l);
}

TEST(tar, hard_link_to_nothing_is_refused)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_head(&b, "hard", '1', 0644, "missing", 0);
	tar_build_end(&b);
	load(&l, &b);
	CHECK_HAS(l.err.text, "member 'hard': it is a hard link to 'missing', which is not there");
	done(&l);
}

TEST(tar, truncated_inside_a_member)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_file(&b, "f", "some text");
	b.len = 515;
	load(&l, &b);
	CHECK_HAS(l.err.text, "is truncated: it ends at byte 515, inside member 'f'");
	done(&l);
}

/* An archive of every kind of header and data, cut wherever a block ends, and within blocks. */
TEST(tar, cut_anywhere_it_is_refused)
{
	static const char map[] = "1\n512\n5\n";
	cleanup_buf struct buf whole = {0};
	char name[150];

	memset(name, 'n', sizeof(name));
	tar_build_pax(&whole, "path", name, sizeof(name));
	tar_build_file(&whole, "short", "text");
	tar_build_head(&whole, "long", 'L', 0644, "", sizeof(name));
	tar_build_data(&whole, name, sizeof(name));
	tar_build_head(&whole, "link", '2', 0777, "short", 0);
	tar_build_pax(&whole, "GNU.sparse.major", "1", 1);
	tar_build_pax(&whole, "GNU.sparse.realsize", "1000", 4);
	tar_build_head(&whole, "sparse", '0', 0644, "", 517);
	tar_build_data(&whole, map, sizeof(map) - 1);
	tar_build_data(&whole, "holed", 5);
	tar_build_head(&whole, "device", '3', 0644, "", 0);
	for (size_t n = 1; n <= whole.len; n += n % 512 == 511 || n % 512 == 0 ? 1 : 510 - n % 512 + 1) {
		struct buf b = {0};
		struct loaded l;

		buf_add(&b, whole.data, n);
		load(&l, &b);
		CHECK_INT(l.result, -1);
		CHECK_HAS(l.err.text, "is truncated: it ends at byte");
	}
}

TEST(tar, truncated_before_its_end)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_file(&b, "f", "some text");
	load(&l, &b);
	CHECK_HAS(l.err.text, "is truncated: it ends at byte 1024, before its end mark");
	done(&l);
}

TEST(tar, damaged_header)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_file(&b, "f", "some text");
	tar_build_file(&b, "g", "more");
	b.data[1024] = 'h';
	tar_build_end(&b);
	load(&l, &b);
	CHECK_HAS(l.err.text, "is damaged: bad header sum at byte 1024");
	done(&l);
}

TEST(tar, impossible_sizes_are_refused)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_pax(&b, "size", "9000000000000000", 16);
	tar_build_file(&b, "bomb", "x");
	load(&l, &b);
	CHECK_HAS(l.err.text, "member 'bomb': the image would be larger than 64 GiB");
	done(&l);
}

TEST(tar, no_members)
{
	struct buf b = {0};
	struct loaded l;

	tar_build_end(&b);
	load(&l, &b);
	CHECK_HAS(l.err.text, "has no files in it");
	done(&l);
}

/* ---- gzip streams ---- */

/* Append the archive that the tests below compress. */
static void small_archive(struct buf *b)
{
	tar_build_file(b, "etc/motd", "hello");
	tar_build_end(b);
}

TEST(tar, a_gzip_stream_may_be_split_into_members_anywhere)
{
	static const size_t first[] = {1, 2, 100, 511, 512, 513, 1500};

	for (size_t k = 0; k < ARRAY_SIZE(first); k++) {
		cleanup_buf struct buf plain = {0};
		struct buf b = {0};
		struct loaded l;

		small_archive(&plain);
		gzip_build(&b, plain.data, first[k]);
		gzip_build(&b, plain.data + first[k], plain.len - first[k]);
		load(&l, &b);
		CHECK_STR(l.err.text, "");
		CHECK_STR(content(&l, "etc/motd"), "hello");
		done(&l);
	}
}

TEST(tar, a_gzip_stream_of_one_byte_a_member)
{
	cleanup_buf struct buf plain = {0};
	struct buf b = {0};
	struct loaded l;

	small_archive(&plain);
	for (size_t k = 0; k < plain.len; k++) {
		gzip_build(&b, plain.data + k, 1);
		gzip_build(&b, "", 0);
	}
	load(&l, &b);
	CHECK_STR(l.err.text, "");
	CHECK_STR(content(&l, "etc/motd"), "hello");
	done(&l);
}

/* The last eight bytes are the sum and the length, behind all of the archive's own bytes. */
TEST(tar, a_gzip_stream_that_is_cut_anywhere_is_refused)
{
	cleanup_buf struct buf plain = {0}, whole = {0};

	small_archive(&plain);
	gzip_build(&whole, plain.data, plain.len);
	for (size_t n = 10; n < whole.len; n++) {
		struct buf b = {0};
		struct loaded l;

		buf_add(&b, whole.data, n);
		load(&l, &b);
		CHECK_INT(l.result, -1);
		CHECK_HAS(l.err.text, "is truncated: the gzip stream stops at byte");
	}
}

TEST(tar, the_sum_of_a_gzip_stream_is_checked)
{
	cleanup_buf struct buf plain = {0};
	struct buf b = {0};
	struct loaded l;

	small_archive(&plain);
	gzip_build(&b, plain.data, plain.len);
	b.data[b.len - 6] ^= 1;
	load(&l, &b);
	CHECK_HAS(l.err.text, "is damaged: incorrect data check");
}

/* ---- sources ---- */

TEST(source, what_is_left_of_a_gzip_stream_is_bounded)
{
	static const char zeros[10000];
	cleanup_source struct source s = {.fd = -1};
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	cleanup_free char *path = path_join(mkdtemp(dir), "x.gz");
	cleanup_buf struct buf b = {0};
	struct err err = {0};

	gzip_build(&b, zeros, sizeof(zeros));
	CHECK_INT(file_write_atomic(path, b.data, b.len, 0600, NULL), 0);
	CHECK_INT(source_open(&s, path, &err), 0);
	CHECK_INT(source_finish(&s, 100, &err), -1);
	CHECK_HAS(err.text, "has more than 100 bytes behind its end mark");
	file_remove_tree(dir);
}

TEST(source, a_pipe_is_refused_and_not_waited_for)
{
	cleanup_source struct source s = {.fd = -1};
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	cleanup_free char *path = path_join(mkdtemp(dir), "pipe");
	struct err err = {0};

	CHECK_INT(mkfifo(path, 0600), 0);
	CHECK_INT(source_open(&s, path, &err), -1);
	CHECK_HAS(err.text, "pipe' is neither a file nor a folder");
	file_remove_tree(dir);
}
