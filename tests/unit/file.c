/* file.c - files, folders and paths */
#include "unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

static char room[] = "/tmp/vmtap-unit-XXXXXX";

static void leave_room(void)
{
	file_remove_tree(room);
}

/* Return: a path in a folder of this run, which goes when we end; freed by nobody. */
static const char *at(const char *name)
{
	static char paths[8][256];
	static unsigned int turn;
	char *path = paths[turn++ % 8];

	if (strchr(room, 'X') && strcmp(room + strlen(room) - 6, "XXXXXX") == 0 && mkdtemp(room))
		atexit(leave_room);
	snprintf(path, sizeof(paths[0]), "%s/%s", room, name);
	return path;
}

static int put(const char *path, const char *text)
{
	return file_write_atomic(path, text, strlen(text), 0644, NULL);
}

static const char *content(const char *path)
{
	static struct buf b;

	buf_clear(&b);
	return file_read(path, 1 << 20, &b, NULL) < 0 ? "(unreadable)" : buf_str(&b);
}

TEST(file, write_and_read_back)
{
	struct stat st;

	CHECK_INT(put(at("a"), "hello"), 0);
	CHECK_STR(content(at("a")), "hello");
	CHECK(stat(at("a"), &st) == 0 && (st.st_mode & 07777) == 0644);
}

TEST(file, read_appends)
{
	cleanup_buf struct buf b = {0};

	put(at("b"), "def");
	buf_adds(&b, "abc");
	CHECK_INT(file_read(at("b"), 3, &b, NULL), 0);
	CHECK_STR(buf_str(&b), "abcdef");
}

TEST(file, read_has_a_limit)
{
	cleanup_buf struct buf b = {0};
	struct err err = {0};

	put(at("c"), "12345");
	CHECK_INT(file_read(at("c"), 4, &b, &err), -1);
	CHECK_HAS(err.text, "is larger than 4 bytes");
	buf_clear(&b);
	CHECK_INT(file_read("/dev/zero", 200000, &b, NULL), -1);
	CHECK(b.len < 400000);
}

TEST(file, read_of_proc_and_of_nothing)
{
	cleanup_buf struct buf b = {0};
	struct err err = {0};

	CHECK_INT(file_read("/proc/self/status", 1 << 20, &b, NULL), 0);
	CHECK_HAS(buf_str(&b), "Pid:");
	CHECK_INT(file_read(at("nope"), 10, &b, &err), -1);
	CHECK_HAS(err.text, "cannot open '");
	CHECK_HAS(err.text, "No such file or directory");
	CHECK_INT(file_read(room, 10, &b, &err), -1);
	CHECK_HAS(err.text, "cannot read '");
}

TEST(file, write_replaces_at_once)
{
	cleanup_fd int old = -1;
	char text[4] = "";

	put(at("d"), "old");
	old = open(at("d"), O_RDONLY | O_CLOEXEC);
	CHECK_INT(put(at("d"), "new"), 0);
	CHECK_STR(content(at("d")), "new");
	CHECK_INT(fd_read_full(old, text, 3), 3);
	CHECK_STR(text, "old");
}

static size_t count_entries(const char *path)
{
	cleanup_free char *command = xasprintf("ls -A '%s' | wc -l", path);
	FILE *p = popen(command, "r");
	size_t n = 99;

	if (fscanf(p, "%zu", &n) != 1)
		n = 99;
	pclose(p);
	return n;
}

TEST(file, failed_write_leaves_nothing)
{
	struct err err = {0};

	CHECK_INT(file_make_dirs(at("e/target/full"), NULL), 0);
	CHECK_INT(file_write_atomic(at("e/target"), "x", 1, 0644, &err), -1);
	CHECK_HAS(err.text, "cannot rename to '");
	CHECK_INT(count_entries(at("e")), 1);
	CHECK_INT(file_write_atomic(at("e/none/x"), "x", 1, 0644, &err), -1);
	CHECK_HAS(err.text, "cannot create '");
}

TEST(file, make_dirs)
{
	struct err err = {0};

	CHECK_INT(file_make_dirs(at("f/g/h"), NULL), 0);
	CHECK(file_exists(at("f/g/h")));
	CHECK_INT(file_make_dirs(at("f/g/h"), NULL), 0);
	CHECK_INT(file_make_dirs(at("f//i/"), NULL), 0);
	CHECK(file_exists(at("f/i")));
	CHECK_INT(file_make_dirs("/", NULL), 0);
	CHECK_INT(file_make_dirs("", &err), -1);
}

