/* stream.h - a two-way byte stream in the event loop: descriptor, watch and buffers with one life
 *
 *	s = (struct stream){.received = on_bytes, .lost = on_loss, .arg = me, .out_max = 8 << 20};
 *	if (stream_open(&s, loop, fd, err) < 0)
 *		return -1;
 *	buf_adds(&s.out, "hello\n");
 *	stream_flush(&s);
 *	...
 *	stream_close(&s);
 *
 * The owner's callbacks may close the stream, and may open it again on another
 * descriptor. Code that goes on with @in after it has called somebody compares
 * stream_life() before and after: when it differs, @in is another stream's.
 */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include "base/buf.h"
#include "base/loop.h"

/**
 * struct stream - One connection
 * @out_max:	Bytes that may wait for the peer; with more it counts as lost
 * @received:	Called when there are new bytes at the end of @in; consumes what it can
 * @lost:	Called once, and only from the loop: the peer closed the stream, an
 *		error ended it, or the peer does not read. The stream stays open
 *		but silent until stream_close()
 * @in:		Bytes that came and were not consumed
 * @out:	Bytes to be sent: add here, then call stream_flush()
 *
 * The fields above are the owner's, those below are for stream.c.
 */
struct stream {
	size_t out_max;
	void (*received)(void *arg);
	void (*lost)(void *arg, const char *why);
	void *arg;
	struct buf in, out;

	struct loop *loop; /* NULL: closed */
	struct watch watch;
	size_t sent; /* bytes at the front of @out that are gone */
	unsigned life;
	struct timer overfull;
};

/* Take over @fd (a socket or pipe; non-blocking from now on), also when it fails. Return: 0, or -1. */
int stream_open(struct stream *s, struct loop *l, int fd, struct err *err);

/* Close the descriptor and free the buffers; harmless when it is closed. */
void stream_close(struct stream *s);

/* Send what is in @out as far as the peer takes it; the rest follows from the loop. Calls nobody. */
void stream_flush(struct stream *s);

/* Read all that has come up to now, as the loop would; at the end of file the stream is lost. */
void stream_drain(struct stream *s);

/* Return: a number that changes whenever the stream is opened or closed, or is lost. */
static inline unsigned stream_life(const struct stream *s)
{
	return s->life;
}

/* Return: whether bytes may still come and go. */
static inline bool stream_is_open(const struct stream *s)
{
	return s->loop && s->watch.active;
}

/* Return: bytes that wait to be sent. */
static inline size_t stream_waiting(const struct stream *s)
{
	return s->out.len - s->sent;
}

/* The peer broke a rule: hear no more of it, and call @lost; for the owner's readers, from the loop. */
void stream_lose(struct stream *s, const char *why);

#endif
