/* agent_connect.c - a connection to a port of the guest: its windows, its ends, and servers that are gone */
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>

#include "agent.h"

/* Return: a socket that listens on the loopback, with @port set. */
static int listen_somewhere(uint16_t *port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(a);

	CHECK_INT(bind(fd, (struct sockaddr *)&a, n), 0);
	CHECK_INT(listen(fd, 1), 0);
	CHECK_INT(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

static void ask(struct host *h, uint16_t port)
{
	size_t mark = wire_begin(&h->out, WIRE_CONNECT, 1);

	wire_put_u32(&h->out, port);
	wire_end(&h->out, mark);
	host_send(h);
}

/* An agent with a connection, number 1. Return: the server's side of it. */
static int begin(struct host *h)
{
	uint16_t port;
	int listening = listen_somewhere(&port), fd;
	struct frame f;

	host_begin(h, "");
	CHECK_INT(host_hear(h).type, WIRE_HELLO);
	ask(h, port);
	f = host_hear(h);
	CHECK(f.type == WIRE_TAKEN && f.id == 1);
	fd = accept(listening, NULL, NULL);
	CHECK(fd >= 0);
	close(listening);
	return fd;
}

static void take(struct host *h, uint32_t n)
{
	size_t mark = wire_begin(&h->out, WIRE_TAKEN, 1);

	wire_put_u32(&h->out, n);
	wire_end(&h->out, mark);
	host_send(h);
}

/* Return: bytes of an OUTPUT. */
static size_t bytes_of(const struct frame *f, const char **bytes)
{
	struct wire_reader r = wire_read(f);
	size_t n;

	CHECK_INT(f->type, WIRE_OUTPUT);
	wire_get_u8(&r);
	*bytes = wire_get_bytes(&r, &n);
	return n;
}

TEST(connect, each_direction_has_an_end_of_its_own)
{
	struct host h;
	int server = begin(&h);
	char got[16] = "";
	const char *bytes;
	struct frame f;

	host_say(&h, WIRE_INPUT, 1, "question");
	host_say(&h, WIRE_INPUT, 1, "");
	CHECK_INT(read(server, got, sizeof(got) - 1), 8);
	CHECK_STR(got, "question");
	CHECK_INT(read(server, got, sizeof(got)), 0);
	f = host_hear(&h);
	CHECK_INT(f.type, WIRE_TAKEN);
	CHECK_INT(write(server, "answer", 6), 6); /* after the end of the question */
	f = host_hear(&h);
	CHECK_INT(bytes_of(&f, &bytes), 6);
	CHECK(memcmp(bytes, "answer", 6) == 0);
	close(server);
	f = host_hear(&h);
	CHECK_INT(bytes_of(&f, &bytes), 0);
	f = host_hear(&h);
	CHECK(f.type == WIRE_DONE && f.id == 1);
	host_end(&h);
}

TEST(connect, a_window_of_output_is_sent_and_no_more)
{
	static char much[4 * WIRE_SHELL_WINDOW];
	struct host h;
	int server = begin(&h);
	struct pollfd all = {.fd = server, .events = POLLOUT};
	size_t came = 0, sent = 0;
	const char *bytes;
	struct frame f;

	fd_set_nonblock(server, 1);
	while (sent < sizeof(much) && poll(&all, 1, 0) > 0) { /* what the kernel does not take now is not needed */
		ssize_t n = write(server, much, sizeof(much) - sent);

		if (n <= 0)
			break;
		sent += (size_t)n;
	}
	CHECK(sent > WIRE_SHELL_WINDOW);
	while (came < WIRE_SHELL_WINDOW) {
		f = host_hear(&h);
		came += bytes_of(&f, &bytes);
	}
	CHECK_INT(came, WIRE_SHELL_WINDOW);
	host_say(&h, WIRE_PING, 2, NULL);
	f = host_hear(&h); /* nothing else is on its way: more would have come first, as it was there */
	CHECK(f.type == WIRE_DONE && f.id == 2);
	take(&h, 1000);
	f = host_hear(&h);
	CHECK_INT(bytes_of(&f, &bytes), 1000);
	close(server);
	host_end(&h);
}

TEST(connect, what_the_server_does_not_take_is_not_acknowledged)
{
	static char piece[WIRE_CHUNK];
	struct host h;
	int server = begin(&h);
	size_t sent = 0, taken = 0, got = 0;
	struct frame f;

	/* The kernel's buffers take some first. */
	for (;;) {
		size_t mark = wire_begin(&h.out, WIRE_INPUT, 1), before = taken;

		wire_put_bytes(&h.out, piece, sizeof(piece));
		wire_end(&h.out, mark);
		sent += sizeof(piece);
		host_say(&h, WIRE_PING, 2, NULL);
		while ((f = host_hear(&h)).type == WIRE_TAKEN) {
			struct wire_reader r = wire_read(&f);

			taken += wire_get_u32(&r);
		}
		CHECK_INT(f.type, WIRE_DONE);
		if (taken == before || sent > 64 << 20)
			break;
	}
	CHECK(taken < sent);
	/* Behind the end of the input it comes nevertheless, all of it. */
	host_say(&h, WIRE_INPUT, 1, "");
	for (ssize_t n; (n = read(server, piece, sizeof(piece))) > 0;)
		got += (size_t)n;
	CHECK_INT(got, sent);
	close(server);
	host_end(&h);
}

TEST(connect, what_nobody_listens_to_fails)
{
	struct host h;
	uint16_t port;
	struct frame f;
	cleanup_free char *want = NULL, *why = NULL;

	close(listen_somewhere(&port));
	host_begin(&h, "");
	CHECK_INT(host_hear(&h).type, WIRE_HELLO);
	ask(&h, port);
	f = host_hear(&h);
	why = host_reason(&f);
	want = xasprintf("cannot connect to port %u: %s", port, strerror(ECONNREFUSED));
	CHECK_STR(why, want);
	host_end(&h);
}

TEST(connect, a_reset_is_passed_on_either_way)
{
	const struct linger reset = {.l_onoff = 1};
	struct host h;
	int server = begin(&h);
	struct frame f;
	cleanup_free char *why = NULL;
	char byte;

	setsockopt(server, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	close(server);
	f = host_hear(&h);
	why = host_reason(&f);
	CHECK_STR(why, "the connection was reset by the guest");
	host_end(&h);

	server = begin(&h);
	host_say(&h, WIRE_CANCEL, 1, NULL);
	f = host_hear(&h);
	CHECK_INT(f.type, WIRE_FAIL);
	errno = 0;
	CHECK_INT(read(server, &byte, 1), -1);
	CHECK_INT(errno, ECONNRESET);
	close(server);
	host_end(&h);
}
