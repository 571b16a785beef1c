/* net.c - network interfaces and their addresses, by ioctl(2)
 *
 * netdevice(7) does all that one static address takes; netlink would be four
 * times the code.
 */
#include "agent/net.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/sysfs.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#define MODE_MAX 16 /* bytes of a number in /proc/sys */

static struct ifreq request_for(const char *name)
{
	struct ifreq r = {0};

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%.*s", (int)sizeof(r.ifr_name) - 1, name);
	return r;
}

static int open_socket(void)
{
	return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

static int bring_up(int fd, const char *name)
{
	struct ifreq r = request_for(name);

	if (ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return -1;
	r.ifr_flags |= IFF_UP;
	return ioctl(fd, SIOCSIFFLAGS, &r);
}

bool net_runs(const char *name, bool if_down)
{
	cleanup_fd int fd = open_socket();
	struct ifreq r = request_for(name);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		return true;
	return r.ifr_flags & IFF_UP ? r.ifr_flags & IFF_RUNNING : if_down;
}

void net_up_loopback(void)
{
	cleanup_fd int fd = open_socket();

	if (fd >= 0)
		(void)bring_up(fd, "lo");
}

bool net_find(const char *mac, char *name)
{
	cleanup_free char *found = sysfs_find("/sys/class/net", "address", mac);

	if (!found || strlen(found) >= IFNAMSIZ)
		return false;
	strcpy(name, found);
	return true;
}

/* "192.168.1.1/24" into address and mask. */
static int parse(const char *text, struct in_addr *address, struct in_addr *mask)
{
	char host[INET_ADDRSTRLEN];
	size_t n = strcspn(text, "/");
	char *end;
	unsigned long prefix;

	if (n >= sizeof(host) || text[n] != '/')
		return -1;
	memcpy(host, text, n);
	host[n] = '\0';
	prefix = strtoul(text + n + 1, &end, 10);
	if (*end || end == text + n + 1 || prefix > 32 || inet_pton(AF_INET, host, address) != 1)
		return -1;
	mask->s_addr = htonl(prefix ? UINT32_MAX << (32 - prefix) : 0);
	return 0;
}

static int set_ipv4(int fd, unsigned long what, const char *name, struct in_addr value)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = value};
	struct ifreq r = request_for(name);

	memcpy(&r.ifr_addr, &in, sizeof(in));
	return ioctl(fd, (int)what, &r);
}

int net_set_mac(const char *name, const char *mac, struct err *err)
{
	cleanup_fd int fd = open_socket();
	struct ifreq r = request_for(name);
	struct ether_addr *address = ether_aton(mac);

	if (!address)
		return err_set(err, "'%s' is not a MAC address", mac);
	r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(r.ifr_hwaddr.sa_data, address, sizeof(*address));
	if (fd < 0 || ioctl(fd, SIOCSIFHWADDR, &r) < 0)
		return err_errno(err, "cannot set the MAC address of '%s' to '%s'", name, mac);
	return 0;
}

static void set_ipv6(const char *name, const char *what, const char *value)
{
	cleanup_free char *path = xasprintf("/proc/sys/net/ipv6/conf/%s/%s", name, what);
	cleanup_fd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) /* else a kernel without IPv6 */
		(void)!write(fd, value, strlen(value));
}

/*
 * Addresses on our networks cannot collide, and nobody is in the way of anybody:
 * IPv6 need not keep an address back for a second to find that out, nor wait for
 * its turn to say which groups it listens to (ip-sysctl).
 */
static void hurry_ipv6(const char *name)
{
	set_ipv6(name, "accept_dad", "0");
	set_ipv6(name, "mldv2_unsolicited_report_interval", "1"); /* ms */
}

int net_configure(const char *name, const char *address, uint32_t mtu, struct err *err)
{
	cleanup_fd int fd = open_socket();
	struct in_addr ip = {0}, mask = {0};
	struct ifreq r = request_for(name);

	if (fd < 0)
		return err_errno(err, "cannot open a network socket");
	if (*address && parse(address, &ip, &mask) < 0)
		return err_set(err, "'%s' is not an IPv4 address with a prefix", address);
	r.ifr_mtu = (int)mtu;
	if (mtu && ioctl(fd, SIOCSIFMTU, &r) < 0)
		return err_errno(err, "cannot set the MTU of '%s' to %u", name, mtu);
	if (*address && set_ipv4(fd, SIOCSIFADDR, name, ip) < 0)
		return err_errno(err, "cannot set the address of '%s' to '%s'", name, address);
	if (*address && set_ipv4(fd, SIOCSIFNETMASK, name, mask) < 0)
		return err_errno(err, "cannot set the netmask of '%s'", name);
	hurry_ipv6(name);
	if (bring_up(fd, name) < 0)
		return err_errno(err, "cannot bring '%s' up", name);
	return 0;
}

/* Linux, include/uapi/linux/ipv6.h, which musl has not. */
struct in6_ifreq {
	struct in6_addr address;
	uint32_t prefix;
	int index;
};

void net_add_ipv6(const char *name, const char *address)
{
	cleanup_fd int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	const char *slash = strchr(address, '/');
	cleanup_free char *host = slash ? xstrndup(address, (size_t)(slash - address)) : NULL;
	struct in6_ifreq r = {.index = (int)if_nametoindex(name)};

	if (fd < 0 || !host || inet_pton(AF_INET6, host, &r.address) != 1)
		return;
	r.prefix = (uint32_t)strtoul(slash + 1, NULL, 10);
	(void)ioctl(fd, SIOCSIFADDR, &r); /* it may have it, or have IPv6 switched off */
}

/* Return: whether the kernel makes the link's own address of the hardware's: not by a secret, and not at all. */
static bool gives_eui64(const char *name)
{
	cleanup_free char *path = xasprintf("/proc/sys/net/ipv6/conf/%s/addr_gen_mode", name);
	cleanup_buf struct buf mode = {0};

	return file_read(path, MODE_MAX, &mode, NULL) == 0 && strcmp(buf_str(&mode), "0\n") == 0;
}

void net_add_link_local(const char *name)
{
	cleanup_free char *address = NULL;
	cleanup_fd int fd = -1;
	struct ifreq r = request_for(name);
	unsigned char *mac = (unsigned char *)r.ifr_hwaddr.sa_data;

	if (net_runs(name, true) || !gives_eui64(name)) /* most copies' links run */
		return;
	fd = open_socket();
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &r) < 0 || r.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return;
	/* RFC 4291, appendix A */
	address = xasprintf("fe80::%02x%02x:%02xff:fe%02x:%02x%02x/64", mac[0] ^ 2, mac[1], mac[2], mac[3], mac[4], mac[5]);
	net_add_ipv6(name, address);
}
