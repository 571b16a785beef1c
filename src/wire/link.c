/* link.c - a stream of wire frames in the event loop */
#include "wire/link.h"

#include <errno.h>
#include <unistd.h>

#include "base/fd.h"

#define READ_CHUNK 65536

static void lose(struct link *l, const char *why)
{
	loop_unwatch(l->loop, &l->watch);
	l->lost(l->arg, why);
}

void link_flush(struct link *l)
{
	while (l->watch.active && l->out.len) {
		ssize_t n = write(l->watch.fd, l->out.data, l->out.len);

		if (n <= 0)
			break;
		buf_consume(&l->out, (size_t)n);
	}
	/* A full buffer is the peer's silence; whoever waits for an answer has a deadline. */
	if (l->out.len > LINK_OUT_MAX)
		buf_clear(&l->out);
	loop_want(l->loop, &l->watch, l->out.len ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

static void handle_frames(struct link *l)
{
	size_t used = 0;
	struct frame f;
	int r = 0;

	while (l->watch.active) {
		struct buf rest = {.data = l->in.data + used, .len = l->in.len - used};

		r = rest.len ? wire_next(&rest, &f) : 0;
		if (r != 1)
			break;
		used += wire_size(&f);
		l->frame(l->arg, &f);
	}
	if (!l->loop)
		return;
	buf_consume(&l->in, used);
	if (r < 0 && l->watch.active)
		lose(l, "sent bytes that are not a frame");
}

static void ready(void *arg, uint32_t events)
{
	struct link *l = arg;
	ssize_t n;

	if (events & EPOLLOUT)
		link_flush(l);
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = read(l->watch.fd, buf_reserve(&l->in, READ_CHUNK), READ_CHUNK);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lose(l, "closed the connection");
		return;
	}
	l->in.len += (size_t)n;
	handle_frames(l);
}

int link_start(struct link *l, struct loop *loop, int fd, struct err *err)
{
	l->loop = loop;
	l->watch.ready = ready;
	l->watch.arg = l;
	fd_set_nonblock(fd, 1);
	if (loop_watch(loop, &l->watch, fd, EPOLLIN, err) < 0) {
		close(fd);
		l->loop = NULL;
		return -1;
	}
	return 0;
}

void link_stop(struct link *l)
{
	if (!l->loop)
		return;
	loop_unwatch(l->loop, &l->watch);
	close(l->watch.fd);
	buf_free(&l->in);
	buf_free(&l->out);
	l->loop = NULL;
}
