/* files.c - READ_FILE and WRITE_FILE
 *
 * Theory of operation
 *
 * Both look at what is there first; links are followed, as by open(2).
 *
 * Reading goes on as long as the port takes it (resume). A pipe or a device that
 * has nothing to read now is waited for, as cat(1) would. A file larger than the
 * host takes is refused before a byte of it is sent, where its size is known.
 *
 * Writing. A regular file, and one that is new, is written under a temporary
 * name beside it, which then takes its place, with the mode and owner of the file
 * that was there: a reader sees the old content or the new. Nothing else is ever
 * replaced by a regular file. A device and a pipe are written in place, and so is
 * a file whose folder takes no new one (/proc, /sys, a read-only file system) and
 * one that has something mounted on it, which rename(2) refuses. What is written
 * in place is collected first: it is not touched before all of it has come, and
 * the kernel's knobs are given their value in one write(2). A pipe that nobody
 * reads is waited for.
 *
 * A file system that blocks blocks the agent, as it would block a command.
 */
#include "agent/files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/child.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#define IN_PLACE_MAX (4 << 20)	      /* bytes that are collected: nobody feeds a device or a pipe more from a script */
#define LINKS_MAX    40		      /* symbolic links in a row, as the kernel allows */
#define PIPE_LOOK    (20 * NS_PER_MS) /* between two looks for a pipe's reader */

/**
 * struct transfer - A file on its way
 * @fd:		What is read or written, -1 before it is open
 * @watch:	While @fd has nothing to read, or takes nothing
 * @path:	As the host gave it; of a file to write, with the links in its last part followed
 * @sent:	Bytes that were read and sent
 * @temporary:	Beside @path, NULL when there is nothing to remove
 * @before:	What is at @path, if @exists
 * @mode:	Of a new file
 * @in_place:	@path is opened and written when all of @content has come
 * @complete:	END has come: no DATA and no other END is taken any more
 * @again:	Next look for the reader of a pipe
 */
struct transfer {
	struct request request;
	int fd;
	struct watch watch;
	char *path;
	uint64_t sent;
	char *temporary;
	struct stat before;
	bool exists, in_place, complete;
	uint32_t mode;
	struct buf content;
	struct timer again;
};

static void drop(struct request *q)
{
	struct transfer *t = container_of(q, struct transfer, request);

	loop_unwatch(&q->agent->loop, &t->watch);
	loop_timer(&q->agent->loop, &t->again, CLOCK_NEVER);
	fd_close(&t->fd);
	if (t->temporary)
		unlink(t->temporary);
	buf_free(&t->content);
	free(t->temporary);
	free(t->path);
	free(t);
}

/* End a transfer with "cannot ... '...': <errno>". */
static void fail(struct transfer *t, const char *what)
{
	struct err err = {0};

	err_errno(&err, "cannot %s '%s'", what, t->path);
	request_fail(&t->request, err.text);
}

static struct transfer *open_transfer(struct agent *a, uint32_t id, char *path, const struct request_ops *ops)
{
	struct transfer *t = xcalloc(1, sizeof(*t));

	t->path = path;
	t->fd = -1;
	request_open(&t->request, a, id, ops);
	return t;
}

/* Wait until @t->fd is ready once; @ready goes on then. */
static void await(struct transfer *t, uint32_t events, void (*ready)(void *arg, uint32_t events))
{
	t->watch = (struct watch){.ready = ready, .arg = t};
	if (loop_watch(&t->request.agent->loop, &t->watch, t->fd, events, NULL) < 0)
		fail(t, "wait for");
}

/* ---- reading ---- */

/* @size: 0 when it is only known that more came than may. */
static void refuse_size(struct transfer *t, uint64_t size)
{
	struct err err = {0};

	if (size)
		err_set(&err, "cannot read '%s': it has %llu bytes, more than %d MiB", t->path, (unsigned long long)size,
			WIRE_FILE_MAX >> 20);
	else
		err_set(&err, "cannot read '%s': it has more than %d MiB", t->path, WIRE_FILE_MAX >> 20);
	err_hint(&err, "read a part of it: head -c, tail -c or dd in a command");
	request_fail(&t->request, err.text);
}

static void pump(struct transfer *t);

static void readable(void *arg, uint32_t events)
{
	struct transfer *t = arg;

	(void)events;
	loop_unwatch(&t->request.agent->loop, &t->watch);
	pump(t);
}

