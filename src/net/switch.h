/* switch.h - an Ethernet switch in the event loop: one segment per network */
#ifndef NET_SWITCH_H
#define NET_SWITCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/loop.h"
#include "net/faults.h"

#define SWITCH_PORTS_MAX 64	/* of one segment */
#define SWITCH_FRAME_MAX 65550	/* bytes; the largest MTU and an Ethernet header */
#define SWITCH_QUEUE_MAX 256	/* frames waiting for one slow port before senders are held back */
#define SWITCH_LEARNED_MAX 1024 /* MAC addresses remembered by a segment */
#define SWITCH_HELD_MAX 2048	/* frames on their way, where that takes time, before senders are held back */
#define SWITCH_PATIENCE	   (250 * NS_PER_MS) /* how long senders are held back for a port that takes nothing */

struct net_switch;

/**
 * struct switch_stats - Counters of a segment, in frames
 * @received:	Read from ports
 * @forwarded:	Sent to the one port of their destination
 * @flooded:	Sent to all other ports
 * @refused:	Shorter than an Ethernet header, too long, or for a port that is gone
 * @lost:	On their way to one port, because a test asked for it (faults.h)
 * @dropped:	Not queued because their port had taken nothing for SWITCH_PATIENCE, once a port
 */
struct switch_stats {
	uint64_t received, forwarded, flooded, refused, dropped, lost;
};

/**
 * switch_new() - A segment without ports
 *
 * Frames go to the port that their destination was last seen on, else to all.
 * A port that is slow loses nothing: when its queue is full, the others are not
 * read until it has drained, and QEMU holds back its guest. A port that takes
 * nothing at all for SWITCH_PATIENCE (its interface is down, its machine stands
 * still) holds nobody back any longer: what comes for it is dropped and counted
 * until it takes a frame again. Frames to a port that is gone, shorter than an
 * Ethernet header or longer than SWITCH_FRAME_MAX are refused and counted.
 */
struct net_switch *switch_new(struct loop *l);
void switch_free(struct net_switch *s);

/**
 * switch_attach() - Add a port
 * @fd:		Our end of a SOCK_DGRAM socketpair, one frame a datagram (QEMU's
 *		`-netdev dgram`); non-blocking from now on, owned by the switch
 * @owner:	The machine's number; a machine that is started again has another
 *		port, and the same owner
 *
 * Return: the port's number, or -1
 */
int switch_attach(struct net_switch *s, int fd, int owner, struct err *err);

/* Return: what is done to its frames, to be changed at will. */
struct faults *switch_faults(struct net_switch *s);

/* Everything is well again, and what is on its way arrives now. */
void switch_heal(struct net_switch *s);

/* Write all frames that are read from ports to a file, as of now; instead of another file. Return: 0, or -1. */
int switch_capture(struct net_switch *s, const char *path, struct err *err);

/* Remove a port, as when its machine is gone: its addresses are forgotten. */
void switch_detach(struct net_switch *s, int port);

const struct switch_stats *switch_stats(const struct net_switch *s);

/**
 * switch_socketpair() - A wire: one end for the switch, one for QEMU
 *
 * Both are close-on-exec with buffers large enough for a burst.
 */
int switch_socketpair(int *ours, int *theirs, struct err *err);

#endif
