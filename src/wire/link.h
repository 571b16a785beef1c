/* link.h - a stream of wire frames in the event loop */
#ifndef WIRE_LINK_H
#define WIRE_LINK_H

#include "base/buf.h"
#include "base/loop.h"
#include "wire/frame.h"

#define LINK_OUT_MAX (8 << 20) /* bytes waiting to be sent; a peer that reads nothing is lost then */

/**
 * struct link - One connection to an agent or a script process
 * @out:	Put whole frames here, then call link_flush()
 * @frame:	Called for each frame; the frame is valid until it returns.
 *		It may call link_stop()
 * @lost:	Called once, from the loop: the peer closed or broke the stream
 */
struct link {
	struct loop *loop;
	struct watch watch;
	struct buf in, out;
	void (*frame)(void *arg, const struct frame *f);
	void (*lost)(void *arg, const char *why);
	void *arg;
};

/* Take over @fd (non-blocking from now on, closed by link_stop()); the callbacks are set before. */
int link_start(struct link *l, struct loop *loop, int fd, struct err *err);
/* Send what is in @out as far as the peer takes it; the rest follows from the loop. */
void link_flush(struct link *l);
void link_stop(struct link *l);

#endif
