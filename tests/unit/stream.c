/* stream.c - a stream's descriptor, watch and buffers have one life, however its owner and its peer behave */
#include "unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/stream.h"

struct talk {
	struct loop loop;
	struct stream stream;
	int peer;
	int received, lost;
	char why[64];
	void (*on_bytes)(struct talk *t);
};

static void on_received(void *arg)
{
	struct talk *t = arg;

	t->received++;
	if (t->on_bytes)
		t->on_bytes(t);
}

static void on_lost(void *arg, const char *why)
{
	struct talk *t = arg;

	t->lost++;
	snprintf(t->why, sizeof(t->why), "%s", why);
}

/* Open the stream on a new pair of sockets; an older peer is closed. */
static void open_pair(struct talk *t)
{
	int fds[2];

	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	fd_close(&t->peer);
	t->peer = fds[1];
	CHECK_INT(stream_open(&t->stream, &t->loop, fds[0], NULL), 0);
}

static void begin(struct talk *t, size_t out_max)
{
	*t = (struct talk){.peer = -1,
			   .stream = {.out_max = out_max, .received = on_received, .lost = on_lost, .arg = t}};
	CHECK_INT(loop_init(&t->loop, NULL), 0);
	open_pair(t);
}

static void end(struct talk *t)
{
	stream_close(&t->stream);
	loop_free(&t->loop);
	fd_close(&t->peer);
}

static void turn(struct talk *t)
{
	CHECK_INT(loop_poll(&t->loop, NULL), 0);
}

static void put(struct talk *t, size_t n)
{
	char *at = buf_reserve(&t->stream.out, n);

	memset(at, 'x', n);
	buf_commit(&t->stream.out, n);
	stream_flush(&t->stream);
}

/* Read what the peer is sent until nothing more comes. Return: bytes. */
static size_t read_all(struct talk *t, size_t want)
{
	static char bytes[1 << 16];
	size_t got = 0;

	while (got < want) {
		ssize_t n = recv(t->peer, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n > 0)
			got += (size_t)n;
		else
			turn(t);
	}
	return got;
}

TEST(stream, what_a_slow_peer_has_not_read_arrives_whole)
{
	struct talk t;

	begin(&t, 64 << 20);
	for (int i = 0; i < 33; i++)
		put(&t, 1 << 20);
	CHECK(stream_waiting(&t.stream) > 8 << 20);
	CHECK_INT(read_all(&t, 33 << 20), 33 << 20);
	CHECK_INT(stream_waiting(&t.stream), 0);
	CHECK_INT(t.lost, 0);
	end(&t);
}

TEST(stream, a_peer_that_reads_nothing_is_lost_and_not_cut)
{
	struct talk t;

	begin(&t, 1 << 20);
	put(&t, 8 << 20);
	CHECK_INT(t.lost, 0); /* nobody is called from stream_flush() */
	turn(&t);
	CHECK_INT(t.lost, 1);
	CHECK_STR(t.why, "does not read what it is sent");
	CHECK(!stream_is_open(&t.stream));
	put(&t, 1);
	turn(&t);
	CHECK_INT(t.lost, 1);
	end(&t);
}

TEST(stream, what_came_before_the_end_is_received_first)
{
	struct talk t;

	begin(&t, 1 << 20);
	CHECK_INT(fd_write_all(t.peer, "last words", 10), 0);
	fd_close(&t.peer);
	stream_drain(&t.stream);
	CHECK_STR(buf_str(&t.stream.in), "last words");
	CHECK_INT(t.lost, 1);
	CHECK_STR(t.why, "closed the connection");
	end(&t);
}

TEST(stream, drain_does_not_wait_for_a_peer_that_lives_on)
{
	struct talk t;

	begin(&t, 1 << 20);
	CHECK_INT(fd_write_all(t.peer, "x", 1), 0);
	stream_drain(&t.stream);
	CHECK_INT(t.received, 1);
	CHECK_INT(t.lost, 0);
	end(&t);
}

static void reopen(struct talk *t)
{
	t->on_bytes = NULL;
	stream_close(&t->stream);
	open_pair(t);
}

TEST(stream, may_be_opened_anew_from_its_own_callback)
{
	struct talk t;
	unsigned life;

	begin(&t, 1 << 20);
	t.on_bytes = reopen;
	life = stream_life(&t.stream);
	CHECK_INT(fd_write_all(t.peer, "old", 3), 0);
	turn(&t);
	CHECK(stream_life(&t.stream) != life);
	CHECK_INT(t.stream.in.len, 0);
	CHECK_INT(fd_write_all(t.peer, "new", 3), 0);
	turn(&t);
	CHECK_STR(buf_str(&t.stream.in), "new");
	CHECK_INT(t.lost, 0);
	end(&t);
}

TEST(stream, a_descriptor_that_cannot_be_watched_is_closed)
{
	struct talk t;
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC); /* epoll takes no plain file */

	begin(&t, 1 << 20);
	stream_close(&t.stream);
	CHECK_INT(stream_open(&t.stream, &t.loop, file, NULL), -1);
	CHECK_INT(fcntl(file, F_GETFD), -1);
	stream_close(&t.stream); /* harmless */
	end(&t);
}

/* A copy of the descriptor in a forked child keeps the kernel's entry: closing alone would not end its events. */
TEST(loop, a_closed_descriptor_whose_copy_lives_on_tells_nothing_more)
{
	struct talk t;
	int copy;

	begin(&t, 1 << 20);
	copy = dup(t.stream.watch.fd);
	CHECK_INT(fd_write_all(t.peer, "x", 1), 0);
	stream_close(&t.stream);
	turn(&t);
	CHECK_INT(t.received, 0);
	fd_close(&copy);
	end(&t);
}
