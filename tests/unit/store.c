/* store.c - the cache: published whole or not at all, whatever happens */
#include "unit.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "store_setup.h"

static int build_badly(const char *dir, void *arg, struct err *err)
{
	build(dir, arg, err);
	return err_set(err, "no good");
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
	data = path_join(root, "kind/" KEY "/data");
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
	seal = path_join(root, "kind/" KEY "/seal");
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
	cleanup_free char *data = path_join(root, "kind/" KEY "/data"), *seal = path_join(root, "kind/" KEY "/seal");
	chmod(data, 0444);
	chmod(seal, 0444);
	chmod(tmp, 0555);
	chmod(root, 0555);
	CHECK_INT(get_reading(&err), 0);
	chmod(root, 0777);
	chmod(tmp, 0777);
	end();
}

static void key_of(const char *name, bool content, char out[SHA256_HEX])
{
	cleanup_free char *path = path_join(root, name);
	struct sha256 key;
	int r;

	sha256_init(&key);
	r = content ? store_key_content(root, &key, path, NULL) : store_key_file(&key, path, NULL);
	sha256_hex(&key, out);
	if (r < 0)
		out[0] = '\0';
}

TEST(store, a_key_follows_the_file)
{
	char a[SHA256_HEX], b[SHA256_HEX];

	begin();
	put("file", "1");
	key_of("file", false, a);
	put("file", "2");
	key_of("file", false, b);
	CHECK(strcmp(a, b) != 0);
	end();
}

/* ---- content keys ---- */

TEST(store, a_content_key_is_the_contents_alone)
{
	char a[SHA256_HEX], b[SHA256_HEX], c[SHA256_HEX];

	begin();
	put("one", "same");
	put("two", "same");
	make_old("two", 1000);
	put("three", "else");
	key_of("one", true, a);
	key_of("two", true, b);
	key_of("three", true, c);
	CHECK_STR(a, b);
	CHECK(strcmp(a, c) != 0);
	end();
}

/* A file that may be written again within the same tick keeps its times: its sum is not trusted. */
TEST(store, the_sum_of_a_fresh_file_is_not_remembered)
{
	char a[SHA256_HEX];

	begin();
	put("file", "1");
	key_of("file", true, a);
	CHECK_INT(names_in("sums"), 0);
	end();
}

/* A source whose facts are a number. */
struct counted {
	uint32_t facts;
	int sums, changes; /* how often it was summed, and how often it will change meanwhile */
};

static int counted_facts(void *arg, struct sha256 *facts, int64_t *changed, struct err *err)
{
	const struct counted *c = arg;

	(void)err;
	sha256_add(facts, &c->facts, sizeof(c->facts));
	*changed = 0;
	return 0;
}

static int counted_sum(void *arg, char sum[SHA256_HEX], struct err *err)
{
	struct counted *c = arg;

	(void)err;
	c->sums++;
	if (c->changes) {
		c->changes--;
		c->facts++;
	}
	strcpy(sum, keys[1]);
	return 0;
}

static int sum_counted(struct counted *c, struct err *err)
{
	const struct store_source s = {.name = "x", .facts = counted_facts, .sum = counted_sum, .arg = c};
	char sum[SHA256_HEX];

	return store_sum(root, &s, sum, err) < 0 || strcmp(sum, keys[1]) != 0 ? -1 : 0;
}

/* Cut the only sum that is remembered. */
static void cut_sums(void)
{
	cleanup_free char *cmd = xasprintf("truncate -s 20 %s/sums/*", root);

	CHECK_INT(system(cmd), 0);
}

TEST(store, a_sum_is_computed_once_and_again_when_its_memory_is_damaged)
{
	struct counted c = {0};

	begin();
	CHECK_INT(sum_counted(&c, NULL), 0);
	CHECK_INT(sum_counted(&c, NULL), 0);
	CHECK_INT(c.sums, 1);
	cut_sums();
	CHECK_INT(sum_counted(&c, NULL), 0);
	CHECK_INT(c.sums, 2);
	end();
}