static void pump(struct transfer *t)
{
	struct request *q = &t->request;
	struct buf *out = &q->agent->port.out;
	ssize_t n = 1;

	while (n > 0 && !q->agent->full && t->sent <= WIRE_FILE_MAX) {
		size_t mark = agent_begin_output(q->agent, q->id, WIRE_STDOUT);

		n = read(t->fd, buf_reserve(out, WIRE_CHUNK), WIRE_CHUNK);
		t->sent += n > 0 ? (uint64_t)n : 0;
		if (n > 0 && t->sent <= WIRE_FILE_MAX) {
			buf_commit(out, (size_t)n);
			agent_end_output(q->agent, mark);
		} else {
			buf_cut(out, mark);
		}
	}
	if (t->sent > WIRE_FILE_MAX)
		refuse_size(t, 0);
	else if (n < 0 && errno == EAGAIN)
		await(t, EPOLLIN, readable);
	else if (n < 0)
		fail(t, "read");
	else if (n == 0)
		request_done(q, "", 0);
}

static void resume_read(struct request *q)
{
	struct transfer *t = container_of(q, struct transfer, request);

	if (!t->watch.active)
		pump(t);
}

static void cancel_read(struct request *q)
{
	struct transfer *t = container_of(q, struct transfer, request);

	request_fail(q, t->watch.active ? "nothing more came, and no end of the file" : "the file was being read");
}

static const struct request_ops read_ops = {.cancel = cancel_read, .drop = drop, .resume = resume_read};

void files_handle_read(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct transfer *t = open_transfer(a, id, wire_get_str(r), &read_ops);
	struct stat st;

	if (r->bad) {
		request_fail(&t->request, "malformed READ_FILE");
		return;
	}
	/* Without waiting: a pipe that nobody writes to would block. */
	t->fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (t->fd < 0 || fstat(t->fd, &st) < 0)
		fail(t, "open");
	else if (S_ISREG(st.st_mode) && st.st_size > WIRE_FILE_MAX)
		refuse_size(t, (uint64_t)st.st_size);
	else if (S_ISFIFO(st.st_mode))
		await(t, EPOLLIN, readable); /* before its first writer, read(2) would say that it is at its end */
	else
		pump(t);
}

/* ---- writing: the look ---- */

/*
 * Replace @t->path, which may be a symbolic link, by what it leads to, so that a
 * new file can be made there, too. A link that means no path (/proc/self/fd/1 of
 * a pipe) leads elsewhere than it says: @t->path stays then.
 */
static void follow_links(struct transfer *t)
{
	cleanup_free char *at = xstrdup(t->path);
	char target[PATH_MAX];
	struct stat st;

	for (int i = 0; i < LINKS_MAX; i++) {
		ssize_t n = readlink(at, target, sizeof(target) - 1);
		cleanup_free char *folder = path_dir(at);

		if (n < 0)
			break;
		target[n] = '\0';
		free(at);
		at = path_join(folder, target);
	}
	if (t->exists && (stat(at, &st) < 0 || st.st_dev != t->before.st_dev || st.st_ino != t->before.st_ino))
		return;
	free(t->path);
	t->path = steal(at);
}

/* Return: whether an open(2) failed because the folder takes no new file, whatever is done. */
static bool takes_no_file(int error)
{
	return error == ENOENT || error == EACCES || error == EPERM || error == EROFS || error == EINVAL;
}

/* Return: 0 with the temporary file open, or -1 with errno set. */
static int open_temporary(struct transfer *t)
{
	cleanup_free char *folder = path_dir(t->path);
	cleanup_free char *name = xasprintf("%s/.vmtap.%u", folder, t->request.id);

	t->fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (t->fd < 0)
		return -1;
	t->temporary = steal(name);
	return 0;
}

/* Fails the request when nothing can be written. */
static void begin_write(struct transfer *t)
{
	cleanup_free char *folder = NULL;
	struct err err = {0};

	t->exists = stat(t->path, &t->before) == 0;
	if (!t->exists && errno != ENOENT && errno != ENOTDIR) {
		fail(t, "look at");
		return;
	}
	follow_links(t);
	folder = path_dir(t->path);
	t->in_place = t->exists && !S_ISREG(t->before.st_mode);
	if (t->exists && S_ISDIR(t->before.st_mode)) {
		errno = EISDIR;
		fail(t, "write");
	} else if (!t->exists && file_make_dirs(folder, &err) < 0) {
		request_fail(&t->request, err.text);
	} else if (!t->in_place && open_temporary(t) < 0) {
		t->in_place = t->exists && takes_no_file(errno);
		if (!t->in_place)
			fail(t, "create");
	}
}

/* ---- writing: in place ---- */

static void pour(void *arg);

static void writable(void *arg, uint32_t events)
{
	struct transfer *t = arg;

	(void)events;
	loop_unwatch(&t->request.agent->loop, &t->watch);
	pour(t);
}

