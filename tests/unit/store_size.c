/* store_size.c - the cache stays small, keeps what is in use, and finds a full disk before it hurts */
#include "unit.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "store_setup.h"

/* An entry of about a megabyte, leased or not. Return: store_get(). */
static int get_large(size_t key, bool keep)
{
	cleanup_free char *path = NULL;
	int r = store_get(root, "kind", keys[key], build_large, NULL, &path, NULL);

	if (r == 0 && !keep)
		store_release(path);
	return r;
}

static bool there(size_t key)
{
	cleanup_free char *path = xasprintf("%s/kind/%s", root, keys[key]);

	return file_exists(path);
}

static void release(size_t key)
{
	cleanup_free char *path = xasprintf("%s/kind/%s", root, keys[key]);

	store_release(path);
}

TEST(store_size, the_least_recently_used_goes_first)
{
	begin();
	setenv("VMTAP_CACHE_MAX", "3", 1);
	get_large(0, false);
	get_large(1, false);
	get_large(0, false);
	CHECK_INT(get_large(2, false), 0);
	CHECK(there(0) && !there(1) && there(2));
	CHECK_INT(names_in("tmp"), 0);
	end();
}

TEST(store_size, what_an_entry_is_based_on_goes_after_it)
{
	cleanup_free char *base = NULL, *entry = NULL;

	begin();
	get_large(0, false);
	get_large(1, false); /* based on the first, and used later, but whoever uses it */
	base = xasprintf("%s/kind/%s/data", root, keys[0]);
	entry = xasprintf("%s/kind/%s", root, keys[0]);
	CHECK(store_use(root, base)); /* ... uses that after it */
	CHECK(store_use(root, "/elsewhere/ram"));
	store_release(entry);
	store_prune(root, 3 * MB / 2, STORE_CHECK_FACTS, NULL, NULL);
	CHECK(there(0) && !there(1));
	store_discard(root, "kind", keys[0]);
	CHECK(!store_use(root, base));
	end();
}

TEST(store_size, what_is_in_use_stays)
{
	begin();
	setenv("VMTAP_CACHE_MAX", "0", 1);
	get_large(0, true);
	get_large(1, false);
	CHECK(there(0));
	get_large(2, false);
	CHECK(there(0) && !there(1));
	release(0);
	store_prune(root, 0, STORE_CHECK_FACTS, NULL, NULL);
	CHECK(!there(0));
	end();
}

TEST(store_size, a_lease_outlives_us_in_a_child)
{
	int fds[2];
	pid_t pid;
	char c;

	begin();
	CHECK_INT(get_large(0, true), 0);
	CHECK_INT(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		close(fds[1]);
		_exit(read(fds[0], &c, 1) < 0);
	}
	release(0);
	store_prune(root, 0, STORE_CHECK_FACTS, NULL, NULL);
	CHECK(there(0));
	close(fds[0]);
	close(fds[1]);
	waitpid(pid, NULL, 0);
	store_prune(root, 0, STORE_CHECK_FACTS, NULL, NULL);
	CHECK(!there(0));
	end();
}

TEST(store_size, a_clock_that_jumped_back_does_not_make_new_entries_old)
{
	const time_t future = 3000000000; /* 2065 */
	cleanup_free char *seal = xasprintf("kind/%s/seal", keys[0]);
	struct store_list l;

	begin();
	get_large(0, false);
	make_old(seal, future);
	make_old("clock", future);
	get_large(1, false);
	get_large(2, false);
	CHECK_INT(store_list(root, STORE_CHECK_FACTS, &l, NULL), 0);
	CHECK_INT(l.count, 3);
	for (size_t i = 0; i < l.count; i++)
		CHECK_STR(l.items[i].key, keys[i]);
	store_list_free(&l);
	store_prune(root, 5 * MB / 2, STORE_CHECK_FACTS, NULL, NULL);
	CHECK(!there(0) && there(1) && there(2));
	end();
}

TEST(store_size, a_bad_limit_is_told)
{
	struct err err = {0};

	begin();
	setenv("VMTAP_CACHE_MAX", "4G", 1);
	CHECK_INT(get(build, &err), -1);
	CHECK_HAS(err.text, "VMTAP_CACHE_MAX is '4G', not a number of MB");
	end();
}

