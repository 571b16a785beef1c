/* switch.h - an Ethernet switch in the event loop: one segment per network */
#ifndef NET_SWITCH_H
#define NET_SWITCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/loop.h"

#define SWITCH_PORTS_MAX 64	/* of one segment */
#define SWITCH_FRAME_MAX 65550	/* bytes; the largest MTU and an Ethernet header */
#define SWITCH_QUEUE_MAX 256	/* frames waiting for one slow port before senders are held back */
#define SWITCH_LEARNED_MAX 1024 /* MAC addresses remembered by a segment */

struct net_switch;

/* Counters of a segment, in frames. */
struct switch_stats {
	uint64_t received, forwarded, flooded, refused;
};

/**
 * switch_new() - A segment without ports
 *
 * Frames go to the port that their destination was last seen on, else to all.
 * Nothing is dropped for lack of room: when a port's queue is full, the
 * others are not read until it has drained, and QEMU holds back its guest.
 * Frames to a port that is gone, shorter than an Ethernet header or longer
 * than SWITCH_FRAME_MAX are refused and counted.
 */
struct net_switch *switch_new(struct loop *l);
void switch_free(struct net_switch *s);

/**
 * switch_attach() - Add a port
 * @fd:		Our end of a SOCK_DGRAM socketpair, one frame a datagram (QEMU's
 *		`-netdev dgram`); non-blocking from now on, owned by the switch
 *
 * Return: the port's number, or -1
 */
int switch_attach(struct net_switch *s, int fd, struct err *err);

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
