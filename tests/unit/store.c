/* store.c - the cache: published whole or not at all, whatever happens */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"
#include "image/store.h"

#define SMALL "content"

static char root[32];

static void begin(void)
{
	strcpy(root, "/tmp/vmtap-unit-XXXXXX");
	CHECK(mkdtemp(root) != NULL);
	chmod(root, 0777);
}

static void end(void)
{
	file_remove_tree(root);
}

/* Writes "data"; @arg counts the calls, in a file because processes share it. */
static int build(const char *dir, void *arg, struct err *err)
{
	cleanup_free char *path = path_join(dir, "data"), *log = path_join(root, "log");
	FILE *f = fopen(log, "a");

	(void)arg;
	if (f) {
		fputs("x", f);
		fclose(f);
	}
	return file_write_atomic(path, SMALL, sizeof(SMALL), 0600, err);
}

static int build_badly(const char *dir, void *arg, struct err *err)
{
	build(dir, arg, err);
	return err_set(err, "no good");
}

static int build_large(const char *dir, void *arg, struct err *err)
{
	static char large[1 << 20];
	cleanup_free char *path = path_join(dir, "data");
	FILE *f = fopen(path, "w");
	int r = f && fwrite(large, 1, sizeof(large), f) == sizeof(large) ? 0 : store_write_error(err, path);

	(void)arg;
	if (f)
		fclose(f);
	return r;
}

static int get(store_build_fn *fn, struct err *err)
{
	cleanup_free char *path = NULL, *data = NULL;

	if (store_get(root, "kind", "key", fn, NULL, &path, err) < 0)
		return -1;
	data = path_join(path, "data");
	return file_exists(data) ? 0 : -1;
}

static long calls(void)
{
	cleanup_free char *log = path_join(root, "log");
	struct stat st;

	return stat(log, &st) == 0 ? (long)st.st_size : 0;
}

/* Return: how many names are in a folder of the store. */
static int names_in(const char *name)
{
	cleanup_free char *cmd = xasprintf("ls -A %s/%s 2>/dev/null | wc -l", root, name);
	FILE *p = popen(cmd, "r");
	int n = -1;

	if (p && fscanf(p, "%d", &n) != 1)
		n = -1;
	if (p)
		pclose(p);
	return n;
}

TEST(store, built_once)
{
	begin();
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(calls(), 1);
	CHECK_INT(names_in("tmp"), 0);
	end();
}

TEST(store, a_failed_build_leaves_nothing)
{
	struct err err = {0};

	begin();
	CHECK_INT(get(build_badly, &err), -1);
	CHECK_STR(err.text, "no good");
	CHECK_INT(names_in("kind"), 0);
	CHECK_INT(names_in("tmp"), 0);
	end();
}

TEST(store, a_cut_file_is_noticed_and_rebuilt)
{
	cleanup_free char *data = NULL;

	begin();
	get(build, NULL);
	data = path_join(root, "kind/key/data");
	CHECK_INT(truncate(data, 3), 0);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(calls(), 2);
	end();
}

TEST(store, an_entry_without_a_seal_is_rebuilt)
{
	cleanup_free char *seal = NULL;

	begin();
	get(build, NULL);
	seal = path_join(root, "kind/key/seal");
	CHECK_INT(truncate(seal, 0), 0);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(calls(), 2);
	end();
}

TEST(store, many_processes_build_once)
{
	int good = 0, status;

	begin();
	for (int k = 0; k < 8; k++)
		if (fork() == 0) {
			freopen("/dev/null", "w", stderr);
			_exit(get(build, NULL) < 0);
		}
	while (wait(&status) > 0)
		good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	CHECK_INT(good, 8);
	CHECK_INT(calls(), 1);
	CHECK_INT(names_in("tmp"), 0);
	end();
}

TEST(store, what_a_killed_builder_left_is_removed)
{
	cleanup_free char *left = NULL;

	begin();
	left = path_join(root, "tmp/12345-0/half");
	file_make_dirs(left, NULL);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(names_in("tmp"), 0);
	end();
}

TEST(store, no_room_says_so_and_leaves_nothing)
{
	struct rlimit old, small = {.rlim_cur = 65536};
	struct err err = {0};

	begin();
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &old);
	small.rlim_max = old.rlim_max;
	setrlimit(RLIMIT_FSIZE, &small);
	CHECK_INT(get(build_large, &err), -1);
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK_HAS(err.text, "cannot write '");
	CHECK_HAS(err.text, "file size limit");
	CHECK_INT(names_in("kind"), 0);
	CHECK_INT(names_in("tmp"), 0);
	end();
}

TEST(store, each_reason_has_its_hint)
{
	struct err err = {0};

	errno = ENOSPC;
	store_write_error(&err, "/cache/x");
	CHECK_HAS(err.text, "cannot write '/cache/x': No space left on device");
	CHECK_HAS(err.text, "VMTAP_CACHE");
}

/* As a user that may only read. Return: what get() said, and its error's text. */
static int get_reading(struct err *err)
{
	int fds[2], status = -1;
	pid_t pid;

	if (pipe(fds) < 0 || (pid = fork()) < 0)
		return -2;
	if (pid == 0) {
		int r = geteuid() == 0 && setuid(65534) < 0 ? -2 : get(build, err);

		write(fds[1], err->text, sizeof(err->text));
		_exit(r < 0);
	}
	close(fds[1]);
	if (read(fds[0], err->text, sizeof(err->text)) < 0)
		err->text[0] = '\0';
	close(fds[0]);
	waitpid(pid, &status, 0);
	return status;
}

TEST(store, a_read_only_cache_serves_what_it_has)
{
	cleanup_free char *tmp = NULL;
	struct err err = {0};

	begin();
	tmp = path_join(root, "tmp");
	mkdir(tmp, 0555);
	chmod(root, 0555);
	CHECK(get_reading(&err) != 0);
	CHECK_HAS(err.text, "Permission denied");
	CHECK_HAS(err.text, "set VMTAP_CACHE to a folder that can be written");
	chmod(root, 0777);
	chmod(tmp, 0777);
	CHECK_INT(get(build, NULL), 0);
	cleanup_free char *data = path_join(root, "kind/key/data"), *seal = path_join(root, "kind/key/seal");
	chmod(data, 0444);
	chmod(seal, 0444);
	chmod(tmp, 0555);
	chmod(root, 0555);
	CHECK_INT(get_reading(&err), 0);
	chmod(root, 0777);
	chmod(tmp, 0777);
	end();
}

TEST(store, a_key_follows_the_file)
{
	char a[SHA256_HEX], b[SHA256_HEX];
	cleanup_free char *path = NULL;
	struct sha256 key;

	begin();
	path = path_join(root, "file");
	file_write_atomic(path, "1", 1, 0600, NULL);
	sha256_init(&key);
	store_key_file(&key, path, NULL);
	sha256_hex(&key, a);
	file_write_atomic(path, "2", 1, 0600, NULL);
	sha256_init(&key);
	store_key_file(&key, path, NULL);
	sha256_hex(&key, b);
	CHECK(strcmp(a, b) != 0);
	end();
}
