/* link.c - a stream of wire frames in the event loop */
#include "wire/link.h"

#include "base/fd.h"

/* Frames are handled where they lie; the handler may stop the link, or start it on another peer. */
static void received(void *arg)
{
	struct link *l = arg;
	struct stream *s = &l->stream;
	unsigned life = stream_life(s);
	size_t used = 0;
	struct frame f;
	int r;

	do {
		struct buf rest = {.data = s->in.data + used, .len = s->in.len - used};

		r = wire_next(&rest, &f);
		if (r == 1) {
			used += wire_size(&f);
			l->frame(l->arg, &f);
		}
	} while (r == 1 && stream_life(s) == life);
	if (stream_life(s) != life)
		return;
	buf_consume(&s->in, used);
	if (r < 0)
		stream_lose(s, "sent bytes that are not a frame");
}

static void lost(void *arg, const char *why)
{
	struct link *l = arg;

	l->lost(l->arg, why);
}

int link_start(struct link *l, struct loop *loop, int fd, struct err *err)
{
	l->stream.received = received;
	l->stream.lost = lost;
	l->stream.arg = l;
	return stream_open(&l->stream, loop, fd, err);
}

void link_flush(struct link *l)
{
	stream_flush(&l->stream);
}

int link_pass(struct link *l, const struct buf *frame, int fd)
{
	stream_flush(&l->stream);
	if (!stream_is_open(&l->stream) || stream_waiting(&l->stream))
		return -1;
	return fd_send(l->stream.watch.fd, frame->data, frame->len, fd);
}

void link_drain(struct link *l)
{
	stream_drain(&l->stream);
}

void link_stop(struct link *l)
{
	stream_close(&l->stream);
}
