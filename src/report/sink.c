/* sink.c - writing to a reader that may stall, with an ear for signals
 *
 * Theory of operation
 *
 * The runner blocks its signals and reads them from a signalfd, which is of no
 * help while the runner itself blocks in write(2): the descriptors 1 and 2 are
 * shared with the caller's shell, so they cannot be made non-blocking, and
 * poll(2) promises no more than that something can be written.
 *
 * So while a write is under way an interval timer sends SIGALRM, whose handler
 * does nothing but end the write with EINTR (or with what was written so far).
 * Then the descriptor and the signalfd are polled together. The repetition of
 * the timer covers the signal that comes just before the write begins to block.
 *
 * Rejected: a copy of the descriptor that is opened anew with O_NONBLOCK
 * (/proc/self/fd/1), which loses a file's position, and fails for sockets and
 * where /proc is not mounted; a queue that the event loop writes, which has no
 * bound when nobody reads.
 */
#include "report/sink.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/signals.h"

static void wake(int signal)
{
	(void)signal;
}

static void set_alarm(long ms)
{
	const struct timeval every = {.tv_usec = ms * 1000};

	setitimer(ITIMER_REAL, &(struct itimerval){.it_interval = every, .it_value = every}, NULL);
}

void sink_init(struct sink *s, int fd)
{
	const struct sigaction act = {.sa_handler = wake}; /* without SA_RESTART */
	const sigset_t set = signals_only(SIGALRM);

	*s = (struct sink){.fd = fd, .interrupt = -1, .deadline = CLOCK_NEVER, .broken = fd < 0};
	sigaction(SIGALRM, &act, NULL);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

void sink_end(struct sink *s)
{
	buf_free(&s->rest);
	s->broken = true;
}

static bool is_interrupted(const struct sink *s)
{
	struct pollfd p = {.fd = s->interrupt, .events = POLLIN};

	return s->deadline == CLOCK_NEVER && s->interrupt >= 0 && poll(&p, 1, 0) > 0;
}

/* Wait until something can be written. Return: 0, or -1 with errno. */
static int await_reader(const struct sink *s)
{
	bool last = s->deadline != CLOCK_NEVER;
	struct pollfd p[2] = {{.fd = s->fd, .events = POLLOUT}, {.fd = last ? -1 : s->interrupt, .events = POLLIN}};
	uint64_t now = clock_now();

	if (last && now >= s->deadline) {
		errno = ETIMEDOUT;
		return -1;
	}
	(void)poll(p, 2, last ? (int)((s->deadline - now) / NS_PER_MS) + 1 : -1); /* or until the next SIGALRM */
	if (is_interrupted(s)) {
		errno = EINTR;
		return -1;
	}
	return 0;
}

/* Write what is in @rest. */
static int write_rest(struct sink *s)
{
	while (s->rest.len) {
		ssize_t n = write(s->fd, s->rest.data, s->rest.len);

		if (n > 0) {
			buf_consume(&s->rest, (size_t)n);
		} else if (n < 0 && errno != EAGAIN && errno != EINTR) {
			s->broken = true;
			return -1;
		}
		if (s->rest.len && await_reader(s) < 0)
			return -1;
	}
	return 0;
}

int sink_write(struct sink *s, const char *data, size_t n)
{
	int r, why;

	if (s->broken) {
		errno = EPIPE;
		return -1;
	}
	buf_add(&s->rest, data, n);
	set_alarm(SINK_LOOK_MS);
	r = write_rest(s);
	why = errno;
	set_alarm(0);
	errno = why;
	return r;
}

bool sink_is_ready(const struct sink *s)
{
	struct pollfd p = {.fd = s->fd, .events = POLLOUT};

	return !s->broken && s->rest.len == 0 && poll(&p, 1, 0) > 0;
}

int sink_await(struct sink *s)
{
	while (!sink_is_ready(s))
		if (sink_write(s, "", 0) < 0 || await_reader(s) < 0)
			return -1;
	return 0;
}

void sink_hurry(struct sink *s, uint64_t deadline)
{
	s->deadline = deadline;
}
