/* pcap.h - a network's frames as a file for tcpdump and Wireshark (pcap-savefile(5)) */
#ifndef NET_PCAP_H
#define NET_PCAP_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define PCAP_MAX (1ll << 30) /* bytes of a file: a guest that floods its network does not fill the host's disk */

/* @fd: -1 for none; @written: bytes */
struct pcap {
	int fd;
	int64_t written;
};

/* Create the file, or begin it anew; a pipe that somebody reads will do. Return: 0, or -1. */
int pcap_open(struct pcap *p, const char *path, struct err *err);
/* Add a frame, as it is sent now. What cannot be written ends the file. */
void pcap_add(struct pcap *p, const void *frame, size_t n);
void pcap_close(struct pcap *p);

#endif
