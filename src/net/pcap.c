/* pcap.c - a network's frames as a file for tcpdump and Wireshark */
#include "net/pcap.h"

#include <fcntl.h>
#include <sys/uio.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"

#define NS_MAGIC 0xa1b23c4du /* times in nanoseconds */
#define SNAPLEN	 262144
#define ETHERNET 1

int pcap_open(struct pcap *p, const char *path, struct err *err)
{
	const uint32_t head[6] = {NS_MAGIC, 2 | 4 << 16, 0, 0, SNAPLEN, ETHERNET}; /* version 2.4 */

	pcap_close(p);
	/* A pipe that nobody reads would hold up the world, at once or when it is full. */
	p->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
	if (p->fd < 0)
		return err_errno(err, "cannot create '%s'", path);
	if (fd_write_all(p->fd, head, sizeof(head)) < 0) {
		err_errno(err, "cannot write '%s'", path);
		pcap_close(p);
		return -1;
	}
	p->written = sizeof(head);
	return 0;
}

void pcap_add(struct pcap *p, const void *frame, size_t n)
{
	const uint64_t now = clock_wall();
	uint32_t head[4] = {(uint32_t)(now / NS_PER_S), (uint32_t)(now % NS_PER_S), (uint32_t)n, (uint32_t)n};
	struct iovec parts[2] = {{head, sizeof(head)}, {(void *)(uintptr_t)frame, n}};
	ssize_t all = (ssize_t)(sizeof(head) + n);

	if (p->fd < 0)
		return;
	if (p->written + all <= PCAP_MAX && writev(p->fd, parts, 2) == all) {
		p->written += all;
		return;
	}
	log_line("a capture ends after %lld bytes: %s", (long long)p->written,
		 p->written + all > PCAP_MAX ? "more is not kept" : "the disk takes no more");
	pcap_close(p);
}

void pcap_close(struct pcap *p)
{
	fd_close(&p->fd);
}
