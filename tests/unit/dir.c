/* dir.c - a folder of the host as an image, also one that somebody changes meanwhile */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "image/dir.h"

static char dir[40];

/* On tmpfs, which has leases everywhere. */
static void begin(void)
{
	strcpy(dir, "/dev/shm/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(dir) != NULL);
}

static void end(void)
{
	file_remove_tree(dir);
}

static char *in_dir(const char *name)
{
	cleanup_free char *parent = path_dir(name), *folder = path_join(dir, parent);

	file_make_dirs(folder, NULL);
	return path_join(dir, name);
}

static void put(const char *name, const char *text)
{
	cleanup_free char *path = in_dir(name);

	CHECK_INT(file_write_atomic(path, text, strlen(text), 0600, NULL), 0);
}

/* Load the folder "root". Return: 0, or -1. */
static int load(struct err *err)
{
	cleanup_free char *path = in_dir("root"), *out = in_dir("out.erofs");
	cleanup_erofs_writer struct erofs_writer w = {.fd = -1};
	struct tree t;
	int r;

	CHECK_INT(erofs_begin(&w, out, NULL), 0);
	tree_init(&t);
	r = dir_load(path, DIR_KEEP_OWNERS, &t, &w, err);
	tree_free(&t);
	return r;
}

/*
 * Start a process that cuts a file to @size bytes when somebody opens it: after
 * the lstat(2), before the first read. A lease makes the open(2) wait for that.
 * Return: its id.
 */
static pid_t cutter(const char *path, off_t size)
{
	sigset_t io;
	int ready[2], signal;
	char c;
	pid_t pid;

	CHECK_INT(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		sigemptyset(&io);
		sigaddset(&io, SIGIO);
		sigprocmask(SIG_BLOCK, &io, NULL);
		if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
			_exit(1);
		c = 'r';
		if (write(ready[1], &c, 1) != 1 || sigwait(&io, &signal) != 0)
			_exit(1);
		if (ftruncate(fd, size) < 0)
			_exit(1);
		fcntl(fd, F_SETLEASE, F_UNLCK);
		_exit(0);
	}
	close(ready[1]);
	CHECK_INT(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

/* Return: what is said of a file of 10 bytes that is cut to @size while the folder is loaded; static. */
static const char *said_when_cut(off_t size)
{
	static struct err err;
	cleanup_free char *path = NULL;
	pid_t pid;
	int status = -1;

	begin();
	err = (struct err){0};
	put("root/file", "0123456789");
	path = in_dir("root/file");
	pid = cutter(path, size);
	CHECK_INT(load(&err), -1);
	waitpid(pid, &status, 0);
	CHECK_INT(status, 0);
	end();
	return err.text;
}

TEST(dir, a_file_that_is_cut_to_nothing_is_no_hole)
{
	CHECK_HAS(said_when_cut(0), "root/file' changed while it was read");
}

TEST(dir, a_file_that_is_cut_is_not_padded)
{
	CHECK_HAS(said_when_cut(3), "root/file' changed while it was read");
}

TEST(dir, a_hole_at_the_end_is_one)
{
	cleanup_free char *path = NULL;
	struct err err = {0};

	begin();
	put("root/file", "0123456789");
	path = in_dir("root/file");
	CHECK_INT(truncate(path, 1 << 20), 0);
	CHECK_INT(load(&err), 0);
	CHECK_STR(err.text, "");
	end();
}

/* ---- the key ---- */

static void key_of(const char *name, enum dir_flag flags, char hex[SHA256_HEX])
{
	cleanup_free char *path = in_dir(name), *store = in_dir("store");
	struct sha256 key;

	sha256_init(&key);
	CHECK_INT(dir_key(store, &key, path, flags, NULL), 0);
	sha256_hex(&key, hex);
}

static void make_old(const char *name)
{
	const struct timespec times[2] = {{.tv_sec = 1000}, {.tv_sec = 1000}};
	cleanup_free char *path = in_dir(name);

	CHECK_INT(utimensat(AT_FDCWD, path, times, 0), 0);
}

TEST(dir, a_key_is_of_the_contents_wherever_they_are)
{
	char one[SHA256_HEX], two[SHA256_HEX], other[SHA256_HEX];
	static const char *const all[] = {"one/f", "one", "two/f", "two"};

	begin();
	put("one/f", "text");
	put("two/f", "text");
	for (size_t k = 0; k < ARRAY_SIZE(all); k++)
		make_old(all[k]);
	key_of("one", DIR_ALL_ROOT, one);
	key_of("two", DIR_ALL_ROOT, two);
	CHECK_STR(one, two);
	put("two/f", "texT");
	key_of("two", DIR_ALL_ROOT, other);
	CHECK(strcmp(two, other) != 0);
	end();
}

/* The clock that gives times to files may not have gone on between two writes: such a sum is not remembered. */
TEST(dir, the_sum_of_a_fresh_folder_is_not_remembered)
{
	cleanup_free char *sums = NULL;
	char hex[SHA256_HEX];

	begin();
	put("root/f", "text");
	key_of("root", DIR_KEEP_OWNERS, hex);
	sums = in_dir("store/sums");
	CHECK(!file_exists(sums));
	end();
}
