/* fd.c - file descriptors that close themselves, and whole reads and writes */
#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

#ifndef CLOSE_RANGE_CLOEXEC /* musl 1.2.3 has the number of the call, not its flags */
#define CLOSE_RANGE_CLOEXEC (1u << 2)
#endif
#define NUMBERS_MAX 65536 /* descriptors that are tried where nothing tells which there are */

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

int fd_write_all(int fd, const void *data, size_t n)
{
	const char *p = data;

	while (n) {
		ssize_t done = write(fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

int fd_pwrite_all(int fd, const void *data, size_t n, off_t offset)
{
	const char *p = data;

	while (n) {
		ssize_t done = pwrite(fd, p, n, offset);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		p += done;
		offset += done;
		n -= (size_t)done;
	}
	return 0;
}

bool fd_is_screen(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

ssize_t fd_read_full(int fd, void *data, size_t n)
{
	char *p = data;
	size_t got = 0;

	while (got < n) {
		ssize_t done = read(fd, p + got, n - got);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		if (done == 0)
			break;
		got += (size_t)done;
	}
	return (ssize_t)got;
}

bool fd_await(int fd, uint64_t deadline)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	uint64_t now;

	while ((now = clock_now()) < deadline) {
		uint64_t ms = (deadline - now) / NS_PER_MS + 1;
		int n = poll(&p, 1, ms < INT_MAX ? (int)ms : INT_MAX);

		if (n > 0 || (n < 0 && errno != EINTR))
			return n > 0;
	}
	return false;
}

int fd_send(int socket, const void *data, size_t n, int passed)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_LEN(sizeof(int)),
	};
	ssize_t sent;

	memcpy(CMSG_DATA(&control.header), &passed, sizeof(passed));
	sent = sendmsg(socket, &message, MSG_NOSIGNAL);
	if (sent == (ssize_t)n)
		return 0;
	if (sent >= 0)
		errno = EAGAIN;
	return -1;
}

ssize_t fd_receive(int socket, void *data, size_t n, int *passed)
{
	struct iovec iov = {.iov_base = data, .iov_len = n};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.space = {0}};
	struct msghdr message;
	ssize_t got;

	*passed = -1;
	do {
		message = (struct msghdr){.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
		got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got >= 0 && message.msg_controllen >= CMSG_LEN(sizeof(int)) && control.header.cmsg_level == SOL_SOCKET &&
	    control.header.cmsg_type == SCM_RIGHTS)
		memcpy(passed, CMSG_DATA(&control.header), sizeof(*passed));
	return got;
}

/* ---- all of them ---- */

static void keep_one(int fd)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static void close_one(int fd)
{
	close(fd);
}

/* Return: whether /proc could be read. What @act closes is not listed twice, and what is still to come is. */
static bool each_listed(int first, int last, void (*act)(int fd))
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	if (!d)
		return false;
	while ((e = readdir(d))) {
		long fd = strtol(e->d_name, NULL, 10); /* "." and ".." are 0 */

		if (fd > 0 && fd >= first && fd <= last && fd != dirfd(d))
			act((int)fd);
	}
	closedir(d);
	return true;
}

/* Before Linux 5.9 (5.11 for close-on-exec), or where a container refuses close_range(). */
static void each_without_range(int first, int last, void (*act)(int fd))
{
	struct rlimit l;

	if (each_listed(first, last, act))
		return;
	if (getrlimit(RLIMIT_NOFILE, &l) < 0 || l.rlim_cur > NUMBERS_MAX)
		l.rlim_cur = NUMBERS_MAX;
	for (int fd = first; fd <= last && fd < (int)l.rlim_cur; fd++)
		act(fd);
}

void fd_keep_from_exec(int first)
{
	if (syscall(SYS_close_range, first, ~0u, CLOSE_RANGE_CLOEXEC) < 0)
		each_without_range(first, INT_MAX, keep_one);
}

void fd_close_all(int first, int last)
{
	if (first <= last && syscall(SYS_close_range, first, last, 0) < 0)
		each_without_range(first, last, close_one);
}

/* ---- single ones ---- */

int fd_memory(const char *name)
{
	int fd = memfd_create(name, MFD_CLOEXEC);
	const char *dir = getenv("TMPDIR");
	char path[PATH_MAX];

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
	snprintf(path, sizeof(path), "%s/vmtap-XXXXXX", dir && *dir ? dir : "/tmp");
	fd = mkostemp(path, O_CLOEXEC);
	if (fd >= 0)
		unlink(path);
	return fd;
}

int fd_set_nonblock(int fd, int on)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
}
