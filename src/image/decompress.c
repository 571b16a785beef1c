/* decompress.c - streams that a program of the host decompresses: xz, zstd, bzip2, lz4
 *
 * The program gets a socket as its input, not the file: the stream may end in the
 * middle of a file, and a send(2) to a program that has died is an error where a
 * write(2) to a pipe would be a signal. Both ends are served from one poll(2), only
 * as fast as the reader wants: neither side can wait for the other for ever.
 */
#include "image/decompress.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"

#define INPUT	(64 * 1024) /* bytes a send(2) */
#define SAID	200	    /* bytes of what the program said that are told */
#define END_MS	10000	    /* for it to end when it has closed its output */

static const struct decompress_tool tools[] = {
	/* one thread: several would have as many times the memory */
	{"xz", "xz-utils or xz", "\xfd" "7zXZ", {"xz", "-dc", "-T1", NULL}},
	{"zstd", "zstd", "\x28\xb5\x2f\xfd", {"zstd", "-dcq", NULL}},
	{"bzip2", "bzip2", "BZh", {"bzip2", "-dc", NULL}},
	{"lz4", "lz4", "\x04\x22\x4d\x18", {"lz4", "-dcq", NULL}},
};

struct decompress {
	const struct decompress_tool *tool;
	const char *name;
	int fd;		/* where the stream comes from */
	uint64_t left;	/* bytes of it that were not read yet */
	int in, out;	/* ours, of the program's input and output; @in is -1 when it has had all */
	int said;	/* its standard error */
	pid_t pid;
	int pidfd;
	size_t at, len; /* of @input: sent, and there */
	uint8_t input[INPUT];
};

const struct decompress_tool *decompress_tool(const void *data, size_t n)
{
	for (const struct decompress_tool *t = tools; t < tools + ARRAY_SIZE(tools); t++)
		if (n >= strlen(t->magic) && memcmp(data, t->magic, strlen(t->magic)) == 0)
			return t;
	return NULL;
}

static int start(struct decompress *d, int in, int out, struct err *err)
{
	const struct proc_limit limit = {RLIMIT_AS, DECOMPRESS_MEMORY_MAX};
	cleanup_free char *path = proc_find(d->tool->name);
	struct proc_spec s = {
		.path = path,
		.argv = (char *const *)d->tool->arguments,
		.fds = {{in, 0}, {out, 1}, {d->said, 2}},
		.nfds = 3,
		.limits = &limit,
		.nlimits = 1,
	};

	if (!path) {
		err_set(err, "'%s' is %s-compressed, and there is no %s on this host", d->name, d->tool->name, d->tool->name);
		return err_hint(err, "install it (package %s), or decompress the file elsewhere: %s -d", d->tool->package,
				d->tool->name);
	}
	d->pid = proc_start(&s, &d->pidfd, err);
	return d->pid < 0 ? -1 : 0;
}

/* Make what the program gets, and start it. */
static int connect_and_start(struct decompress *d, struct err *err)
{
	cleanup_fd int in = -1, out = -1;
	int pair[2], ends[2];

	d->said = fd_memory("messages");
	if (d->said < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_errno(err, "cannot decompress '%s'", d->name);
	d->in = pair[0];
	in = pair[1];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "cannot decompress '%s'", d->name);
	d->out = ends[0];
	out = ends[1];
	return start(d, in, out, err);
}

struct decompress *decompress_open(const struct decompress_tool *tool, int fd, uint64_t max, const char *name,
				   struct err *err)
{
	struct decompress *d = xcalloc(1, sizeof(*d));

	d->tool = tool;
	d->name = name;
	d->fd = fd;
	d->left = max;
	d->in = d->out = d->said = d->pidfd = -1;
	if (connect_and_start(d, err) == 0)
		return d;
	decompress_close(d);
	return NULL;
}

void decompress_close(struct decompress *d)
{
	if (!d)
		return;
	if (d->pid > 0)
		proc_end(d->pid, d->pidfd, NULL);
	fd_close(&d->in);
	fd_close(&d->out);
	fd_close(&d->said);
	fd_close(&d->pidfd);
	free(d);
}

/* Give the program what it takes at once. Return: 0, or -1: the stream cannot be read. */
static int feed(struct decompress *d, struct err *err)
{
	ssize_t n;

	if (d->at == d->len) {
		n = fd_read_full(d->fd, d->input, d->left < INPUT ? (size_t)d->left : INPUT);
		if (n < 0)
			return err_errno(err, "cannot read '%s'", d->name);
		d->at = 0;
		d->len = (size_t)n;
		d->left -= (uint64_t)n;
	}
	n = d->len ? send(d->in, d->input + d->at, d->len - d->at, MSG_NOSIGNAL | MSG_DONTWAIT) : 0;
	if (n > 0)
		d->at += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		fd_close(&d->in); /* at the end; or it does not want to know the rest, and its status tells why */
	return 0;
}

/* The program has closed its output: was it content? Else its first line says why not. */
static ssize_t finish(struct decompress *d, struct err *err)
{
	bool well = proc_ends_well(d->pid, d->pidfd, END_MS);
	cleanup_buf struct buf clean = {0};
	char said[SAID + 1] = "";

	d->pid = 0;
	if (well)
		return 0;
	if (pread(d->said, said, SAID, 0) < 0)
		said[0] = '\0';
	text_clean(&clean, said, strcspn(said, "\n"));
	return err_set(err, "cannot decompress '%s': %s", d->name,
		       clean.len ? clean.data : "the program that was to do it ended with a failure");
}

ssize_t decompress_read(struct decompress *d, void *out, size_t n, struct err *err)
{
	while (d->pid > 0) {
		struct pollfd p[] = {{.fd = d->out, .events = POLLIN}, {.fd = d->in, .events = POLLOUT}};
		int ready = poll(p, ARRAY_SIZE(p), DECOMPRESS_STALL_MS);
		ssize_t got;

		if (ready < 0 && errno != EINTR)
			return err_errno(err, "cannot decompress '%s'", d->name);
		if (ready == 0)
			return err_set(err, "cannot decompress '%s': %s has done nothing for %d s", d->name, d->tool->name,
				       DECOMPRESS_STALL_MS / 1000);
		if (ready < 0)
			continue;
		if (p[1].revents && feed(d, err) < 0)
			return -1;
		if (!p[0].revents)
			continue;
		got = read(d->out, out, n);
		if (got > 0)
			return got;
		if (got == 0)
			return finish(d, err);
	}
	return 0;
}
