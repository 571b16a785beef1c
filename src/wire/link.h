/* link.h - a stream of wire frames in the event loop */
#ifndef WIRE_LINK_H
#define WIRE_LINK_H

#include "base/stream.h"
#include "wire/frame.h"

/**
 * struct link - One connection to an agent or a script's process
 * @stream:	Put whole frames into @stream.out, then call link_flush();
 *		@stream.out_max is the owner's to set
 * @frame:	Called for each frame, which is valid until it returns.
 *		It may call link_stop(), and link_start() after that
 * @lost:	Called once, from the loop: the peer closed or broke the stream, or
 *		does not read it
 */
struct link {
	struct stream stream;
	void (*frame)(void *arg, const struct frame *f);
	void (*lost)(void *arg, const char *why);
	void *arg;
};

/* Take over @fd (closed by link_stop()), also when it fails; the callbacks are set before. Return: 0, or -1. */
int link_start(struct link *l, struct loop *loop, int fd, struct err *err);
/* Send what is in @stream.out as far as the peer takes it; the rest follows from the loop. Calls nobody. */
void link_flush(struct link *l);
/* Send a frame with a descriptor, which stays the caller's, at once. Return: 0, or -1 when the peer has not taken what was sent before. */
int link_pass(struct link *l, const struct buf *frame, int fd);
/* Take all frames that the peer has sent up to now. */
void link_drain(struct link *l);
void link_stop(struct link *l);

#endif
