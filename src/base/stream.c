/* stream.c - a two-way byte stream in the event loop: descriptor, watch and buffers with one life */
#include "base/stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"

#define READ_CHUNK 65536 /* bytes read at once */

void stream_lose(struct stream *s, const char *why)
{
	s->life++;
	loop_unwatch(s->loop, &s->watch);
	loop_timer(s->loop, &s->overfull, CLOCK_NEVER);
	s->lost(s->arg, why);
}

static void is_overfull(void *arg)
{
	stream_lose(arg, "does not read what it is sent");
}

/* A write error is the reader's to report: the end of file, or the error, is behind what the peer sent before. */
static ssize_t write_some(struct stream *s)
{
	const char *at = s->out.data + s->sent;
	ssize_t n = send(s->watch.fd, at, stream_waiting(s), MSG_NOSIGNAL);

	return n < 0 && errno == ENOTSOCK ? write(s->watch.fd, at, stream_waiting(s)) : n;
}

void stream_flush(struct stream *s)
{
	ssize_t n = 1;

	if (!stream_is_open(s))
		return;
	while (n > 0 && stream_waiting(s)) {
		n = write_some(s);
		if (n > 0)
			s->sent += (size_t)n;
	}
	/* What was sent is dropped when it is the larger part, so that each byte moves at most once. */
	if (s->sent > s->out.len / 2) {
		buf_consume(&s->out, s->sent);
		s->sent = 0;
	}
	if (stream_waiting(s) > s->out_max && !s->overfull.active)
		loop_timer(s->loop, &s->overfull, 0);
	loop_want(s->loop, &s->watch, stream_waiting(s) ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

/* Return: whether more may be there. */
static bool read_some(struct stream *s)
{
	ssize_t n = read(s->watch.fd, buf_reserve(&s->in, READ_CHUNK), READ_CHUNK);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return errno == EINTR;
	if (n <= 0) {
		stream_lose(s, "closed the connection");
		return false;
	}
	buf_commit(&s->in, (size_t)n);
	s->received(s->arg);
	return true;
}

static void ready(void *arg, uint32_t events)
{
	struct stream *s = arg;

	if (events & EPOLLOUT)
		stream_flush(s);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		read_some(s);
}

void stream_drain(struct stream *s)
{
	unsigned life = s->life;

	while (stream_is_open(s) && s->life == life && read_some(s))
		;
}

int stream_open(struct stream *s, struct loop *l, int fd, struct err *err)
{
	s->watch = (struct watch){.ready = ready, .arg = s};
	s->overfull = (struct timer){.expired = is_overfull, .arg = s};
	s->sent = 0;
	s->life++;
	fd_set_nonblock(fd, 1);
	if (loop_watch(l, &s->watch, fd, EPOLLIN, err) < 0) {
		close(fd);
		return -1;
	}
	s->loop = l;
	return 0;
}

void stream_close(struct stream *s)
{
	if (!s->loop)
		return;
	s->life++;
	loop_timer(s->loop, &s->overfull, CLOCK_NEVER);
	loop_close(s->loop, &s->watch);
	buf_free(&s->in);
	buf_free(&s->out);
	s->sent = 0;
	s->loop = NULL;
}
