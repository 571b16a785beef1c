/* faults.c - each system call fails once, the first, the second, ...: an error, or the work done; nothing left behind
 *
 * Theory of operation
 *
 * The linker gives every WRAP below in place of the call of that name (--wrap; the Makefile reads the names here). A
 * case is a piece of work from its beginning to its end. It runs with the first call failing, then with the second, and
 * so on until it makes fewer calls than that; a child's calls count, too. After each run the work has either succeeded or
 * filled its error, and there are as many descriptors as before and no child. The same work then succeeds, and leaves no
 * temporary: what a run could not remove because the removal failed, the next one removes.
 */
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/loop.h"
#include "base/proc.h"
#include "base/stream.h"
#include "base/task.h"
#include "image/root.h"
#include "state/ram.h"
#include "store_setup.h"
#include "tar_build.h"

#define RUNS_MAX 2000 /* a case makes some dozen calls: more is a case that never ends */

/* Shared with the children. */
struct plan {
	int calls_left;	  /* until one fails; 0: none does */
	const char *failed; /* the name of the call that failed */
};
static struct plan *plan;
static bool memory_is_out; /* the next allocation fails */
static void (*meanwhile)(void); /* what another process does right before the next flock() */

static bool call_fails(const char *name)
{
	void (*other)(void) = meanwhile;

	if (other && strcmp(name, "flock") == 0) {
		meanwhile = NULL;
		other();
	}
	if (!plan || plan->calls_left <= 0 || --plan->calls_left > 0)
		return false;
	plan->failed = name;
	return true;
}

#define WRAP_IF(fails, name, type, result, error, params, args) \
	type __real_##name params;                              \
	type __wrap_##name params;                              \
	type __wrap_##name params                               \
	{                                                       \
		if (!(fails))                                   \
			return __real_##name args;              \
		errno = error;                                  \
		return result;                                  \
	}
#define WRAP(name, ...)	 WRAP_IF(call_fails(#name), name, __VA_ARGS__)
#define WRAP_MEMORY(...) WRAP_IF(memory_is_out, __VA_ARGS__)

WRAP(open, int, -1, EMFILE, (const char *path, int flags, int mode), (path, flags, mode))
WRAP(openat, int, -1, EMFILE, (int dir, const char *path, int flags, int mode), (dir, path, flags, mode))
WRAP(opendir, DIR *, NULL, EMFILE, (const char *path), (path))
WRAP(fdopendir, DIR *, NULL, ENOMEM, (int fd), (fd))
WRAP(pipe2, int, -1, EMFILE, (int fds[2], int flags), (fds, flags))
WRAP(epoll_create1, int, -1, EMFILE, (int flags), (flags))
WRAP(epoll_ctl, int, -1, ENOSPC, (int fd, int op, int of, struct epoll_event *e), (fd, op, of, e))
WRAP(epoll_wait, int, -1, EIO, (int fd, struct epoll_event *e, int max, int ms), (fd, e, max, ms))
WRAP(read, ssize_t, -1, EIO, (int fd, void *data, size_t n), (fd, data, n))
WRAP(write, ssize_t, -1, ENOSPC, (int fd, const void *data, size_t n), (fd, data, n))
WRAP(pwrite, ssize_t, -1, ENOSPC, (int fd, const void *data, size_t n, off_t at), (fd, data, n, at))
WRAP(send, ssize_t, -1, ECONNRESET, (int fd, const void *data, size_t n, int flags), (fd, data, n, flags))
WRAP(fcntl, int, -1, EMFILE, (int fd, int command, long arg), (fd, command, arg))
WRAP(lseek, off_t, -1, EIO, (int fd, off_t at, int whence), (fd, at, whence))
WRAP(fork, pid_t, -1, EAGAIN, (void), ())
WRAP(syscall, long, -1, EMFILE, (long n, long a, long b, long c, long d), (n, a, b, c, d))
WRAP(rename, int, -1, EIO, (const char *from, const char *to), (from, to))
WRAP(mkdir, int, -1, ENOSPC, (const char *path, mode_t mode), (path, mode))
WRAP(stat, int, -1, EIO, (const char *path, struct stat *st), (path, st))
WRAP(fstat, int, -1, EIO, (int fd, struct stat *st), (fd, st))
WRAP(flock, int, -1, ENOLCK, (int fd, int op), (fd, op))
WRAP(futimens, int, -1, EIO, (int fd, const struct timespec times[2]), (fd, times))
WRAP_MEMORY(malloc, void *, NULL, ENOMEM, (size_t n), (n))
WRAP_MEMORY(calloc, void *, NULL, ENOMEM, (size_t count, size_t n), (count, n))
WRAP_MEMORY(realloc, void *, NULL, ENOMEM, (void *p, size_t n), (p, n))
WRAP_MEMORY(strdup, char *, NULL, ENOMEM, (const char *s), (s))

