/* wait_unix.c - waiting until a Unix socket is open
 *
 * As for ports, /proc/net/unix tells without a connection that the server would
 * see. It has paths as they were bound: with a link in it, relative to some
 * folder, in another root. For a path that it does not have and that is a socket
 * all the same, a connection is made, as nc(1) does. The path is looked at before
 * the table is: a socket that is bound in between is not connected to.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/unix_table.h"
#include "agent/wait.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#define TABLE_MAX (4 << 20) /* bytes of /proc/net/unix that are read: some 40,000 sockets */

/* Return: 0 when it takes a connection, else an errno. */
static int try_connect(const char *path, int type)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	cleanup_fd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(at.sun_path, path, strlen(path)); /* prepare() has seen to it that there is room */
	if (fd < 0)
		return errno;
	/* EAGAIN: it listens, and has no room for one more. */
	return connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0 || errno == EAGAIN ? 0 : errno;
}

/* Look for the socket by its path with all links followed. */
static enum unix_state look_up(const char *table, const char *path, bool datagram)
{
	cleanup_fd int fd = open(path, O_PATH | O_CLOEXEC);
	cleanup_free char *link = xasprintf("/proc/self/fd/%d", fd);
	char real[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	ssize_t n = fd < 0 ? -1 : readlink(link, real, sizeof(real) - 1);

	if (n < 0)
		return UNIX_ABSENT;
	real[n] = '\0';
	return unix_table_look(table, real, datagram);
}

/* Return: 0 when a connection is taken, else an errno. */
static int try_kinds(const char *path, bool datagram)
{
	int error = try_connect(path, datagram ? SOCK_DGRAM : SOCK_STREAM);

	return error == EPROTOTYPE && !datagram ? try_connect(path, SOCK_SEQPACKET) : error;
}

/* Return: what the kernel's table has of a socket, by its path or with all links in that followed. */
static enum unix_state look_in_table(const char *path, bool datagram, bool exists)
{
	cleanup_buf struct buf table = {0};
	enum unix_state state;

	(void)file_read("/proc/net/unix", TABLE_MAX, &table, NULL);
	state = unix_table_look(buf_str(&table), path, datagram);
	return state == UNIX_ABSENT && exists ? look_up(buf_str(&table), path, datagram) : state;
}

static void look(struct wait *w)
{
	const bool datagram = w->what == WIRE_WAIT_UNIX_DATAGRAM;
	enum unix_state state;
	struct stat st;
	int error = stat(w->subject, &st) < 0 ? errno : 0;

	if (!error && !S_ISSOCK(st.st_mode))
		error = ENOTSOCK;
	state = look_in_table(w->subject, datagram, !error);
	if (state == UNIX_ABSENT && !error) /* the table is read in pieces, and what comes or goes meanwhile may hide one */
		state = look_in_table(w->subject, datagram, true);
	if (state == UNIX_ABSENT && !error)
		error = try_kinds(w->subject, datagram);
	else if (state == UNIX_SHUT)
		error = EPROTOTYPE;
	if (state == UNIX_OPEN || !error) {
		wait_done(w, "", 0);
		return;
	}
	wait_see(w, "nothing %s the socket '%s': %s", datagram ? "receives on" : "listens on", w->subject,
		 error == EPROTOTYPE ? "what is bound to it does not listen yet, or is of another kind" : strerror(error));
	wait_again(w);
}

static int prepare(struct wait *w, struct err *err)
{
	size_t max = sizeof(((struct sockaddr_un *)0)->sun_path) - 1;

	if (strlen(w->subject) > max)
		return err_set(err, "the path of a Unix socket can have %zu bytes, not %zu", max, strlen(w->subject));
	return 0;
}

const struct wait_kind wait_unix = {
	.prepare = prepare,
	.look = look,
	.pause_max = 40 * NS_PER_MS, /* a look costs next to nothing, and what opens is to be seen within 50 ms */
};
