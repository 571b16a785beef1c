/* wait_try.c - waiting until a command succeeds or fails: try, pause, try again */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>

#include "agent/child.h"
#include "agent/wait.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"

#define TRY_OUT_MAX WIRE_DONE_MAX /* bytes kept of a try's standard output: it is the result of the wait */
#define TRY_ERR_MAX 65536  /* bytes kept of its standard error: only to be shown */
#define SHOWN_LINES 20	   /* of each stream in "last try: ..." */
#define SHOWN_BYTES 4096

/**
 * struct try - The state of one wait
 * @child:	The running try, or NULL
 * @out:	Output of the running or last try, as far as it is kept
 * @last:	How the last try ended, "" before that
 * @tries:	How many have ended
 */
struct try {
	struct child *child;
	struct buf out, err;
	struct buf last;
	unsigned tries;
};

static void keep(struct buf *b, size_t limit, const char *data, size_t n)
{
	size_t room = limit - b->len;

	buf_add(b, data, n < room ? n : room);
}

static void output(void *arg, enum wire_stream stream, const char *data, size_t n)
{
	struct try *t = ((struct wait *)arg)->own;

	if (stream == WIRE_STDOUT)
		keep(&t->out, TRY_OUT_MAX, data, n);
	else
		keep(&t->err, TRY_ERR_MAX, data, n);
}

static void describe_stream(struct buf *to, const char *name, const struct buf *b)
{
	const char *tail = text_tail(buf_str(b), b->len, SHOWN_LINES, SHOWN_BYTES);

	if (!b->len)
		return;
	buf_addf(to, "%s: ", name);
	text_clean(to, tail, (size_t)(buf_str(b) + b->len - tail));
	if (text_ends(buf_str(to), "\n"))
		to->data[--to->len] = '\0';
}

/* "last try of 12: exit status 1, stderr: ..." */
static void describe(struct wait *w, int status)
{
	struct try *t = w->own;
	cleanup_free char *how = proc_status_text(status);

	buf_clear(&t->last);
	buf_addf(&t->last, "last try of %u: %s", ++t->tries, how);
	describe_stream(&t->last, ", stderr", &t->err);
	describe_stream(&t->last, t->err.len ? "\nstdout" : ", stdout", &t->out);
	wait_see(w, "%s", buf_str(&t->last));
}

static void ended(void *arg, const struct child *c)
{
	struct wait *w = arg;
	struct try *t = w->own;
	bool success = WIFEXITED(c->status) && WEXITSTATUS(c->status) == 0;
	bool failure = WIFEXITED(c->status) && WEXITSTATUS(c->status) != 0;

	t->child = NULL;
	describe(w, c->status);
	if (w->what == WIRE_WAIT_SUCCEEDS ? success : failure)
		wait_done(w, buf_str(&t->out), t->out.len);
	else
		wait_again(w);
}

static const struct child_ops child_ops = {.output = output, .ended = ended};

/* Return: whether a shell could not be started because there is too much of something now. */
static bool is_passing(int error)
{
	return error == EAGAIN || error == ENOMEM || error == EMFILE || error == ENFILE;
}

static void look(struct wait *w)
{
	struct try *t = w->own;
	struct err err = {0};

	buf_clear(&t->out);
	buf_clear(&t->err);
	t->child = child_start(w->request.agent, w->subject, &child_ops, w, &err);
	if (!t->child && is_passing(errno)) {
		wait_see(w, "%s%s%s", buf_str(&t->last), t->last.len ? "\nsince then " : "", err.text);
		wait_again(w);
		return;
	}
	if (!t->child) {
		wait_fail(w, "%s", err.text);
		return;
	}
	wait_see(w, "%s%sthe command is still running",
		 buf_str(&t->last), t->last.len ? "\nsince then " : "");
}

static int prepare(struct wait *w, struct err *err)
{
	(void)err;
	w->own = xcalloc(1, sizeof(struct try));
	return 0;
}

static void drop(struct wait *w)
{
	struct try *t = w->own;

	if (t->child)
		child_abandon(t->child);
	buf_free(&t->out);
	buf_free(&t->err);
	buf_free(&t->last);
	free(t);
}

const struct wait_kind wait_try = {
	.prepare = prepare,
	.look = look,
	.ask = wait_ask_services,
	.drop = drop,
	.pause_max = NS_PER_S,
};
