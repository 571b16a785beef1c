/* ear.h - the far end of a link: what an agent, or a script's process, is sent */
#ifndef UNIT_EAR_H
#define UNIT_EAR_H

#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "wire/link.h"

/* What came through a far end; the frame that was looked at last is still in it. */
struct ear {
	int fd;
	struct buf in;
	size_t used;
};

/* Connect a link, whose far end this is then. */
static inline void ear_connect(struct ear *e, struct link *l, struct loop *loop)
{
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	CHECK_INT(link_start(l, loop, fds[0], NULL), 0);
	fd_set_nonblock(fds[1], 1);
	e->fd = fds[1];
}

static inline void ear_close(struct ear *e)
{
	fd_close(&e->fd);
	buf_free(&e->in);
}

/* Return: the type of the next frame that came, 0 for none. */
static inline unsigned ear_next(struct ear *e, struct frame *f)
{
	ssize_t n;

	buf_consume(&e->in, e->used);
	e->used = 0;
	while (wire_next(&e->in, f) == 0) {
		n = read(e->fd, buf_reserve(&e->in, 1 << 16), 1 << 16);
		if (n <= 0)
			return 0;
		buf_commit(&e->in, (size_t)n);
	}
	e->used = wire_size(f);
	return f->type;
}

#endif
