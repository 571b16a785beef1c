/* relay.c - a person's terminal, or a pipe, and a shell in a guest: the script's side of WIRE_CALL_SHELL
 *
 * Theory of operation
 *
 * This process has the socket to its world and the three standard streams, and
 * nothing else. It makes one call after the other: START_ALL if there are more
 * machines than one, then SHELL, which lasts until the shell ends. While it
 * does, input goes out and output comes in, each with a window (wire/agent.h): a
 * pipe that is full here is not filled up in memory anywhere on the way.
 *
 * The terminal is lent to the guest when its shell is there, so that until then
 * ^C ends all of it. However this process ends (the world dies, a signal, the
 * shell's end), it restores the terminal first; should it be killed by SIGKILL,
 * the process that started the world does so (shell.c).
 */
#include "cmd/relay.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/mem.h"
#include "wire/link.h"
#include "wire/script.h"

#define PIECE 4096 /* bytes of input in a frame: what is typed is a few, a pipe has more */

/* Where in a line the person types: "~." ends the session. */
enum escape { ESCAPE_START, ESCAPE_TILDE, ESCAPE_MIDDLE };

struct session {
	struct relay *relay;
	struct loop loop;
	struct link world;
	struct watch keys, signals;
	enum wire_call call; /* under way */
	uint32_t id;
	bool there;    /* the shell runs */
	bool lent;     /* the terminal is the guest's */
	bool at_once;  /* input is a file, which is always ready: it cannot be watched */
	bool at_end;   /* of the input */
	bool cut;      /* the person has gone, and the shell is being ended */
	size_t on_way; /* bytes of input that were not acknowledged */
	enum escape escape;
};

/* ---- the end ---- */

static _Noreturn void end(struct session *s, int status, const char *reason)
{
	struct relay_result *r = s->relay->result;
	size_t mark;

	terminal_restore(&s->relay->terminal);
	r->status = status;
	snprintf(r->reason, sizeof(r->reason), "%s", reason);
	r->over = 1;
	if (s->relay->visit)
		_exit(0);
	mark = wire_begin(&s->world.stream.out, WIRE_FINISHED, 0);
	wire_end(&s->world.stream.out, mark);
	link_flush(&s->world);
	_exit(0);
}

/* The person does not wait for the shell's end; a world that goes on has to, and says when it came. */
static void cut_off(struct session *s)
{
	size_t mark;

	if (!s->relay->visit)
		end(s, 0, "");
	terminal_restore(&s->relay->terminal);
	s->lent = false;
	s->cut = true;
	loop_unwatch(&s->loop, &s->keys);
	mark = wire_begin(&s->world.stream.out, WIRE_INTERRUPT, 0);
	wire_end(&s->world.stream.out, mark);
	link_flush(&s->world);
}

static void world_lost(void *arg, const char *why)
{
	(void)why;
	end(arg, 3, "the process that runs the machines has ended");
}

/* ---- input ---- */

static void send_input(struct session *s, const char *bytes, size_t n)
{
	size_t mark = wire_begin(&s->world.stream.out, WIRE_INPUT, s->id);

	wire_put_bytes(&s->world.stream.out, bytes, n);
	wire_end(&s->world.stream.out, mark);
	link_flush(&s->world);
	s->on_way += n;
}

/* Append what of the keys is the guest's. Return: whether the session is to end. */
static bool filter(struct session *s, const char *keys, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++) {
		bool tilde = s->escape == ESCAPE_TILDE;

		if (tilde && keys[i] == '.')
			return true;
		if (s->escape == ESCAPE_START && keys[i] == '~') {
			s->escape = ESCAPE_TILDE;
			continue;
		}
		if (tilde && keys[i] != '~')
			buf_addc(out, '~');
		buf_addc(out, keys[i]);
		s->escape = keys[i] == '\r' || keys[i] == '\n' ? ESCAPE_START : ESCAPE_MIDDLE;
	}
	return false;
}

static void take_input(struct session *s, const char *bytes, size_t n)
{
	cleanup_buf struct buf keys = {0};

	if (!s->lent) {
		send_input(s, bytes, n);
		return;
	}
	if (filter(s, bytes, n, &keys)) {
		(void)fd_write_all(STDOUT_FILENO, "\r\n", 2);
		cut_off(s);
		return;
	}
	if (keys.len)
		send_input(s, keys.data, keys.len);
}

/* Return: whether there may be more at once. */
static bool read_input(struct session *s)
{
	char bytes[PIECE];
	ssize_t n = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return false;
	if (n > 0) {
		take_input(s, bytes, (size_t)n);
		return true;
	}
	s->at_end = true;
	if (s->lent) { /* the terminal has hung up */
		cut_off(s);
		return false;
	}
	send_input(s, "", 0);
	return false;
}

static bool has_room(const struct session *s)
{
	return !s->at_end && s->on_way + PIECE + 1 <= WIRE_SHELL_WINDOW;
}

/* Read, or wait for, what may still be sent. */
static void want_input(struct session *s)
{
	if (!s->there || s->cut)
		return;
	while (s->at_once && has_room(s) && read_input(s))
		;
	if (s->at_once)
		return;
	if (!has_room(s))
		loop_unwatch(&s->loop, &s->keys);
	else if (!s->keys.active && loop_watch(&s->loop, &s->keys, STDIN_FILENO, EPOLLIN, NULL) < 0) {
		s->at_once = true;
		want_input(s);
	}
}

