/* net.h - network interfaces and their addresses, by ioctl(2) */
#ifndef AGENT_NET_H
#define AGENT_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Bring the loopback interface up; the kernel gives it 127.0.0.1/8. Failures are ignored. */
void net_up_loopback(void);

/**
 * net_find() - Find an interface by its hardware address
 * @mac:	"52:54:00:12:34:ab", in lower case, as sysfs writes it
 * @name:	Set to its name, of at most IFNAMSIZ bytes with the NUL
 *
 * Return: whether there is one
 */
bool net_find(const char *mac, char *name);

/* Return: whether an interface is up and running (the kernel has heard of its carrier); of one that is down, @if_down. */
bool net_runs(const char *name, bool if_down);

/* Give an interface another hardware address; virtio_net takes it while it is up. Return: 0, or -1. */
int net_set_mac(const char *name, const char *mac, struct err *err);

/**
 * net_configure() - Give an interface its MTU and address and bring it up
 * @name:	Interface
 * @address:	"192.168.1.1/24", or "" for none
 * @mtu:	Bytes, 0 to leave it
 * @err:	"cannot ... of 'eth0': ...", "'...' is not an IPv4 address with a prefix"
 *
 * May be repeated: an earlier address is replaced.
 *
 * Return: 0, or -1
 */
int net_configure(const char *name, const char *address, uint32_t mtu, struct err *err);

/* Give an interface, which is up, an IPv6 address, "2001:db8:1::1/64"; a kernel without IPv6 goes without. */
void net_add_ipv6(const char *name, const char *address);

/*
 * Give an interface, which is up, the link's own IPv6 address, as the kernel will when it has looked at the carrier: it does
 * that once a second, and a machine that was saved as soon as it had booted, or has just booted, is used before.
 */
void net_add_link_local(const char *name);

#endif
