/* wait_port.c - waiting until a TCP port is open, or closed
 *
 * Ports of this machine are looked up in /proc/net: no connection is made, so no
 * server sees one that says nothing. Other addresses, and this machine's own
 * ones but 127.0.0.0/8, are connected to.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/hosts.h"
#include "agent/tcp.h"
#include "agent/wait.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#define TABLE_MAX   (256 * 1024)    /* bytes of /proc/net/tcp that are read; listening sockets come first */
#define LISTED_MAX  20		    /* sockets that are told when the wait was in vain */
#define CONNECT_MAX NS_PER_S	    /* for one attempt: the first SYN may be lost, the kernel repeats it after 1 s */

struct attempt {
	struct watch watch;
	struct timer deadline;
	int fd; /* the connecting socket, -1 for none */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static void conclude(struct wait *w, bool open, const char *why)
{
	const char *at = w->address[0] ? " of " : "";

	if (open == (w->what == WIRE_WAIT_PORT))
		wait_done(w, "", 0);
	else if (open) {
		wait_see(w, "something listens on port %u%s%s", w->port, at, w->address);
		wait_again(w);
	} else {
		wait_see(w, "nothing listens on port %u%s%s%s%s", w->port, at, w->address, *why ? ": " : "", why);
		wait_again(w);
	}
}

/* ---- our own ports ---- */

static bool listens(const char *path, uint16_t port, enum tcp_scope scope)
{
	cleanup_buf struct buf table = {0};

	(void)file_read(path, TABLE_MAX, &table, NULL); /* what came is good, even when there is more */
	return tcp_listening(buf_str(&table), port, scope);
}

static void look_here(struct wait *w, enum tcp_scope scope)
{
	conclude(w, listens("/proc/net/tcp", w->port, scope) || listens("/proc/net/tcp6", w->port, scope), "");
}

/* ---- others' ports ---- */

static void end_attempt(struct wait *w)
{
	struct attempt *t = w->own;
	struct loop *loop = &w->request.agent->loop;

	loop_unwatch(loop, &t->watch);
	loop_timer(loop, &t->deadline, CLOCK_NEVER);
	fd_close(&t->fd);
}

static void answered(void *arg, uint32_t events)
{
	struct wait *w = arg;
	struct attempt *t = w->own;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)events;
	getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	end_attempt(w);
	conclude(w, !error, error ? strerror(error) : "");
}

static void timed_out(void *arg)
{
	end_attempt(arg);
	conclude(arg, false, "no answer");
}

/* Return: whether @text is an address, written to @a with its length in @len. */
static bool parse_address(const char *text, uint16_t port, union address *a, socklen_t *len)
{
	*a = (union address){0};
	if (inet_pton(AF_INET, text, &a->v4.sin_addr) == 1) {
		a->v4.sin_family = AF_INET;
		a->v4.sin_port = htons(port);
		*len = sizeof(a->v4);
		return true;
	}
	if (inet_pton(AF_INET6, text, &a->v6.sin6_addr) == 1) {
		a->v6.sin6_family = AF_INET6;
		a->v6.sin6_port = htons(port);
		*len = sizeof(a->v6);
		return true;
	}
	return false;
}

/* Names are looked up in /etc/hosts alone, where all machines are: asking a name server would block. */
static bool find_address(const struct wait *w, union address *a, socklen_t *len)
{
	cleanup_buf struct buf hosts = {0};
	cleanup_free char *text = NULL;

	if (parse_address(w->address, w->port, a, len))
		return true;
	(void)file_read("/etc/hosts", HOSTS_MAX, &hosts, NULL);
	text = hosts_lookup(buf_str(&hosts), w->address);
	return text && parse_address(text, w->port, a, len);
}

static void look_there(struct wait *w)
{
	struct attempt *t = w->own;
	struct loop *loop = &w->request.agent->loop;
	union address a;
	socklen_t len;

	if (!find_address(w, &a, &len)) {
		conclude(w, false, "its name is not in /etc/hosts");
		return;
	}
	t->fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (t->fd < 0 || (connect(t->fd, &a.any, len) < 0 && errno != EINPROGRESS)) {
		const char *why = strerror(errno);

		fd_close(&t->fd);
		conclude(w, false, why);
		return;
	}
	t->watch = (struct watch){.ready = answered, .arg = w};
	t->deadline = (struct timer){.expired = timed_out, .arg = w};
	loop_timer(loop, &t->deadline, clock_now() + CONNECT_MAX);
	loop_watch(loop, &t->watch, t->fd, EPOLLOUT, NULL);
}

static void look(struct wait *w)
{
	if (!*w->address || !strcmp(w->address, "0.0.0.0") || !strcmp(w->address, "::"))
		look_here(w, TCP_ANY);
	else if (!strcmp(w->address, "localhost") || text_starts(w->address, "127.") || !strcmp(w->address, "::1"))
		look_here(w, TCP_LOOPBACK);
	else
		look_there(w);
}

static void explain(const struct wait *w, struct buf *out)
{
	static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
	size_t count = 0;

	(void)w;
	buf_adds(out, "what listens: ");
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		cleanup_buf struct buf table = {0};

		(void)file_read(tables[i], TABLE_MAX, &table, NULL);
		tcp_list(buf_str(&table), LISTED_MAX, &count, out);
	}
	buf_adds(out, count ? "\n" : "nothing\n");
}

static int prepare(struct wait *w, struct err *err)
{
	struct attempt *t;

	if (!w->port)
		return err_set(err, "cannot wait for port 0");
	t = xcalloc(1, sizeof(*t));
	t->fd = -1;
	w->own = t;
	return 0;
}

static void drop(struct wait *w)
{
	end_attempt(w);
	free(w->own);
}

const struct wait_kind wait_port = {
	.prepare = prepare,
	.look = look,
	.explain = explain,
	.ask = wait_ask_services,
	.drop = drop,
	.pause_max = 40 * NS_PER_MS, /* a look costs next to nothing, and what opens is to be seen within 50 ms */
};