static void keys_ready(void *arg, uint32_t events)
{
	struct session *s = arg;

	(void)events;
	read_input(s);
	want_input(s);
}

/* ---- calls ---- */

static void make_call(struct session *s, enum wire_call call)
{
	struct buf *out = &s->world.stream.out;
	const char *term = getenv("TERM");
	unsigned columns, rows;
	size_t mark;

	s->call = call;
	mark = wire_begin(out, WIRE_CALL, ++s->id);
	terminal_size(&columns, &rows);
	wire_put_u32(out, s->relay->machine);
	wire_put_u8(out, (uint8_t)call);
	wire_put_u64(out, CLOCK_NEVER);
	wire_put_str(out, call == WIRE_CALL_SHELL ? (s->relay->terminal.is_tty && term ? term : "dumb") : NULL);
	wire_put_bytes(out, "", 0);
	wire_put_u32(out, call == WIRE_CALL_SHELL && s->relay->terminal.is_tty ? columns << 16 | (rows & 0xFFFF) : 0);
	wire_put_str(out, "");
	wire_put_str(out, "");
	wire_end(out, mark);
	link_flush(&s->world);
}

static void lend(struct session *s)
{
	struct relay_ahead *ahead = s->relay->ahead;

	if (s->lent || s->cut || !s->relay->terminal.is_tty)
		return;
	s->lent = true;
	terminal_lend(&s->relay->terminal);
	if (ahead && ahead->n)
		take_input(s, ahead->keys, ahead->n);
	if (ahead)
		ahead->n = 0;
}

static void take_output(struct session *s, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	int to = wire_get_u8(&r) == WIRE_STDERR ? STDERR_FILENO : STDOUT_FILENO;
	size_t n, mark;
	const char *bytes = wire_get_bytes(&r, &n);

	if (!s->cut && fd_write_all(to, bytes, n) < 0)
		end(s, 128 + SIGPIPE, "");
	mark = wire_begin(&s->world.stream.out, WIRE_TAKEN, s->id);
	wire_put_u32(&s->world.stream.out, (uint32_t)n);
	wire_end(&s->world.stream.out, mark);
	link_flush(&s->world);
}

static void take_result(struct session *s, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	enum wire_outcome outcome = wire_get_u8(&r);
	uint32_t status = wire_get_u32(&r), signal = wire_get_u32(&r);
	const char *bytes;
	size_t n;

	wire_get_u64(&r);
	bytes = wire_get_bytes(&r, &n);
	if (outcome != WIRE_OK) {
		cleanup_free char *reason = xstrndup(s->cut ? "" : bytes, s->cut ? 0 : n);

		end(s, outcome == WIRE_LOST ? 3 : 1, reason);
	}
	if (s->call == s->relay->call)
		end(s, signal ? 128 + (int)signal : (int)status, "");
	make_call(s, s->relay->call);
}

static void world_frame(void *arg, const struct frame *f)
{
	struct session *s = arg;
	struct wire_reader r = wire_read(f);

	if (f->id != s->id)
		return;
	if (f->type == WIRE_OUTPUT) {
		take_output(s, f);
	} else if (f->type == WIRE_RESULT) {
		take_result(s, f);
	} else if (f->type == WIRE_TAKEN) {
		size_t n = wire_get_u32(&r);

		s->on_way -= n < s->on_way ? n : s->on_way;
		s->there = true;
		lend(s);
		want_input(s);
	}
}

/* ---- signals ---- */

static void send_size(struct session *s)
{
	unsigned columns, rows;
	size_t mark = wire_begin(&s->world.stream.out, WIRE_RESIZE, s->id);

	terminal_size(&columns, &rows);
	wire_put_u32(&s->world.stream.out, columns);
	wire_put_u32(&s->world.stream.out, rows);
	wire_end(&s->world.stream.out, mark);
	link_flush(&s->world);
}

static void signalled(void *arg, uint32_t events)
{
	struct session *s = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(s->signals.fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGINT && s->relay->visit) {
			if (!s->cut)
				cut_off(s);
		} else if (info.ssi_signo == SIGCONT) {
			if (s->lent && !s->cut)
				terminal_lend_again(&s->relay->terminal);
		} else if (info.ssi_signo != SIGWINCH) {
			end(s, 128 + (int)info.ssi_signo, "");
		} else {
			send_size(s);
		}
	}
}

static int watch_signals(struct session *s, struct err *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigaddset(&set, SIGCONT);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* instead of the SIGKILL that all children of a world get */
	s->signals = (struct watch){.ready = signalled, .arg = s};
	return loop_signals(&s->loop, &s->signals, &set, err);
}

void relay_run(void *arg, int fd)
{
	static struct session s;
	struct err err = {0};

	s = (struct session){.relay = arg, .world = {.frame = world_frame, .lost = world_lost, .arg = &s}};
	s.world.stream.out_max = 4 * WIRE_SHELL_WINDOW;
	s.keys = (struct watch){.fd = -1, .ready = keys_ready, .arg = &s};
	if (loop_init(&s.loop, &err) == 0 && watch_signals(&s, &err) == 0 && link_start(&s.world, &s.loop, fd, &err) == 0) {
		make_call(&s, s.relay->all ? WIRE_CALL_START_ALL : s.relay->call);
		loop_run(&s.loop, &err);
	}
	end(&s, 3, err.text);
}
