/* journal.c - the journals of a failed test's machines, for a report
 *
 * The commands run side by side, one a machine. A machine that dies meanwhile
 * answers no more: the deadline ends the wait, as it does for one that hangs.
 */
#include "world/journal.h"

#include "base/clock.h"
#include "base/mem.h"

#define COMMAND "command -v journalctl >/dev/null && journalctl --no-pager --boot --output=short-precise --lines="
#define TEXT(n) TEXT_(n)
#define TEXT_(n) #n

/* A journal that is awaited. */
struct reading {
	struct reader *reader;
	struct machine *machine;
	uint32_t request;
	bool done;
	struct buf text;
};

struct reader {
	struct loop *loop;
	struct reading *readings;
	size_t waiting;
};

static void finish(struct reading *j)
{
	j->done = true;
	machine_forget(j->machine, j->request);
	if (--j->reader->waiting == 0)
		loop_stop(j->reader->loop);
}

static void answer(void *arg, const struct frame *f)
{
	struct reading *j = arg;
	struct wire_reader r = wire_read(f);
	const char *bytes;
	size_t n;

	if (f->type != WIRE_OUTPUT) {
		finish(j);
		return;
	}
	if (wire_get_u8(&r) != WIRE_STDOUT)
		return;
	bytes = wire_get_bytes(&r, &n);
	buf_add(&j->text, bytes, n);
	if (j->text.len > TRACE_JOURNAL_MAX)
		buf_consume(&j->text, j->text.len - TRACE_JOURNAL_MAX);
}

static void ask(struct reader *r, struct reading *j, struct machine *m)
{
	size_t mark;

	*j = (struct reading){.reader = r, .machine = m, .done = m->state != MACHINE_UP || m->paused || m->asleep};
	if (j->done)
		return;
	r->waiting++;
	mark = machine_request(m, WIRE_EXEC, answer, j, &j->request);
	wire_put_str(machine_out(m), COMMAND TEXT(JOURNAL_LINES));
	machine_send(m, mark);
}

static void too_late(void *arg)
{
	loop_stop(arg);
}

/* A guest may write a NUL into its journal. */
static void keep(struct reading *j, struct trace *t)
{
	for (size_t i = 0; i < j->text.len; i++)
		if (!j->text.data[i])
			j->text.data[i] = ' ';
	if (j->text.len)
		trace_add(t, TRACE_JOURNAL, t->length, (int)j->machine->index, buf_str(&j->text));
}

void journal_take(struct loop *l, struct machine *machines, size_t n, struct trace *t)
{
	struct reader r = {.loop = l, .readings = xcalloc(n, sizeof(*r.readings))};
	struct timer limit = {.expired = too_late, .arg = l};

	for (size_t i = 0; i < n; i++)
		ask(&r, &r.readings[i], &machines[i]);
	if (r.waiting) {
		loop_timer(l, &limit, clock_now() + (uint64_t)(JOURNAL_S * machines->world->accel->slow * 1e9));
		(void)loop_run(l, NULL);
		loop_timer(l, &limit, CLOCK_NEVER);
	}
	for (size_t i = 0; i < n; i++) {
		struct reading *j = &r.readings[i];

		if (!j->done && j->machine->state == MACHINE_UP)
			machine_forget(j->machine, j->request);
		keep(j, t);
		buf_free(&j->text);
	}
	free(r.readings);
}
