/* configure.c - CONFIGURE: what makes this guest itself: clock, entropy, name, addresses
 *
 * It comes before the image's init has done much, or long after, or again after
 * a restore: every step may be repeated. Interfaces may not be there yet: their
 * driver is the image's to load, which its udev does when it comes to that, on a
 * slow host after a minute. So the driver is asked for as well, and they are
 * looked for until NET_WAIT_S.
 */
#include "agent/configure.h"

#include <errno.h>
#include <linux/random.h> /* RNDADDENTROPY */
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "agent/connect.h"
#include "agent/etc.h"
#include "agent/generation.h"
#include "agent/hosts.h"
#include "agent/inquiry.h"
#include "agent/machine_id.h"
#include "agent/net.h"
#include "agent/root.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"

#define HOSTS	       "/etc/hosts"
#define INTERFACES_MAX 64
#define ENTROPY_MAX    512		 /* bytes */
#define NET_WAIT_S     60		 /* for interfaces to appear */
#define NET_LOOK       (10 * NS_PER_MS)
#define DRIVER_AFTER   (100 * NS_PER_MS) /* it is asked for: it comes by itself sooner, or much later */

struct interface {
	char *mac, *new_mac, *address, *address6;
	uint32_t mtu;
	bool done;
};

/**
 * struct configure - A CONFIGURE that is not answered yet
 * @ask_at:	When modprobe is called for the interfaces' driver; CLOCK_NEVER: it was
 * @driver:	What it said
 */
struct configure {
	struct request request;
	struct timer timer;
	uint64_t deadline, ask_at;
	struct inquiry driver;
	struct interface *nets;
	uint32_t count;
};

/* ---- clock, entropy, names ---- */

static int set_clock(uint64_t wall, struct err *err)
{
	const struct timespec t = {.tv_sec = (time_t)(wall / NS_PER_S), .tv_nsec = (long)(wall % NS_PER_S)};

	if (wall && clock_settime(CLOCK_REALTIME, &t) < 0)
		return err_errno(err, "cannot set the clock");
	return 0;
}

/* random(4): the pool is credited, then its generator is made to use it now. */
static int add_entropy(int random, const char *data, size_t n, struct err *err)
{
	struct { /* struct rand_pool_info, with room */
		int bits, bytes;
		char data[ENTROPY_MAX];
	} pool = {.bits = (int)n * 8, .bytes = (int)n};

	memcpy(pool.data, data, n);
	if (ioctl(random, RNDADDENTROPY, &pool) < 0)
		return err_errno(err, "cannot add entropy");
	(void)ioctl(random, RNDRESEEDCRNG); /* Linux 4.14; older ones reseed in their own time */
	return 0;
}

/* A new life of this machine draws other numbers than any before, and says that it is one. */
static int renew(const struct agent *a, const char *entropy, size_t n, struct err *err)
{
	size_t own = n < WIRE_GENERATION_BYTES ? 0 : WIRE_GENERATION_BYTES; /* of the number */

	if (n > own && add_entropy(a->random, entropy, n - own, err) < 0)
		return -1;
	if ((own ? generation_renew(entropy + n - own) : generation_keep()) < 0)
		agent_log("cannot write '%s': %s", GENERATION_FILE, strerror(errno)); /* no reason not to run */
	return 0;
}

/* The kernel has the name; where the root is only read, and has no such file, nobody else is told. */
static int keep_in_etc(const char *path, const char *text, size_t n, struct err *err)
{
	if (!file_exists(path) && access("/etc", W_OK) < 0 && errno == EROFS) {
		agent_log("cannot write '%s': %s", path, strerror(errno));
		return 0;
	}
	return etc_write(path, text, n, err);
}

static int set_hostname(struct agent *a, const char *name, struct err *err)
{
	cleanup_free char *line = NULL;

	if (!*name)
		return 0;
	if (sethostname(name, strlen(name)) < 0)
		return err_errno(err, "cannot set the host name to '%s'", name);
	free(a->hostname);
	a->hostname = xstrdup(name);
	if (!file_exists("/etc"))
		return 0;
	line = xasprintf("%s\n", name);
	return keep_in_etc("/etc/hostname", line, strlen(line), err);
}

static int set_hosts(const char *lines, struct err *err)
{
	cleanup_buf struct buf old = {0}, text = {0};

	if (file_read(HOSTS, HOSTS_MAX, &old, err) < 0 && file_exists(HOSTS))
		return -1;
	hosts_edit(&text, buf_str(&old), lines);
	if (text.len == old.len && !memcmp(text.data, buf_str(&old), old.len))
		return 0;
	return file_make_dirs("/etc", err) < 0 ? -1 : keep_in_etc(HOSTS, text.data, text.len, err);
}

/* ---- interfaces ---- */