TEST(store, a_source_that_changes_while_it_is_summed_is_summed_again)
{
	struct counted once = {.changes = 1}, always = {.facts = 100, .changes = 9};
	struct err err = {0};

	begin();
	CHECK_INT(sum_counted(&once, &err), 0);
	CHECK_INT(once.sums, 2);
	CHECK_INT(names_in("sums"), 1);
	CHECK_INT(sum_counted(&always, &err), -1);
	CHECK_HAS(err.text, "'x' changed while it was read");
	CHECK_INT(names_in("sums"), 1);
	end();
}

/* ---- recipes ---- */

/* What an entry is made from: a file of the test's folder that changes during @changes builds. */
struct dish {
	int changes, builds;
	bool fails;
};

static int dish_key(void *arg, char key[SHA256_HEX], struct err *err)
{
	cleanup_free char *path = path_join(root, "input");
	struct sha256 sum;

	(void)arg;
	sha256_init(&sum);
	if (store_key_content(root, &sum, path, err) < 0)
		return -1;
	sha256_hex(&sum, key);
	return 0;
}

/* The input changes before it is copied. */
static int dish_build(const char *dir, void *arg, struct err *err)
{
	cleanup_free char *path = path_join(root, "input");
	cleanup_buf struct buf text = {0};
	struct dish *d = arg;

	d->builds++;
	if (d->changes) {
		char content[16];

		snprintf(content, sizeof(content), "change %d", d->changes--);
		put("input", content);
	}
	if (d->fails && d->builds == 1)
		return err_set(err, "cut short");
	if (file_read(path, 100, &text, err) < 0)
		return -1;
	return store_write_file(dir, "data", text.data, text.len, err);
}

/* Return: what the entry of the dish has in its file; static. "" is an error. */
static const char *cook(struct dish *d, struct err *err)
{
	const struct store_recipe r = {.kind = "kind", .what = "input", .key = dish_key, .build = dish_build, .arg = d};
	static char text[32];
	cleanup_free char *path = NULL, *data = NULL;
	cleanup_buf struct buf b = {0};
	char key[SHA256_HEX];

	text[0] = '\0';
	if (store_make(root, &r, key, &path, err) < 0)
		return text;
	store_release(path);
	CHECK_STR(path_base(path), key);
	data = path_join(path, "data");
	CHECK_INT(file_read(data, sizeof(text) - 1, &b, NULL), 0);
	snprintf(text, sizeof(text), "%s", buf_str(&b));
	return text;
}

TEST(store, what_changed_between_key_and_build_is_made_again_under_its_new_key)
{
	struct dish d = {.changes = 1};
	struct err err = {0};

	begin();
	put("input", "old");
	CHECK_STR(cook(&d, &err), "change 1");
	CHECK_INT(d.builds, 2);
	CHECK_INT(names_in("kind"), 1);
	put("input", "old");
	CHECK_STR(cook(&d, &err), "old");
	CHECK_STR(err.text, "");
	end();
}

TEST(store, a_build_that_failed_because_its_input_changed_is_tried_again)
{
	struct dish d = {.changes = 1, .fails = true};

	begin();
	put("input", "old");
	CHECK_STR(cook(&d, NULL), "change 1");
	end();
}

TEST(store, an_input_that_never_rests_is_an_error)
{
	struct dish d = {.changes = 99};
	struct err err = {0};

	begin();
	put("input", "old");
	CHECK_STR(cook(&d, &err), "");
	CHECK_HAS(err.text, "'input' changed while it was read");
	CHECK_INT(d.builds, STORE_READS_MAX);
	CHECK_INT(names_in("kind"), 0);
	CHECK_INT(names_in("tmp"), 0);
	end();
}

TEST(store, a_build_that_fails_by_itself_says_why)
{
	struct dish d = {.fails = true};
	struct err err = {0};

	begin();
	put("input", "old");
	CHECK_STR(cook(&d, &err), "");
	CHECK_STR(err.text, "cut short");
	CHECK_INT(d.builds, 1);
	end();
}

TEST(store, a_file_changed_by_hand_is_noticed_and_rebuilt)
{
	begin();
	get(build, NULL);
	put("kind/" KEY "/data", "cOntent");
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(calls(), 2);
	end();
}

/* ---- damage that leaves size and time as they were ---- */

static void flip_bit(const char *path, off_t at)
{
	cleanup_fd int fd = open(path, O_RDWR | O_CLOEXEC);
	struct stat st;
	char c;

	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(pread(fd, &c, 1, at), 1);
	c ^= 1;
	CHECK_INT(pwrite(fd, &c, 1, at), 1);
	CHECK_INT(futimens(fd, (struct timespec[2]){st.st_atim, st.st_mtim}), 0);
}

