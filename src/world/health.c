/* health.c - what has gone wrong in a test's machines that no call has told */
#include "world/health.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"

#define UNITS_MAX 5 /* whose status is asked for, of a machine */

static const char *const names[] = {WIRE_HEALTH_NAMES};
static const char *const words[] = {
	[WIRE_HEALTH_OOPS] = "the kernel had an oops",
	[WIRE_HEALTH_WARNING] = "the kernel gave a warning",
	[WIRE_HEALTH_LOCKDEP] = "the kernel's lock checker complained",
	[WIRE_HEALTH_HUNG] = "a task hung in the kernel",
	[WIRE_HEALTH_OOM] = "the kernel ran out of memory and killed a process",
	[WIRE_HEALTH_COREDUMP] = "a program crashed",
	[WIRE_HEALTH_UNITS] = "a unit failed",
};
static_assert(ARRAY_SIZE(names) == WIRE_HEALTH_KINDS && ARRAY_SIZE(words) == WIRE_HEALTH_KINDS, "a name for every kind");

/**
 * struct patient - A machine that is asked
 * @kinds:	What it told of, a bit a kind, without what is allowed
 * @first:	The kind that is the message
 * @quoted:	All that is told of it
 * @command:	To ask for failed units
 */
struct patient {
	struct ward *ward;
	struct machine *machine;
	uint32_t request;
	unsigned kinds, first;
	struct buf quoted, command;
	unsigned units;
};

struct ward {
	struct loop *loop;
	struct patient *patients;
	size_t n, waiting;
	const char *allowed;
};

static void finish(struct patient *p)
{
	machine_forget(p->machine, p->request);
	p->request = 0;
	if (--p->ward->waiting == 0)
		loop_stop(p->ward->loop);
}

static bool is_allowed(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (list && *list) {
		size_t word = strcspn(list, ", ");

		if ((word == n && memcmp(list, name, n) == 0) || (word == 3 && memcmp(list, "all", 3) == 0))
			return true;
		list += word;
		list += strspn(list, ", ");
	}
	return false;
}

static void quote(struct patient *p, const char *text, size_t n)
{
	size_t room = p->quoted.len < HEALTH_FIELD ? HEALTH_FIELD - p->quoted.len : 0;

	if (p->quoted.len && p->quoted.data[p->quoted.len - 1] != '\n')
		buf_addc(&p->quoted, '\n');
	text_clean(&p->quoted, text, n < room ? n : room);
}

static void take_finding(struct patient *p, unsigned kind, const char *text)
{
	cleanup_free char *unit = xstrndup(text, strcspn(text, ":"));

	if (!kind || kind >= WIRE_HEALTH_KINDS || is_allowed(p->ward->allowed, names[kind]))
		return;
	if (!p->kinds)
		p->first = kind;
	p->kinds |= 1u << kind;
	quote(p, text, strlen(text));
	if (kind != WIRE_HEALTH_UNITS || p->units++ >= UNITS_MAX)
		return;
	if (!p->command.len)
		buf_adds(&p->command, "systemctl status --no-pager --full --lines=10");
	buf_addc(&p->command, ' ');
	text_quote_shell(&p->command, unit);
}

/* A guest's bytes: what does not fit is passed over. */
static void told(void *arg, const struct frame *f)
{
	struct patient *p = arg;
	struct wire_reader r = wire_read(f), in = {0};
	size_t n;

	if (f->type == WIRE_DONE) {
		const char *bytes = wire_get_bytes(&r, &n);

		in = (struct wire_reader){.p = (const uint8_t *)bytes, .left = n};
		for (uint32_t left = n ? wire_get_u32(&in) : 0; left && !in.bad; left--) {
			unsigned kind = wire_get_u8(&in);
			cleanup_free char *text = wire_get_str(&in);

			if (!in.bad)
				take_finding(p, kind, text);
		}
	}
	finish(p);
}

static void status_came(void *arg, const struct frame *f)
{
	struct patient *p = arg;
	struct wire_reader r = wire_read(f);

	if (f->type == WIRE_OUTPUT) {
		size_t n;
		const char *bytes;

		(void)wire_get_u8(&r);
		bytes = wire_get_bytes(&r, &n);
		quote(p, bytes, n);
	} else {
		finish(p);
	}
}

static void ask(struct patient *p, bool units)
{
	struct machine *m = p->machine;
	size_t mark;

	if (m->state != MACHINE_UP || m->paused || m->asleep || (units && !p->command.len))
		return;
	p->ward->waiting++;
	mark = machine_request(m, units ? WIRE_EXEC : WIRE_HEALTH, units ? status_came : told, p, &p->request);
	if (units)
		wire_put_str(machine_out(m), buf_str(&p->command));
	else
		wire_put_u8(machine_out(m), 0);
	machine_send(m, mark);
}

static void too_late(void *arg)
{
	loop_stop(arg);
}

static void ask_all(struct ward *w, bool units)
{
	struct timer limit = {.expired = too_late, .arg = w->loop};

	w->waiting = 0;
	for (size_t i = 0; i < w->n; i++)
		ask(&w->patients[i], units);
	if (!w->waiting)
		return;
	loop_timer(w->loop, &limit, clock_now() + (uint64_t)(HEALTH_S * w->patients[0].machine->world->accel->slow * 1e9));
	(void)loop_run(w->loop, NULL);
	loop_timer(w->loop, &limit, CLOCK_NEVER);
	for (size_t i = 0; i < w->n; i++)
		if (w->patients[i].request && w->patients[i].machine->state == MACHINE_UP)
			machine_forget(w->patients[i].machine, w->patients[i].request);
}

static void report(struct findings *v, const struct patient *p)
{
	const char *name = p->machine->spec->name;
	cleanup_buf struct buf kinds = {0};
	cleanup_free char *message = NULL;

	for (unsigned kind = 1; kind < WIRE_HEALTH_KINDS; kind++)
		if (p->kinds & 1u << kind)
			buf_addf(&kinds, "%s%s", kinds.len ? ", " : "", names[kind]);
	message = xasprintf("'%s' is not well: %s (.health = \"%s\" allows it)", name, words[p->first], buf_str(&kinds));
	findings_fail_health(v, message, name, buf_str(&p->quoted));
}

void health_check(struct findings *v, struct loop *l, struct machine *machines, size_t n, const char *allowed)
{
	struct ward w = {.loop = l, .patients = xcalloc(n, sizeof(*w.patients)), .n = n, .allowed = allowed};

	for (size_t i = 0; i < n; i++)
		w.patients[i] = (struct patient){.ward = &w, .machine = &machines[i]};
	ask_all(&w, false);
	ask_all(&w, true);
	for (size_t i = 0; i < n; i++) {
		if (w.patients[i].kinds)
			report(v, &w.patients[i]);
		buf_free(&w.patients[i].quoted);
		buf_free(&w.patients[i].command);
	}
	free(w.patients);
}