TEST(file, make_dirs_through_a_file)
{
	struct err err = {0};

	put(at("plain"), "x");
	CHECK_INT(file_make_dirs(at("plain/sub"), &err), -1);
	CHECK_HAS(err.text, "Not a directory");
	CHECK_INT(file_make_dirs(at("plain"), &err), -1);
	CHECK_HAS(err.text, "File exists");
	file_make_dirs(at("real"), NULL);
	CHECK_INT(symlink("real", at("link")), 0);
	CHECK_INT(file_make_dirs(at("link"), NULL), 0);
}

TEST(file, remove_tree_follows_no_link)
{
	file_make_dirs(at("keep"), NULL);
	put(at("keep/me"), "here");
	file_make_dirs(at("gone/deep/er"), NULL);
	put(at("gone/deep/er/x"), "x");
	CHECK_INT(symlink(at("keep"), at("gone/deep/link")), 0);
	CHECK_INT(symlink("dangling", at("gone/dangling")), 0);
	file_remove_tree(at("gone"));
	CHECK(!file_exists(at("gone")));
	CHECK_STR(content(at("keep/me")), "here");
	symlink(at("keep"), at("to_keep"));
	file_remove_tree(at("to_keep"));
	CHECK_STR(content(at("keep/me")), "here");
	CHECK(access(at("to_keep"), F_OK) < 0);
	file_remove_tree(at("never was"));
}

TEST(file, exists)
{
	put(at("there"), "");
	symlink("not there", at("broken"));
	CHECK(file_exists(at("there")));
	CHECK(!file_exists(at("broken")));
}

static bool joins(const char *dir, const char *name, const char *want)
{
	cleanup_free char *got = path_join(dir, name);

	return strcmp(got, want) == 0;
}

TEST(path, join)
{
	CHECK(joins("a", "b", "a/b"));
	CHECK(joins("a/", "b", "a/b"));
	CHECK(joins("/", "b", "/b"));
	CHECK(joins("", "b", "b"));
	CHECK(joins("a", "/b", "/b"));
}

static bool dir_is(const char *path, const char *want)
{
	cleanup_free char *got = path_dir(path);

	return strcmp(got, want) == 0;
}

TEST(file, a_link_under_the_temporary_name_is_not_followed)
{
	cleanup_free char *tmp = xasprintf("%s.tmp.%ld", at("atomic"), (long)getpid());
	cleanup_buf struct buf text = {0};
	struct err err = {0};

	CHECK_INT(file_write_atomic(at("victim"), "mine", 4, 0600, &err), 0);
	CHECK_INT(symlink(at("victim"), tmp), 0);
	CHECK_INT(file_write_atomic(at("atomic"), "x", 1, 0600, &err), -1);
	CHECK_HAS(err.text, "cannot create '");
	CHECK_INT(file_read(at("victim"), 100, &text, &err), 0);
	CHECK_STR(buf_str(&text), "mine");
	unlink(tmp);
}

TEST(file, folder_or_not)
{
	struct err err = {0};

	CHECK_INT(file_make_dirs(at("a-folder"), &err), 0);
	CHECK_INT(file_write_atomic(at("a-file"), "", 0, 0600, &err), 0);
	CHECK_INT(symlink(at("a-folder"), at("to-folder")), 0);
	CHECK(file_is_folder(at("a-folder")));
	CHECK(file_is_folder(at("to-folder")));
	CHECK(!file_is_folder(at("a-file")));
	CHECK(!file_is_folder(at("nothing")));
}

TEST(path, dir_as_dirname)
{
	CHECK(dir_is("a/b", "a"));
	CHECK(dir_is("/a/b.c", "/a"));
	CHECK(dir_is("/a", "/"));
	CHECK(dir_is("a", "."));
	CHECK(dir_is("", "."));
	CHECK(dir_is("/", "/"));
	CHECK(dir_is("a/b/", "a"));
	CHECK(dir_is("a//b", "a"));
	CHECK(dir_is("//a", "/"));
}

TEST(path, base)
{
	CHECK_STR(path_base("a/b.c"), "b.c");
	CHECK_STR(path_base("b.c"), "b.c");
	CHECK_STR(path_base("a/"), "");
}