static void drop(struct request *q)
{
	struct configure *c = container_of(q, struct configure, request);

	loop_timer(&q->agent->loop, &c->timer, CLOCK_NEVER);
	inquiry_drop(&c->driver);
	for (uint32_t i = 0; i < c->count; i++) {
		free(c->nets[i].mac);
		free(c->nets[i].new_mac);
		free(c->nets[i].address);
		free(c->nets[i].address6);
	}
	free(c->nets);
	free(c);
}

/* Return: the first interface that is not there yet, or NULL; -1 in @failed after an error. */
static const struct interface *set_interfaces(struct configure *c, int *failed, struct err *err)
{
	const struct interface *missing = NULL;
	char name[IFNAMSIZ];

	*failed = 0;
	for (uint32_t i = 0; i < c->count; i++) {
		struct interface *n = &c->nets[i];

		if (n->done)
			continue;
		if (!net_find(n->mac, name) && !(*n->new_mac && net_find(n->new_mac, name))) {
			missing = missing ? missing : n;
			continue;
		}
		n->done = true;
		*failed |= *n->new_mac && net_set_mac(name, n->new_mac, err);
		*failed |= net_configure(name, n->address, n->mtu, err);
		if (*n->address6) {
			net_add_ipv6(name, n->address6);
			net_add_link_local(name);
		}
	}
	return missing;
}

static void driver_answered(void *arg)
{
	(void)arg; /* the next look tells */
}

static void ask_for_driver(struct configure *c)
{
	if (clock_now() < c->ask_at)
		return;
	c->ask_at = CLOCK_NEVER;
	inquiry_start(&c->driver, c->request.agent, "modprobe virtio_net", NET_WAIT_S * NS_PER_S, driver_answered, c);
}

static void fail_without(struct configure *c, const struct interface *missing)
{
	const char *said = buf_str(&c->driver.text);
	struct err err = {0};

	err_set(&err, "no network interface with address '%s' after %d s", missing->mac, NET_WAIT_S);
	err_hint(&err, "the guest's kernel may lack the driver (virtio_net)%s%.*s", *said ? "; " : "", (int)strcspn(said, "\n"), said);
	request_fail(&c->request, err.text);
}

static void try_interfaces(void *arg)
{
	struct configure *c = arg;
	struct err err = {0};
	int failed;
	const struct interface *missing = set_interfaces(c, &failed, &err);

	if (!failed && !missing) {
		request_done(&c->request, "", 0);
	} else if (failed) {
		request_fail(&c->request, err.text);
	} else if (clock_now() < c->deadline) {
		ask_for_driver(c);
		loop_timer(&c->request.agent->loop, &c->timer, clock_now() + NET_LOOK);
	} else {
		fail_without(c, missing);
	}
}

static void cancel(struct request *q)
{
	request_fail(q, "a network interface has not appeared");
}

static const struct request_ops configure_ops = {.cancel = cancel, .drop = drop};

static int read_interfaces(struct configure *c, struct wire_reader *r)
{
	uint32_t count = wire_get_u32(r);

	if (r->bad || count > INTERFACES_MAX)
		return -1;
	c->nets = xcalloc(count, sizeof(*c->nets));
	for (; c->count < count; c->count++) {
		struct interface *n = &c->nets[c->count];

		n->mac = wire_get_str(r);
		n->new_mac = wire_get_str(r);
		n->address = wire_get_str(r);
		n->address6 = wire_get_str(r);
		n->mtu = wire_get_u32(r);
	}
	return r->bad ? -1 : 0;
}

void configure_handle(struct agent *a, uint32_t id, struct wire_reader *r)
{
	struct configure *c = xcalloc(1, sizeof(*c));
	cleanup_free char *hostname = NULL, *hosts = NULL;
	struct err err = {0};
	const char *entropy;
	uint64_t wall;
	bool clone;
	size_t n;

	request_open(&c->request, a, id, &configure_ops);
	c->timer = (struct timer){.expired = try_interfaces, .arg = c};
	c->deadline = clock_now() + NET_WAIT_S * NS_PER_S;
	c->ask_at = clock_now() + DRIVER_AFTER;
	wall = wire_get_u64(r);
	entropy = wire_get_bytes(r, &n);
	clone = wire_get_u8(r);
	hostname = wire_get_str(r);
	hosts = wire_get_str(r);
	if (read_interfaces(c, r) < 0 || n > ENTROPY_MAX || strlen(hostname) > WIRE_HOSTNAME_MAX) {
		request_fail(&c->request, "malformed CONFIGURE");
		return;
	}
	if (n > 0) /* the beginning of a life, not the time alone */
		connect_reset_all(a);
	if (*hostname || c->count)
		net_up_loopback();
	if (set_clock(wall, &err) < 0 || renew(a, entropy, n, &err) < 0 ||
	    set_hostname(a, hostname, &err) < 0 || (*hosts && set_hosts(hosts, &err) < 0) ||
	    (clone && machine_id_renew(&err) < 0)) {
		request_fail(&c->request, err.text);
		return;
	}
	if (root_is_on_disk() && (*hostname || clone))
		sync(); /* a power cut that comes next does not make it another machine */
	try_interfaces(c);
}