static int names(const char *path)
{
	DIR *d = __real_opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

/* Run @work with its @n-th call failing. Return: whether it made that many. */
static bool with_failing(int n, int (*work)(struct err *err))
{
	int fds = names("/proc/self/fd"), before = unit_failed, r;
	struct err err = {0};
	bool made;

	*plan = (struct plan){.calls_left = n};
	r = work(&err);
	made = plan->failed != NULL;
	plan->calls_left = 0;
	CHECK(r == 0 || err.text[0]);
	CHECK(r == 0 || made);
	CHECK_INT(names("/proc/self/fd"), fds);
	CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
	if (unit_failed > before)
		printf("# ... with call %d (%s) failing: %s\n", n, made ? plan->failed : "none", err.text);
	return made;
}

/* Run @work with each of its calls failing, until it makes no more. @folder: as many names in it after each, if any. */
static void with_each_failing(int (*work)(struct err *err), const char *folder)
{
	int n = 1, before = folder ? names(folder) : 0;

	plan = mmap(NULL, sizeof(*plan), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(plan != MAP_FAILED);
	while (n < RUNS_MAX && with_failing(n, work)) {
		struct err err = {0};

		CHECK_INT(work(&err), 0);
		if (folder && names(folder) != before) {
			CHECK_INT(names(folder), before);
			printf("# ... after call %d (%s) had failed\n", n, plan->failed);
		}
		n++;
	}
	printf("# %d calls\n", n - 1);
	CHECK(n > 3 && n < RUNS_MAX);
	munmap(plan, sizeof(*plan));
	plan = NULL;
}

static struct loop loop;
static int heard;

static void on_ready(void *arg, uint32_t events)
{
	heard += (events & EPOLLIN) != 0;
	loop_stop(arg);
}

static int loop_work(struct err *err)
{
	struct watch w = {.ready = on_ready, .arg = &loop};
	int fds[2], r;

	heard = 0;
	if (__real_pipe2(fds, O_CLOEXEC) < 0 || __real_write(fds[1], "x", 1) != 1)
		return -1;
	r = loop_init(&loop, err);
	if (r == 0) {
		r = loop_watch(&loop, &w, fds[0], EPOLLIN, err);
		if (r == 0)
			r = loop_run(&loop, err);
		loop_unwatch(&loop, &w);
		loop_free(&loop);
	}
	close(fds[0]);
	close(fds[1]);
	return r == 0 && heard != 1 ? -1 : r;
}

TEST(faults, loop)
{
	with_each_failing(loop_work, NULL);
}

/* Two streams that are each other's peer: one asks, one answers; what is lost ends it. */
static struct stream peers[2];
static char lost_because[200];

static void on_question(void *arg)
{
	struct stream *s = arg;

	buf_consume(&s->in, s->in.len);
	buf_adds(&s->out, "answer");
	stream_flush(s);
}

static void on_answer(void *arg)
{
	heard += ((struct stream *)arg)->in.len == strlen("answer");
	loop_stop(&loop);
}

static void on_loss(void *arg, const char *why)
{
	(void)arg;
	snprintf(lost_because, sizeof(lost_because), "%s", why);
	loop_stop(&loop);
}

static int converse(const int fds[2], struct err *err)
{
	static void (*const on_bytes[2])(void *) = {on_answer, on_question};

	for (int i = 0; i < 2; i++) {
		peers[i] = (struct stream){
			.out_max = 100, .received = on_bytes[i], .lost = on_loss, .arg = &peers[i]};
		if (stream_open(&peers[i], &loop, fds[i], err) < 0) {
			if (i == 0)
				close(fds[1]);
			return -1;
		}
	}
	buf_adds(&peers[0].out, "question");
	stream_flush(&peers[0]);
	return loop_run(&loop, err);
}

static int stream_work(struct err *err)
{
	int fds[2], r;

	heard = 0;
	lost_because[0] = '\0';
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
		return -1;
	r = loop_init(&loop, err);
	if (r < 0) {
		close(fds[0]);
		close(fds[1]);
		return -1;
	}
	r = converse(fds, err);
	for (int i = 0; i < 2; i++)
		stream_close(&peers[i]);
	loop_free(&loop);
	if (r == 0 && !heard)
		r = err_set(err, "%s", lost_because);
	return r;
}

TEST(faults, stream)
{
	with_each_failing(stream_work, NULL);
}

static int file_work(struct err *err)
{
	cleanup_free char *path = path_join(root, "file");
	cleanup_buf struct buf text = {0};

	if (file_write_atomic(path, "new", 3, 0600, err) < 0 || file_read(path, 100, &text, err) < 0)
		return -1;
	return strcmp(buf_str(&text), "new") == 0 ? 0 : -1;
}

TEST(faults, file)
{
	begin();
	put("file", "old");
	with_each_failing(file_work, root);
	end();
}

static int proc_work(struct err *err)
{
	char *argv[] = {"sh", "-c", "exit 7", NULL};
	struct proc_spec s = {.path = "/bin/sh", .argv = argv};
	cleanup_fd int pidfd = -1;
	int status = 0;
	pid_t pid = proc_start(&s, &pidfd, err);

	if (pid < 0)
		return -1;
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status) == 7 ? 0 : -1;
}

TEST(faults, proc)
{
	with_each_failing(proc_work, NULL);
}

static void say(const void *order, struct buf *message)
{
	buf_adds(message, order);
}

static int ends, how;

static void task_ended(void *arg, const struct buf *message, int status)
{
	(void)message;
	(void)arg;
	ends++;
	how = status;
	loop_stop(&loop);
}

static int task_work(struct err *err)
{
	struct task t = {.loop = &loop, .limit = 100, .ended = task_ended};
	int r = loop_init(&loop, err);

	ends = 0;
	if (r < 0)
		return -1;
	r = task_start(&t, say, "word", err);
	if (r == 0)
		r = loop_run(&loop, err);
	CHECK(r < 0 || ends == 1);
	task_kill(&t);
	loop_free(&loop);
	return r;
}

TEST(faults, task)
{
	with_each_failing(task_work, NULL);
}

static int store_work(struct err *err)
{
	cleanup_free char *all = xasprintf("%s/kind", root);

	file_remove_tree(all);
	return get(build, err);
}

TEST(faults, store)
{
	begin();
	CHECK_INT(get(build, NULL), 0); /* makes the store's own folders */
	{
		cleanup_free char *tmp = path_join(root, STORE_TMP);

		with_each_failing(store_work, tmp);
	}
	CHECK_INT(get(build, NULL), 0);
	end();
}

static int taken = -1;

static void take_over(void)
{
	cleanup_free char *path = path_join(root, STORE_TMP "/kind-" KEY ".lock");

	unlink(path);
	taken = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	CHECK_INT(flock(taken, LOCK_EX | LOCK_NB), 0);
}

/* Whoever cleans up has opened the lock of a builder, who is done; by the time it has locked that, the name is another builder's. */
TEST(faults, a_lock_that_another_builder_has_made_anew_is_not_removed)
{
	cleanup_free char *path = NULL;

	begin();
	CHECK_INT(get(build, NULL), 0);
	put(STORE_TMP "/kind-" KEY ".lock", "1");
	path = path_join(root, STORE_TMP "/kind-" KEY ".lock");
	meanwhile = take_over;
	store_temp_clean(root, 0);
	CHECK(!meanwhile && store_same_file(taken, path));
	close(taken);
	store_temp_clean(root, 0);
	CHECK_INT(names_in(STORE_TMP), 0);
	end();
}

/* From a tar to an entry with its root: reading, the image, the seal. */
static int root_work(struct err *err)
{
	cleanup_free char *all = xasprintf("%s/root", root), *image = path_join(root, "image.tar"), *entry = NULL;
	struct root r;
	int result;

	file_remove_tree(all);
	result = root_prepare(root, image, &r, err);
	if (result == 0) {
		entry = path_dir(r.path);
		store_release(entry);
	}
	root_free(&r);
	return result;
}

TEST(faults, root)
{
	static const char data[10000] = "data";
	cleanup_buf struct buf tar = {0};
	cleanup_free char *tmp = NULL, *path = NULL;

	begin();
	tmp = path_join(root, STORE_TMP);
	path = path_join(root, "image.tar");
	tar_build_file(&tar, "etc/motd", "hello");
	tar_build_head(&tar, "usr/lib/large", '0', 0644, "", sizeof(data));
	tar_build_data(&tar, data, sizeof(data));
	tar_build_end(&tar);
	CHECK_INT(file_write_atomic(path, tar.data, tar.len, 0600, NULL), 0);
	CHECK_INT(root_work(NULL), 0);
	with_each_failing(root_work, tmp);
	end();
}

/* A copy that says that it is one has all of the memory. */
static int ram_work(struct err *err)
{
	cleanup_free char *from = path_join(root, "from"), *to = path_join(root, "to");
	cleanup_buf struct buf want = {0}, got = {0};

	unlink(to);
	if (ram_copy(from, to, err) < 0)
		return -1;
	plan->calls_left = 0;
	CHECK_INT(file_read(from, 1 << 21, &want, NULL), 0);
	CHECK_INT(file_read(to, 1 << 21, &got, NULL), 0);
	CHECK(want.len == got.len && memcmp(want.data, got.data, want.len) == 0);
	return 0;
}

TEST(faults, ram)
{
	cleanup_free char *from = NULL;

	begin();
	from = path_join(root, "from");
	close(sparse_file(from));
	with_each_failing(ram_work, NULL);
	end();
}

/* Return: how a process ends that runs out of memory in @allocate. */
static int without_memory(void (*allocate)(void))
{
	int status = 0;
	pid_t pid = __real_fork();

	if (pid == 0) {
		memory_is_out = true;
		allocate();
		_exit(0);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void by_malloc(void) { free(xmalloc(1)); }
static void by_calloc(void) { free(xcalloc(1, 1)); }
static void by_realloc(void) { free(xrealloc(NULL, 1)); }
static void by_strdup(void) { free(xstrdup("x")); }

/* mem.h: no error comes back, the process ends. */
TEST(faults, memory)
{
	CHECK_INT(without_memory(by_malloc), 3);
	CHECK_INT(without_memory(by_calloc), 3);
	CHECK_INT(without_memory(by_realloc), 3);
	CHECK_INT(without_memory(by_strdup), 3);
}
