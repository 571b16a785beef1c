/* address.h - the addresses of machines on the networks of a world
 *
 * Network N (1-based, in the order of declaration) is 192.168.N.0/24 unless it
 * names its own; machine M (1-based) has host number M on each network that
 * it is on, the address 2001:db8:N::M/64, and the MAC 52:54:00:12:NN:MM. The scheme is the NixOS driver's,
 * so that a test carried over finds the addresses it expects.
 */
#ifndef NET_ADDRESS_H
#define NET_ADDRESS_H

#include <stdint.h>

#include "base/err.h"

#define ADDRESS_TEXT 24	 /* "192.168.100.200/24" and "52:54:00:12:34:56" with their NUL */
#define ADDRESS_HOST_MAX 250 /* machines of a network; .0 and .255 are not hosts */

/**
 * struct subnet - An IPv4 network
 * @base:	Network address in host byte order
 * @bits:	Prefix length, 8 to 30
 */
struct subnet {
	uint32_t base;
	int bits;
};

/**
 * address_subnet() - Read "10.1.0.0/16", or give network @index (from 0) its default
 * @text:	The script's `.subnet`, or NULL
 * Return: 0, or -1 with what is wrong with @text
 */
int address_subnet(const char *text, int index, struct subnet *out, struct err *err);

/* Write the address of host @host (from 1): "192.168.1.2/24", without "/24" when @prefix is 0. */
void address_ip(const struct subnet *s, int host, int prefix, char out[ADDRESS_TEXT]);

/*
 * Write the IPv6 address of machine @host (from 1) on network @index (from 0), of the range for documentation:
 * "2001:db8:1::2/64", without "/64" when @prefix is 0.
 */
void address_ip6(int index, int host, int prefix, char out[ADDRESS_TEXT]);

/* Write the MAC of machine @host (from 1) on network @index (from 0). */
void address_mac(int index, int host, char out[ADDRESS_TEXT]);

#endif