/* Return: 0, or -1 after the answer, or with the next look arranged. */
static int open_in_place(struct transfer *t)
{
	struct agent *a = t->request.agent;

	t->fd = open(t->path, O_WRONLY | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (t->fd >= 0)
		return 0;
	if (errno != ENXIO || !S_ISFIFO(t->before.st_mode)) {
		fail(t, "open");
		return -1;
	}
	t->again = (struct timer){.expired = pour, .arg = t};
	loop_timer(&a->loop, &t->again, clock_now() + PIPE_LOOK);
	return -1;
}

/* Write what has been collected, as far as it is taken now. */
static void pour(void *arg)
{
	struct transfer *t = arg;

	if (t->fd < 0 && open_in_place(t) < 0)
		return;
	while (t->content.len) {
		ssize_t n = write(t->fd, t->content.data, t->content.len);

		if (n < 0 && errno == EAGAIN) {
			await(t, EPOLLOUT, writable);
			return;
		}
		if (n <= 0) {
			errno = n < 0 ? errno : EIO;
			fail(t, "write");
			return;
		}
		buf_consume(&t->content, (size_t)n);
	}
	request_done(&t->request, "", 0);
}

/* ---- writing: the temporary ---- */

/* Something is mounted on @t->path: what is seen there gets the content of the temporary. */
static int copy_over(struct transfer *t)
{
	static char chunk[WIRE_CHUNK];
	cleanup_fd int to = open(t->path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	ssize_t n;

	if (to < 0 || lseek(t->fd, 0, SEEK_SET) < 0)
		return -1;
	while ((n = read(t->fd, chunk, sizeof(chunk))) > 0)
		if (fd_write_all(to, chunk, (size_t)n) < 0)
			return -1;
	return (int)n;
}

static void put_in_place(struct transfer *t)
{
	mode_t mode = t->exists ? t->before.st_mode : t->mode;

	if ((t->exists && fchown(t->fd, t->before.st_uid, t->before.st_gid) < 0) || fchmod(t->fd, mode & 07777) < 0) {
		fail(t, "set the owner and mode of");
	} else if (rename(t->temporary, t->path) == 0) {
		free(t->temporary);
		t->temporary = NULL;
		request_done(&t->request, "", 0);
	} else if ((errno == EBUSY || errno == EXDEV) && t->exists) {
		if (copy_over(t) < 0)
			fail(t, "write");
		else
			request_done(&t->request, "", 0);
	} else {
		fail(t, "replace");
	}
}

/* ---- writing: the messages ---- */

static void cancel_write(struct request *q)
{
	struct transfer *t = container_of(q, struct transfer, request);

	if (t->again.active)
		request_fail(q, "no process has opened the pipe to read from it");
	else
		request_fail(q, t->watch.active ? "what is written to takes nothing more" : "the file was not complete yet");
}

static const struct request_ops write_ops = {.cancel = cancel_write, .drop = drop};

void files_handle_write(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct transfer *t = open_transfer(a, id, wire_get_str(r), &write_ops);

	child_unprepare(a); /* it may be what a shell is loaded from */
	t->mode = wire_get_u32(r);
	if (r->bad || t->path[0] != '/')
		request_fail(&t->request, r->bad ? "malformed WRITE_FILE" : "the path of a file to write must be absolute");
	else
		begin_write(t);
}

/* Return: the transfer that DATA and END are for; NULL after it failed or had its END, the rest is then dropped. */
static struct transfer *find_write(struct agent *a, uint32_t id)
{
	struct request *q = request_find(a, id);
	struct transfer *t = q && q->ops == &write_ops ? container_of(q, struct transfer, request) : NULL;

	return t && !t->complete ? t : NULL;
}

static void collect(struct transfer *t, const char *data, size_t n)
{
	struct err err = {0};

	if (t->content.len + n <= IN_PLACE_MAX) {
		buf_add(&t->content, data, n);
		return;
	}
	err_set(&err, "cannot write more than %d MiB to '%s', which is written in place", IN_PLACE_MAX >> 20, t->path);
	err_hint(&err, "write a regular file, and copy it there with a command");
	request_fail(&t->request, err.text);
}

void files_handle_data(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct transfer *t = find_write(a, id);
	size_t n;
	const char *data = wire_get_bytes(r, &n);

	if (!t)
		return;
	if (r->bad)
		request_fail(&t->request, "malformed DATA");
	else if (t->in_place)
		collect(t, data, n);
	else if (fd_write_all(t->fd, data, n) < 0)
		fail(t, "write");
}

void files_handle_end(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct transfer *t = find_write(a, id);

	(void)r;
	if (!t)
		return;
	t->complete = true;
	if (t->in_place)
		pour(t);
	else
		put_in_place(t);
}
