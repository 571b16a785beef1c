/* call.c - the script's side of the conversation with the world */
#include "script/call.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "script/blocks.h"
#include "script/deadline.h"
#include "script/output.h"
#include "script/run.h"
#include "wire/frame.h"

#define READ_SIZE 65536 /* bytes taken from the socket at once */

static volatile sig_atomic_t sending, alarm_waits, asking, interrupt_waits, interrupted;
static struct buf in;	/* what came after the last frame: nothing, but one may come in parts */
static int passed = -1; /* the descriptor that came with it */

int call_defer_alarm(void)
{
	alarm_waits = sending;
	return sending;
}

/* Also from a signal's handler: a struct buf that is large enough never allocates. */
static void send_interrupt(void)
{
	char memory[64];
	struct buf out = {.data = memory, .cap = sizeof(memory)};

	wire_end(&out, wire_begin(&out, WIRE_INTERRUPT, 0));
	(void)send(run.world, out.data, out.len, MSG_NOSIGNAL);
}

void call_send(const struct buf *frames)
{
	size_t done = 0;

	sending = 1;
	while (done < frames->len) {
		ssize_t n = send(run.world, frames->data + done, frames->len - done, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(1);
		done += (size_t)n;
	}
	sending = 0;
	if (alarm_waits)
		raise(SIGALRM);
	if (interrupt_waits) {
		interrupt_waits = 0;
		send_interrupt();
	}
}

int call_interrupt(void)
{
	if (!asking)
		return 0;
	interrupted = 1;
	if (sending)
		interrupt_waits = 1;
	else
		send_interrupt();
	return 1;
}

/* "file:line", or "". */
static void put_place(struct buf *out, struct place at)
{
	cleanup_free char *text = at.file ? xasprintf("%s:%d", at.file, at.line) : NULL;

	wire_put_str(out, text);
}

static void put_call(struct buf *out, const struct question *c, struct place at, uint32_t id)
{
	size_t mark = wire_begin(out, WIRE_CALL, id);

	wire_put_u32(out, c->machine);
	wire_put_u8(out, (uint8_t)c->call);
	wire_put_u64(out, blocks_call_deadline());
	wire_put_str(out, c->first);
	wire_put_bytes(out, c->second, c->second_len);
	wire_put_u32(out, c->number);
	wire_put_str(out, c->words);
	put_place(out, at);
	wire_end(out, mark);
}

/* Wait for the next frame; @in holds it. A world that is gone, or speaks nonsense, ends us. */
static void receive(struct frame *f)
{
	int whole, more;

	while ((whole = wire_next(&in, f)) == 0) {
		ssize_t n = fd_receive(run.world, buf_reserve(&in, READ_SIZE), READ_SIZE, &more);

		if (n <= 0)
			_exit(1);
		buf_commit(&in, (size_t)n);
		if (more >= 0) {
			fd_close(&passed);
			passed = more;
		}
	}
	if (whole < 0)
		_exit(1);
}

/* In the process that is forked here, no call is under way, and no frame waits. */
static void let_in(void)
{
	cleanup_fd int warden = fd_steal(&passed);
	const int was = asking;

	asking = 0;
	if (warden >= 0 && run.part && run.part->enter)
		run.part->enter(warden);
	asking = was;
}

/* Receive a frame that is no answer of a call's. Return: its type. */
static unsigned receive_type(void)
{
	struct frame f;

	receive(&f);
	buf_consume(&in, wire_size(&f));
	return f.type;
}

static _Noreturn void stand(void)
{
	deadline_set(CLOCK_NEVER);
	for (;;)
		if (receive_type() == WIRE_ENTER)
			let_in();
}

void call_halt(void)
{
	cleanup_buf struct buf out = {0};

	if (run.tell || !run.part || !run.part->keep)
		return;
	wire_end(&out, wire_begin(&out, WIRE_HALT, 0));
	call_send(&out);
	if (receive_type() == WIRE_HALT)
		stand();
}

static void take_output(const struct frame *f, struct buf streams[2])
{
	struct wire_reader r = wire_read(f);
	enum wire_stream stream = wire_get_u8(&r);
	size_t n;
	const char *bytes = wire_get_bytes(&r, &n);

	buf_add(&streams[stream == WIRE_STDERR], bytes, n);
}

/* Return: what came in, kept for the test's life; @n is set. */
static char *take_stream(struct buf *b, size_t *n)
{
	*n = b->len;
	return b->len ? buf_steal(b) : run_keep_str("");
}

static struct answer read_answer(const struct frame *f, struct buf streams[2])
{
	struct wire_reader r = wire_read(f);
	struct answer a = {0};
	const char *bytes;
	size_t n;

	a.outcome = (enum wire_outcome)wire_get_u8(&r);
	a.status = (int)wire_get_u32(&r);
	a.signal = (int)wire_get_u32(&r);
	a.seconds = (double)wire_get_u64(&r) / NS_PER_S;
	a.out = take_stream(&streams[0], &a.out_len);
	a.err = take_stream(&streams[1], &a.err_len);
	bytes = wire_get_bytes(&r, &n);
	a.reason = run_keep(bytes, n);
	if (r.bad)
		_exit(1);
	return a;
}

struct answer call_world(const struct question *q)
{
	static uint32_t last_id;
	cleanup_buf struct buf out = {0};
	struct buf streams[2] = {0}; /* stdout, stderr */
	struct place at = run_place();
	struct answer a;
	struct frame f;

	output_flush();
	put_call(&out, q, at, ++last_id);
	run.asking_frame = (uintptr_t)__builtin_frame_address(0);
	run.asking.line = at.line;
	run.asking.file = at.file;
	asking = 1;
	call_send(&out);
	for (;;) {
		receive(&f);
		if (f.type == WIRE_RESULT && f.id == last_id)
			break;
		if (f.type == WIRE_OUTPUT && f.id == last_id)
			take_output(&f, streams);
		buf_consume(&in, wire_size(&f));
		if (f.type == WIRE_HALT)
			stand();
		if (f.type == WIRE_ENTER)
			let_in();
	}
	a = read_answer(&f, streams);
	buf_consume(&in, wire_size(&f));
	asking = 0;
	run.asking.file = NULL;
	if (interrupted) { /* the answer may have been on its way */
		interrupted = 0;
		a.outcome = WIRE_OVERTIME;
		a.reason = run_keep_str("interrupted");
	}
	return a;
}
