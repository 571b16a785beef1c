/* files.c - READ_FILE and WRITE_FILE
 *
 * Reading goes on as long as the port takes it (resume). Writing is done as DATA
 * comes: a file system that blocks blocks the agent, as it would block a command.
 */
#include "agent/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/child.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

struct transfer {
	struct request request;
	int fd;
	uint32_t mode;
	char *path;
	char *temporary; /* beside @path, NULL when there is nothing to remove */
};

static void drop(struct request *q)
{
	struct transfer *t = container_of(q, struct transfer, request);

	fd_close(&t->fd);
	if (t->temporary)
		unlink(t->temporary);
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

/* ---- reading ---- */

static void pump(struct request *q)
{
	static char chunk[WIRE_CHUNK];
	struct transfer *t = container_of(q, struct transfer, request);
	ssize_t n = 1;

	while (n > 0 && !q->agent->full) {
		n = read(t->fd, chunk, sizeof(chunk));
		if (n > 0)
			agent_send_output(q->agent, q->id, WIRE_STDOUT, chunk, (size_t)n);
	}
	if (n < 0)
		fail(t, "read");
	else if (n == 0)
		request_done(q, "", 0);
}

static void cancel_read(struct request *q)
{
	request_fail(q, "the file was being read");
}

static const struct request_ops read_ops = {.cancel = cancel_read, .drop = drop, .resume = pump};

void files_handle_read(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct transfer *t = open_transfer(a, id, wire_get_str(r), &read_ops);

	if (r->bad) {
		request_fail(&t->request, "malformed READ_FILE");
		return;
	}
	/* Not to be caught by a FIFO without a writer. */
	t->fd = open(t->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (t->fd < 0)
		fail(t, "open");
	else
		pump(&t->request);
}

/* ---- writing ---- */

static void cancel_write(struct request *q)
{
	request_fail(q, "the file was not complete yet");
}

static const struct request_ops write_ops = {.cancel = cancel_write, .drop = drop};

/* Return: 0 with the temporary file open, or -1 after the answer. */
static int begin_write(struct transfer *t)
{
	cleanup_free char *folder = path_dir(t->path);
	cleanup_free char *name = xasprintf("%s.vmtap.%u", t->path, t->request.id);
	struct stat st;
	struct err err = {0};

	if (file_make_dirs(folder, &err) < 0) {
		request_fail(&t->request, err.text);
		return -1;
	}
	if (stat(t->path, &st) == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		fail(t, "write");
		return -1;
	}
	t->fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (t->fd < 0) {
		fail(t, "create");
		return -1;
	}
	t->temporary = steal(name);
	return 0;
}

void files_handle_write(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct transfer *t = open_transfer(a, id, wire_get_str(r), &write_ops);

	child_unprepare(a); /* it may be what a shell is loaded from */
	t->mode = wire_get_u32(r);
	if (r->bad || t->path[0] != '/')
		request_fail(&t->request, r->bad ? "malformed WRITE_FILE" : "the path of a file to write must be absolute");
	else
		(void)begin_write(t);
}

/* Return: the transfer that DATA and END are for; NULL after it failed, the rest is then dropped. */
static struct transfer *find_write(struct agent *a, uint32_t id)
{
	struct request *q = request_find(a, id);

	return q && q->ops == &write_ops ? container_of(q, struct transfer, request) : NULL;
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
	else if (fd_write_all(t->fd, data, n) < 0)
		fail(t, "write");
}

void files_handle_end(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct transfer *t = find_write(a, id);

	(void)r;
	if (!t)
		return;
	if (fchmod(t->fd, t->mode & 07777) < 0) {
		fail(t, "set the mode of");
		return;
	}
	if (rename(t->temporary, t->path) < 0) {
		fail(t, "replace");
		return;
	}
	free(t->temporary);
	t->temporary = NULL;
	request_done(&t->request, "", 0);
}
