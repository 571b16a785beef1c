/* wait_tty.c - the text of a virtual terminal: told as soon as it is another than the host knows
 *
 * Read from /dev/vcsN, never from the terminal itself: nothing of what is typed
 * or printed there is taken away. /dev/vcsuN has the characters (Linux 4.19 and
 * newer); before, /dev/vcsN has one byte of each, of which ASCII is sure.
 *
 * The kernel says EPOLLPRI when it has written there (vcs_poll()). The terminal
 * is read REST later, so that a program that fills it in no time is not followed
 * character by character; and now and then in any case.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/wait.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

#define REST	  (20 * NS_PER_MS)
#define TTY_MAX	  63	 /* MAX_NR_CONSOLES */
#define CELLS_MAX 65025	 /* rows and columns are a byte each */

static_assert(CELLS_MAX * 4 + 256 <= WIRE_DONE_MAX, "a full terminal fits into a DONE");

struct terminal {
	struct watch watch;
	int fd; /* of vcsN, for the kernel's word, or -1 */
	uint32_t cells[CELLS_MAX];
};

static int open_tty(const char *kind, unsigned number)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/vcs%s%u", kind, number);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
}

/* Read @n characters to @t->cells. Return: whether all were there. */
static bool read_cells(struct terminal *t, unsigned number, size_t n)
{
	cleanup_fd int wide = open_tty("u", number);
	unsigned char *bytes = (unsigned char *)t->cells;

	if (wide >= 0 && fd_read_full(wide, t->cells, 4 * n) == (ssize_t)(4 * n))
		return true;
	if (pread(t->fd, bytes, n, 0) != (ssize_t)n)
		return false;
	while (n-- > 0) /* from the end, as they become wider */
		t->cells[n] = bytes[n] < 0x80 ? bytes[n] : '?';
	return true;
}

static void add_line(struct buf *out, const uint32_t *cells, size_t columns)
{
	while (columns > 0 && (cells[columns - 1] == ' ' || cells[columns - 1] == 0))
		columns--;
	for (size_t i = 0; i < columns; i++)
		text_add_utf8(out, cells[i] < ' ' ? ' ' : cells[i] < 0x110000 && (cells[i] & ~0x7FFu) != 0xD800 ? cells[i] : 0xFFFD);
	buf_addc(out, '\n');
}

/* Return: 0 with the text, or -1. */
static int read_text(struct terminal *t, unsigned number, struct buf *out, struct err *err)
{
	cleanup_fd int attributes = open_tty("a", number);
	unsigned char size[2]; /* lines, columns */

	if (t->fd < 0)
		t->fd = open_tty("", number);
	if (t->fd < 0 || attributes < 0)
		return err_errno(err, "cannot open /dev/vcs%u%s", number, errno == ENOENT ? " (a machine with .display = 1 has terminals)" : "");
	if (read(attributes, size, sizeof(size)) != sizeof(size) || !read_cells(t, number, (size_t)size[0] * size[1]))
		return err_errno(err, "cannot read /dev/vcs%u", number);
	for (unsigned line = 0; line < size[0]; line++)
		add_line(out, t->cells + (size_t)line * size[1], size[1]);
	while (out->len > 1 && out->data[out->len - 1] == '\n' && out->data[out->len - 2] == '\n')
		out->data[--out->len] = '\0';
	if (out->len == 1)
		buf_clear(out);
	return 0;
}

static void written(void *arg, uint32_t events)
{
	struct wait *w = arg;
	struct terminal *t = w->own;

	(void)events;
	loop_unwatch(&w->request.agent->loop, &t->watch);
	loop_timer(&w->request.agent->loop, &w->timer, clock_now() + REST);
}

/* From the second look on the host is told only what it does not know. */
static void look(struct wait *w)
{
	struct terminal *t = w->own;
	cleanup_buf struct buf text = {0};
	struct err err = {0};
	char sum[WIRE_TEXT_SUM];

	loop_unwatch(&w->request.agent->loop, &t->watch);
	if (read_text(t, w->port, &text, &err) < 0) {
		if (!*w->subject) {
			wait_fail(w, "%s", err.text);
			return;
		}
		wait_see(w, "%s", err.text);
	} else {
		wire_text_sum(text.data, text.len, sum);
		if (strcmp(w->subject, sum) != 0) {
			wait_done(w, buf_str(&text), text.len);
			return;
		}
		wait_see(w, "what tty%u shows does not match%s%.*s", w->port, text.len ? "\n" : ": nothing", WIRE_REASON_MAX / 2, buf_str(&text));
		t->watch = (struct watch){.ready = written, .arg = w};
		(void)loop_watch(&w->request.agent->loop, &t->watch, t->fd, EPOLLPRI, NULL);
	}
	wait_again(w);
}

static int prepare(struct wait *w, struct err *err)
{
	struct terminal *t;

	if (w->port < 1 || w->port > TTY_MAX)
		return err_set(err, "there is no tty%u: 1 to %d", w->port, TTY_MAX);
	t = xcalloc(1, sizeof(*t));
	t->fd = -1;
	w->own = t;
	return 0;
}

static void drop(struct wait *w)
{
	struct terminal *t = w->own;

	loop_unwatch(&w->request.agent->loop, &t->watch);
	fd_close(&t->fd);
	free(t);
}

const struct wait_kind wait_tty = {
	.prepare = prepare,
	.look = look,
	.drop = drop,
	.pause_max = NS_PER_S,
};
