/* fd.h - file descriptors that close themselves, and whole reads and writes */
#ifndef BASE_FD_H
#define BASE_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Close *@fd unless it is negative, and make it -1; errno is kept. */
void fd_close(int *fd);
#define cleanup_fd __attribute__((cleanup(fd_close)))

/* Take a descriptor out of a cleanup_fd variable: the caller now owns it. */
static inline int fd_steal(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

/* Write all of @n bytes, however often it takes. Return: 0, or -1 with errno. */
int fd_write_all(int fd, const void *data, size_t n);
/* Write all of @n bytes at @offset. Return: 0, or -1 with errno. */
int fd_pwrite_all(int fd, const void *data, size_t n, off_t offset);
/* Read until @n bytes or end of file. Return: how many came, or -1 with errno. */
ssize_t fd_read_full(int fd, void *data, size_t n);
/* Return: whether it is a terminal that knows escape sequences: one of an editor may be "dumb" (TERM). */
bool fd_is_screen(int fd);
/* Wait until @fd can be read or its other end is closed, until CLOCK_MONOTONIC @deadline, in ns. Return: whether it can. */
bool fd_await(int fd, uint64_t deadline);
/**
 * fd_send() - Send a message with a descriptor through a socket, at once
 * @data:	At least one byte: the descriptor travels with the first (unix(7), SCM_RIGHTS)
 * @passed:	The receiver gets a copy; ours stays the caller's
 *
 * Return: 0, or -1 with errno; EAGAIN also when the socket took only a part
 */
int fd_send(int socket, const void *data, size_t n, int passed);
/**
 * fd_receive() - recvmsg(2) of bytes, and of the descriptor that fd_send() has sent with them
 * @passed:	Set to it, close-on-exec, which the caller closes; -1 when there was none
 *
 * Return: bytes; 0 at the end; -1 with errno, never EINTR
 */
ssize_t fd_receive(int socket, void *data, size_t n, int *passed);
/* Give close-on-exec to every descriptor from @first on. */
void fd_keep_from_exec(int first);
/* Close every descriptor from @first to @last; there may be none. */
void fd_close_all(int first, int last);
/**
 * fd_memory() - An empty file that nobody else can open, for what has to be a descriptor
 * @name:	What /proc says of it
 *
 * In memory, or before Linux 3.17 a file without a name in $TMPDIR, else /tmp.
 *
 * Return: it, close-on-exec, which the caller closes; -1 with errno
 */
int fd_memory(const char *name);
/* Set or clear O_NONBLOCK. Return: 0, or -1 with errno. */
int fd_set_nonblock(int fd, int on);

#endif