/* Two MiB: more than is read at each use. */
static int build_larger(const char *dir, void *arg, struct err *err)
{
	cleanup_free char *path = path_join(dir, "data");

	return build(dir, arg, err) < 0 || truncate(path, 2 << 20) < 0 ? -1 : 0;
}

static size_t count_damaged(enum store_check check)
{
	cleanup_store_list struct store_list l = {0};
	size_t damaged = 0;

	CHECK_INT(store_list(root, check, &l, NULL), 0);
	for (size_t i = 0; i < l.count; i++)
		damaged += !l.items[i].sound;
	return damaged;
}

/* Begin with an entry whose data differ by a bit from what was published. */
static void begin_flipped(store_build_fn *builder)
{
	cleanup_free char *data = NULL;

	begin();
	data = path_join(root, "kind/" KEY "/data");
	get(builder, NULL);
	flip_bit(data, 3);
}

TEST(store_seal, a_flipped_bit_in_a_small_file_is_noticed_at_each_use)
{
	begin_flipped(build);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(calls(), 2);
	CHECK_INT(count_damaged(STORE_CHECK_ALL), 0);
	end();
}

TEST(store_seal, a_flipped_bit_in_a_large_file_is_noticed_by_a_check_and_after_a_boot)
{
	begin_flipped(build_larger);
	CHECK_INT(get(build_larger, NULL), 0);
	CHECK_INT(calls(), 1);
	CHECK_INT(count_damaged(STORE_CHECK_FACTS), 0);
	CHECK_INT(count_damaged(STORE_CHECK_ALL), 1);
	make_old("kind/" KEY "/seal", 1000000000); /* not used since 2001 */
	CHECK_INT(get(build_larger, NULL), 0);
	CHECK_INT(calls(), 2);
	CHECK_INT(count_damaged(STORE_CHECK_ALL), 0);
	end();
}

TEST(store_seal, a_prune_that_checks_removes_what_is_damaged)
{
	begin_flipped(build_larger);
	store_prune(root, 100 * MB, STORE_CHECK_FACTS, NULL, NULL);
	CHECK_INT(names_in("kind"), 1);
	store_prune(root, 100 * MB, STORE_CHECK_ALL, NULL, NULL);
	CHECK_INT(names_in("kind"), 0);
	end();
}

TEST(store_seal, holes_and_zeros_are_the_same)
{
	cleanup_free char *data = NULL;
	static const char zeros[STORE_BLOCK];
	cleanup_fd int fd = -1;
	struct stat st;

	begin();
	data = path_join(root, "kind/" KEY "/data");
	get(build_larger, NULL);
	fd = open(data, O_RDWR | O_CLOEXEC);
	CHECK_INT(fstat(fd, &st), 0);
	CHECK_INT(pwrite(fd, zeros, sizeof(zeros), 1 << 20), sizeof(zeros));
	CHECK_INT(futimens(fd, (struct timespec[2]){st.st_atim, st.st_mtim}), 0);
	CHECK_INT(count_damaged(STORE_CHECK_ALL), 0);
	end();
}

/* ---- entries of no use ---- */

static int open_seal(void)
{
	cleanup_free char *seal = path_join(root, "kind/" KEY "/seal");

	return open(seal, O_RDONLY | O_CLOEXEC);
}

TEST(store, what_is_discarded_goes_when_its_last_user_does)
{
	cleanup_free char *path = NULL;
	cleanup_fd int other = -1;

	begin();
	CHECK_INT(store_get(root, "kind", KEY, build, NULL, &path, NULL), 0);
	other = open_seal();
	CHECK_INT(flock(other, LOCK_SH), 0);
	store_discard(root, "kind", KEY);
	CHECK_INT(names_in("kind"), 1);
	fd_close(&other);
	store_discard(root, "kind", KEY);
	CHECK_INT(names_in("kind"), 0);
	CHECK_INT(names_in("tmp"), 0);
	store_discard(root, "kind", KEY); /* it is gone already */
	end();
}

/* ---- waiting for another's build ---- */

