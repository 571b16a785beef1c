/* agent_waits.c - waits: what holds already is answered at the first look, and ports are looked at often */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/un.h>

#include "agent.h"
#include "agent/wait.h"
#include "base/clock.h"

static struct host h;

static void begin(void)
{
	host_begin(&h, "");
	CHECK_INT(host_hear(&h).type, WIRE_HELLO);
}

static void add_wait(uint32_t id, enum wire_wait what, const char *subject, const char *address, uint16_t port)
{
	size_t mark = wire_begin(&h.out, WIRE_WAIT, id);

	wire_put_u8(&h.out, (uint8_t)what);
	wire_put_str(&h.out, subject);
	wire_put_str(&h.out, address);
	wire_put_u32(&h.out, port);
	wire_end(&h.out, mark);
}

/* One that holds is answered ahead of a PING that came with it: in one round trip, without a pause and without a timer. */
static void check_at_once(enum wire_wait what, const char *subject, const char *address, uint16_t port)
{
	struct frame f;

	add_wait(1, what, subject, address, port);
	host_say(&h, WIRE_PING, 2, NULL);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 1);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 2);
}

static int listen_on(const struct sockaddr *a, socklen_t n)
{
	int fd = socket(a->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CHECK_INT(bind(fd, a, n), 0);
	CHECK_INT(listen(fd, 1), 0);
	return fd;
}

/* Return: a socket that listens on the loopback, with @port set. */
static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(a);
	int fd = listen_on((struct sockaddr *)&a, n);

	CHECK_INT(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

TEST(waits, what_holds_is_answered_in_one_round_trip)
{
	char folder[] = "/tmp/vmtap-unit-XXXXXX";
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	uint16_t port;
	int tcp, local;

	CHECK(mkdtemp(folder) != NULL);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", folder);
	begin(); /* first: the agent is a fork, which would keep the sockets */
	tcp = listen_somewhere(&port);
	local = listen_on((struct sockaddr *)&a, sizeof(a));
	check_at_once(WIRE_WAIT_FILE, "/proc/self", "", 0);
	check_at_once(WIRE_WAIT_PORT, "", "", port);
	check_at_once(WIRE_WAIT_PORT, "", "localhost", port);
	check_at_once(WIRE_WAIT_UNIX, a.sun_path, "", 0);
	check_at_once(WIRE_WAIT_READY, "", "", 0); /* the init is none that has a "done" of its own */
	close(tcp);
	check_at_once(WIRE_WAIT_NO_PORT, "", "", port);
	host_end(&h);
	close(local);
	unlink(a.sun_path);
	rmdir(folder);
}

static void limit_files(rlim_t n)
{
	struct rlimit l;

	CHECK_INT(prlimit(h.pid, RLIMIT_NOFILE, NULL, &l), 0);
	l.rlim_cur = n;
	CHECK_INT(prlimit(h.pid, RLIMIT_NOFILE, &l, NULL), 0);
}

/* A guest that is short of something for a while. */
TEST(waits, a_command_that_cannot_be_started_now_is_tried_again)
{
	cleanup_free char *reason = NULL;
	struct frame f;

	begin();
	limit_files(3);
	add_wait(1, WIRE_WAIT_SUCCEEDS, "echo yes", "", 0);
	host_say(&h, WIRE_PING, 2, NULL);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 2); /* it has looked */
	limit_files(100);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 1);
	limit_files(3);
	add_wait(3, WIRE_WAIT_FAILS, "true", "", 0);
	host_say(&h, WIRE_CANCEL, 3, NULL);
	f = host_hear(&h);
	reason = host_reason(&f);
	CHECK_HAS(reason, "cannot create a pipe: ");
	host_end(&h);
}

TEST(waits, a_port_that_opens_is_seen_at_the_next_look)
{
	uint16_t port;
	struct frame f;
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd, yes = 1;

	close(listen_somewhere(&port));
	a.sin_port = htons(port);
	begin();
	add_wait(1, WIRE_WAIT_PORT, "", "", port);
	host_say(&h, WIRE_PING, 2, NULL);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 2); /* it has looked */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	CHECK_INT(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	CHECK_INT(listen(fd, 1), 0);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 1);
	close(fd);
	host_end(&h);
	/* However long it has waited, no more than this lies between two looks. */
	CHECK(wait_port.pause_max <= 50 * NS_PER_MS);
	CHECK(wait_unix.pause_max <= 50 * NS_PER_MS);
}
