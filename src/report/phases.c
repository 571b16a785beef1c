/* phases.c - where the time of a run went */
#include "report/phases.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define WHO_WIDTH 40 /* of the slowest one's name: its line has 80 columns */

static struct phases *of(struct reporter *r)
{
	return (struct phases *)((char *)r - offsetof(struct phases, reporter));
}

static void take(struct phases *p, const struct trace *t, const struct trace_event *e, const char *name)
{
	const char *machine = trace_machine(t, e);
	double ms = (double)e->length / 1e3;
	struct phase_sum *s;

	if (e->kind != TRACE_PHASE || e->how >= TRACE_PHASES)
		return;
	s = &p->sums[e->how];
	s->sum += ms;
	if (s->count++ && ms <= s->slowest)
		return;
	s->slowest = ms;
	free(s->who);
	s->who = *machine ? xasprintf("%s in \"%s\"", machine, name) : xstrdup(name);
}

static int take_point(struct reporter *r, const struct point *p)
{
	for (size_t i = 0; p->trace && i < p->trace->nevents; i++)
		take(of(r), p->trace, &p->trace->events[i], p->name ? p->name : "");
	return 0;
}

static void take_setup(struct reporter *r, const struct point *p)
{
	(void)take_point(r, p);
}

static const struct reporter_ops ops = {.point = take_point, .setup = take_setup};

void phases_init(struct phases *p)
{
	*p = (struct phases){.reporter.ops = &ops};
}

void phases_free(struct phases *p)
{
	for (size_t i = 0; i < TRACE_PHASES; i++)
		free(p->sums[i].who);
}

bool phases_are_worth_it(const struct phases *p)
{
	return p->sums[PHASE_BOOT].count || p->sums[PHASE_COPY].count || p->sums[PHASE_SETUP].count;
}

void phases_add_name(struct buf *out, const char *name, size_t width)
{
	size_t n = strlen(name), kept = n <= width ? n : text_cut(name, n, width - 3);

	buf_addf(out, "%.*s%s\n", (int)kept, name, kept < n ? "..." : "");
}

void phases_format(struct buf *out, const struct phases *p)
{
	if (!phases_are_worth_it(p))
		return;
	buf_adds(out, "  phase  times       sum   slowest\n");
	for (unsigned i = 0; i < TRACE_PHASES; i++) {
		const struct phase_sum *s = &p->sums[i];

		if (!s->count)
			continue;
		buf_addf(out, "  %-5s  %5zu  %6.2f s  %6.2f s  ", trace_phase_name(i), s->count, s->sum / 1e3, s->slowest / 1e3);
		phases_add_name(out, s->who, WHO_WIDTH);
	}
}