/* Start a process that has the lock of the entry, until it is killed. Return: its id. */
static pid_t lock_holder(void)
{
	int ready[2];
	char c;
	pid_t pid;

	CHECK_INT(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		cleanup_free char *lock = NULL;

		if (store_entry_lock(root, "kind", KEY, &lock, NULL) < 0 || write(ready[1], "r", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	CHECK_INT(read(ready[0], &c, 1), 1);
	close(ready[0]);
	return pid;
}

TEST(store, a_wait_says_for_whom_and_ends_with_the_builder)
{
	cleanup_free char *want = NULL;
	char said[256] = "";
	int from[2], status = -1;
	pid_t holder, waiter;
	FILE *f;

	begin();
	store_silence_s = 0;
	holder = lock_holder();
	want = xasprintf("waiting for process %ld, which builds kind/0123456789ab of the cache", (long)holder);
	CHECK_INT(pipe(from), 0);
	waiter = fork();
	if (waiter == 0) {
		dup2(from[1], STDERR_FILENO);
		close(from[0]);
		_exit(get(build, NULL) < 0);
	}
	close(from[1]);
	f = fdopen(from[0], "r");
	CHECK(f && fgets(said, sizeof(said), f));
	CHECK_HAS(said, want);
	CHECK_INT(waitpid(waiter, &status, WNOHANG), 0);
	kill(holder, SIGKILL);
	CHECK_INT(waitpid(waiter, &status, 0), waiter);
	CHECK_INT(status, 0);
	waitpid(holder, NULL, 0);
	if (f)
		fclose(f);
	end();
}

TEST(store, a_wait_ends_with_a_signal_even_if_it_is_blocked)
{
	struct err err = {0};
	sigset_t term, old;
	siginfo_t info;
	pid_t holder;

	begin();
	holder = lock_holder();
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &old);
	raise(SIGTERM);
	CHECK_INT(get(build, &err), -1);
	CHECK_HAS(err.text, "interrupted while another vmtap built kind/0123456789ab");
	CHECK_INT(sigwaitinfo(&term, &info), SIGTERM);
	sigprocmask(SIG_SETMASK, &old, NULL);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	end();
}

/* As a remover that was stopped between taking the seal and removing the entry. */
TEST(store, a_remover_that_makes_no_progress_does_not_stop_a_user)
{
	cleanup_fd int seal = -1;

	begin();
	CHECK_INT(get(build, NULL), 0);
	seal = open_seal();
	CHECK_INT(flock(seal, LOCK_EX | LOCK_NB), 0);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(calls(), 2);
	end();
}

/* ---- without taking long ---- */

TEST(store, quick_finds_and_makes_nothing)
{
	cleanup_free char *outside = NULL, *path = NULL;
	struct sha256 key;

	begin();
	put("outside", "text");
	outside = path_join(root, "outside");
	sha256_init(&key);
	store_set_quick(true);
	CHECK_INT(get(build, NULL), -1);
	CHECK_INT(store_key_content(root, &key, outside, NULL), -1); /* it would have to be read */
	CHECK_INT(names_in("tmp"), 0);
	CHECK_INT(calls(), 0);
	store_set_quick(false);
	CHECK_INT(get(build, NULL), 0);
	store_set_quick(true);
	CHECK(store_find(root, "kind", KEY, &path));
	make_old("kind/" KEY "/seal", 1000000000); /* not used since the host booted: its sums are due */
	CHECK_INT(get(build, NULL), -1);
	store_set_quick(false);
	CHECK_INT(get(build, NULL), 0);
	CHECK_INT(calls(), 1);
	end();
}

TEST(store, what_another_process_has_found_is_leased)
{
	cleanup_free char *data = NULL, *foreign = NULL;
	cleanup_free char *entry = NULL;

	begin();
	CHECK_INT(get(build, NULL), 0);
	foreign = path_join(root, "vendor/kit-1/vmlinuz");
	data = path_join(root, "kind/" KEY "/data");
	entry = path_join(root, "kind/" KEY);
	CHECK(store_lease(root, data));
	CHECK(store_lease(root, "/elsewhere/vmlinuz"));
	CHECK(store_lease(root, foreign));
	store_release(entry);
	CHECK_INT(truncate(data, 3), 0);
	CHECK(!store_lease(root, data));
	end();
}
