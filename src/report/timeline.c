/* timeline.c - a test's trace as HTML: bars over time
 *
 * Plain CSS: each bar has its place and width in percent of the test's length,
 * and its words in a title. What the classes look like is page.c's.
 */
#include "report/timeline.h"

#include <string.h>

#include "report/markup.h"

void timeline_add_time(struct buf *out, uint64_t us)
{
	uint64_t ms = (us + 500) / 1000;

	buf_addf(out, "%llu.%03llu", (unsigned long long)(ms / 1000), (unsigned long long)(ms % 1000));
}

/* Append ' style="left:12.34%;width:0.50%"'. */
static void add_place(struct buf *out, const struct trace *t, uint64_t from, uint64_t to)
{
	uint64_t all = t->length ? t->length : 1, left, width;

	from = from < all ? from : all;
	to = to < from ? from : to < all ? to : all;
	left = from * 10000 / all;
	width = (to - from) * 10000 / all;
	buf_addf(out, " style=\"left:%u.%02u%%;width:%u.%02u%%\"", (unsigned)(left / 100), (unsigned)(left % 100),
		 (unsigned)(width / 100), (unsigned)(width % 100));
}

/* ---- lives ---- */

const char *timeline_life_text(unsigned life)
{
	static const char *const texts[TRACE_LIVES] = {
		[LIFE_MAKING] = "its template is made",
		[LIFE_BOOT] = "boots",
		[LIFE_TEMPLATE] = "is copied from its template",
		[LIFE_FROZEN] = "is thawed",
		[LIFE_SETUP] = "is resumed as setup left it",
		[LIFE_CHECKPOINT] = "is resumed from a checkpoint",
		[LIFE_UP] = "is up",
	};

	return life < TRACE_LIVES ? texts[life] : NULL;
}

/* A class of the page's, and words; NULL when the machine is off. */
static const char *doing(unsigned life, const char **words)
{
	*words = timeline_life_text(life);
	if (!*words)
		return NULL;
	return life == LIFE_UP ? "up" : life <= LIFE_BOOT ? "boot" : "copy";
}

/* Return: the next event of a machine's life from @i on, or the number of events. */
static size_t next_life(const struct trace *t, size_t i, int machine)
{
	while (i < t->nevents && !(t->events[i].kind == TRACE_MACHINE && t->events[i].machine == machine))
		i++;
	return i;
}

static void add_lives(struct buf *out, const struct trace *t, int machine)
{
	for (size_t i = next_life(t, 0, machine), next; i < t->nevents; i = next) {
		const struct trace_event *e = &t->events[i];
		uint64_t until;
		const char *words, *class = doing(e->how, &words);

		next = next_life(t, i + 1, machine);
		until = next < t->nevents ? t->events[next].at : t->length;
		if (!class)
			continue;
		buf_addf(out, "<i class=\"%s\"", class);
		add_place(out, t, e->at, until);
		buf_adds(out, " title=\"");
		markup_add(out, trace_machine(t, e), MARKUP_ATTRIBUTE);
		buf_addf(out, " %s, ", words);
		timeline_add_time(out, until - e->at);
		buf_adds(out, " s\"></i>");
	}
}

/* ---- calls ---- */

static bool is_call_of(const struct trace_event *e, int machine)
{
	return e->kind == TRACE_CALL && e->machine == machine;
}

static uint64_t end_of(const struct trace *t, const struct trace_event *e)
{
	return e->how == ANSWER_NONE ? t->length : e->at + e->length;
}

static void add_call(struct buf *out, const struct trace *t, const struct trace_event *e)
{
	buf_addf(out, "<i class=\"call%s\"", e->culprit || e->how != ANSWER_OK ? " bad" : "");
	add_place(out, t, e->at, end_of(t, e));
	buf_adds(out, " title=\"");
	markup_add(out, e->text ? e->text : "", MARKUP_ATTRIBUTE);
	buf_adds(out, ", ");
	timeline_add_time(out, end_of(t, e) - e->at);
	buf_addf(out, " s%s%s\"></i>", e->how == ANSWER_OK ? "" : ", ", e->how == ANSWER_OK ? "" : trace_answer_text(e));
}

static void add_calls(struct buf *out, const struct trace *t, int machine)
{
	size_t n = 0;

	for (size_t i = 0; i < t->nevents; i++)
		n += is_call_of(&t->events[i], machine);
	for (size_t i = 0; i < t->nevents; i++)
		if (is_call_of(&t->events[i], machine) && n-- <= TIMELINE_CALLS_MAX)
			add_call(out, t, &t->events[i]);
}

static void add_failures(struct buf *out, const struct trace *t)
{
	for (size_t i = 0; i < t->nevents; i++) {
		if (t->events[i].kind != TRACE_FAILURE)
			continue;
		buf_adds(out, "<i class=\"fail\"");
		add_place(out, t, t->events[i].at, t->events[i].at);
		buf_adds(out, "></i>");
		return; /* the first is what matters */
	}
}

/* ---- rows ---- */

static bool is_used(const struct trace *t, int machine)
{
	for (size_t i = 0; i < t->nevents; i++)
		if (t->events[i].machine == machine && (t->events[i].kind == TRACE_MACHINE || t->events[i].kind == TRACE_CALL))
			return machine >= 0 || t->events[i].kind == TRACE_CALL;
	return false;
}

void timeline_format(struct buf *out, const struct trace *t)
{
	if (t->nevents == 0)
		return;
	buf_adds(out, "<div class=\"time\">\n");
	for (int m = -1; m < (int)t->nmachines; m++) {
		if (!is_used(t, m))
			continue;
		buf_addf(out, "<b class=\"m%d\">", m < 0 ? 9 : m % 6);
		markup_add(out, m < 0 ? "all" : t->machines[m], "");
		buf_adds(out, "</b><div class=\"row\">");
		add_lives(out, t, m);
		add_calls(out, t, m);
		add_failures(out, t);
		buf_adds(out, "</div>\n");
	}
	buf_adds(out, "<b></b><div class=\"axis\"><span>0</span><span>");
	timeline_add_time(out, t->length / 2);
	buf_adds(out, "</span><span>");
	timeline_add_time(out, t->length);
	buf_adds(out, " s</span></div></div>\n");
}