TEST(store_size, other_folders_are_left_alone)
{
	cleanup_free char *other = NULL;

	begin();
	other = path_join(root, "vendor/musl-0123");
	file_make_dirs(other, NULL);
	get_large(0, false);
	store_prune(root, 0, STORE_CHECK_FACTS, NULL, NULL);
	CHECK(file_exists(other));
	CHECK(!there(0));
	end();
}

/* Builders and pruners at once: each get() must have its entry as long as it holds it. */
static int race(unsigned int seed)
{
	for (int n = 0; n < 30; n++) {
		size_t key = (seed + (unsigned int)n) % ARRAY_SIZE(keys);
		cleanup_free char *path = NULL, *data = NULL;

		if (store_get(root, "kind", keys[key], build, NULL, &path, NULL) < 0)
			return 1;
		store_prune(root, 0, STORE_CHECK_FACTS, NULL, NULL);
		data = path_join(path, "data");
		if (!file_exists(data))
			return 2;
		store_release(path);
	}
	return 0;
}

TEST(store_size, users_and_pruners_do_not_disturb_each_other)
{
	int good = 0, status;

	begin();
	for (unsigned int k = 0; k < 6; k++)
		if (fork() == 0) {
			freopen("/dev/null", "w", stderr);
			_exit(race(k));
		}
	while (wait(&status) > 0)
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	CHECK_INT(good, 6);
	CHECK_INT(names_in("tmp"), 0);
	end();
}

/* ---- room and holes ---- */

TEST(store_size, runs_are_what_is_not_zero)
{
	cleanup_free char *path = NULL;
	struct store_runs r;
	const uint8_t *data;
	uint64_t offset = 1;
	int fd;

	begin();
	path = path_join(root, "sparse");
	fd = sparse_file(path);
	store_runs_begin(&r, fd, 1 << 20);
	CHECK_INT(store_runs_next(&r, &offset, &data), STORE_BLOCK);
	CHECK_INT(offset, 0);
	CHECK_INT(store_runs_next(&r, &offset, &data), STORE_BLOCK);
	CHECK_INT(offset, 1 << 19);
	CHECK_INT(data[STORE_BLOCK - 1], 'x');
	CHECK_INT(store_runs_next(&r, &offset, &data), 0);
	store_runs_end(&r);
	close(fd);
	end();
}

TEST(store_size, an_allocated_file_has_its_blocks_and_gives_back_those_of_zeros)
{
	cleanup_free char *path = NULL;
	struct stat st;
	int fd;

	begin();
	path = path_join(root, "ram");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(store_file_allocate(fd, path, 1 << 20, NULL), 0);
	fstat(fd, &st);
	CHECK(st.st_blocks * 512 >= 1 << 20);
	CHECK_INT(pwrite(fd, "x", 1, 300000), 1);
	CHECK_INT(store_file_shrink(fd, path, NULL), 0);
	fstat(fd, &st);
	CHECK_INT(st.st_size, 1 << 20);
	CHECK(store_holes_fill(path) || st.st_blocks * 512 < 65536);
	close(fd);
	end();
}

/* A full disk, which takes a filesystem of our own: in a child. Return: its failed checks, or -1: not allowed. */
static int on_small_tmpfs(void (*run)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		    mount("tmpfs", root, "tmpfs", 0, "size=20m") < 0)
			_exit(255);
		unit_failed = 0;
		run();
		_exit(unit_failed);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) != 255 ? WEXITSTATUS(status) : WIFEXITED(status) ? -1 : 254;
}

static void full_disk(void)
{
	cleanup_free char *path = path_join(root, "ram");
	struct err err = {0};
	struct stat st;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	CHECK_INT(store_file_allocate(fd, path, 30 << 20, &err), -1);
	CHECK_HAS(err.text, "No space left on device\nfree some space there");
	fstat(fd, &st);
	CHECK_INT(st.st_blocks, 0);
	CHECK_INT(store_file_allocate(fd, path, 3 << 20, &err), 0);
	/* Reading its holes would take blocks: it keeps them. */
	CHECK_INT(store_file_shrink(fd, path, &err), 0);
	fstat(fd, &st);
	CHECK_INT(st.st_blocks * 512, 3 << 20);
	close(fd);
	unlink(path);
}

TEST(store_size, a_full_disk)
{
	int failed;

	begin();
	failed = on_small_tmpfs(full_disk);
	if (failed < 0)
		printf("# not run: this user may not mount\n");
	else
		CHECK_INT(failed, 0);
	end();
}
