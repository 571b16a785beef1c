/* moment.c - the failing call in the middle of what each console said then
 *
 * Shown are the failing call, the failure, and around them so many lines of
 * each console and so many calls: a machine that talks does not drive out what
 * another one said. The gaps say how much they hide.
 */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "report/markup.h"
#include "report/timeline.h"

/* Console lines of a machine, and other events. */
static const struct part {
	size_t lines, others;
} before = {12, 10}, during = {25, 20}, after = {10, 6};

/* Which events are shown. @left: of each machine's console lines, and last of the others. */
struct choice {
	const struct trace *t;
	bool *shown;
	size_t *left;
};

static void reset(struct choice *c, struct part p)
{
	for (size_t i = 0; i < c->t->nmachines; i++)
		c->left[i] = p.lines;
	c->left[c->t->nmachines] = p.others;
}

static void consider(struct choice *c, size_t i)
{
	const struct trace_event *e = &c->t->events[i];
	bool line = e->kind == TRACE_CONSOLE && e->machine >= 0 && (size_t)e->machine < c->t->nmachines;
	size_t *left = &c->left[line ? (size_t)e->machine : c->t->nmachines];

	if (e->kind == TRACE_PHASE || e->kind == TRACE_JOURNAL || *left == 0)
		return;
	c->shown[i] = true;
	--*left;
}

/* Return: the index of the first failure, else of the last call that was not answered well, else the number of events. */
static size_t find_failure(const struct trace *t)
{
	size_t call = t->nevents;

	for (size_t i = 0; i < t->nevents; i++) {
		if (t->events[i].kind == TRACE_FAILURE)
			return i;
		if (t->events[i].kind == TRACE_CALL && t->events[i].how != ANSWER_OK)
			call = i;
	}
	return call;
}

/* Return: the index of the call that failed, which is the last one before the failure that is a culprit, or @failure. */
static size_t find_call(const struct trace *t, size_t failure)
{
	for (size_t i = failure; i-- > 0;)
		if (t->events[i].kind == TRACE_CALL)
			return t->events[i].culprit ? i : failure;
	return failure;
}

static void choose(struct choice *c, size_t call, size_t failure)
{
	c->shown[call] = c->shown[failure] = true;
	reset(c, before);
	for (size_t i = call; i-- > 0;)
		consider(c, i);
	reset(c, during);
	for (size_t i = failure; i-- > call + 1;)
		consider(c, i);
	reset(c, after);
	for (size_t i = failure + 1; i < c->t->nevents; i++)
		consider(c, i);
}

/* ---- rows ---- */

static void add_result(struct buf *out, const struct trace_event *e)
{
	buf_adds(out, " <em>");
	if (e->how != ANSWER_OK)
		buf_adds(out, trace_answer_text(e));
	else if (e->ended)
		buf_addf(out, "%s %d", e->signal ? "signal" : "exit status", e->signal ? e->signal : e->status);
	else
		buf_adds(out, "ok");
	if (e->how != ANSWER_NONE) {
		buf_adds(out, ", ");
		timeline_add_time(out, e->length);
		buf_adds(out, " s");
	}
	buf_adds(out, "</em>");
}

static void add_words(struct buf *out, const struct trace_event *e)
{
	const char *life = e->kind == TRACE_MACHINE ? timeline_life_text(e->how) : NULL;

	if (e->kind == TRACE_MACHINE)
		buf_addf(out, "%s ", life ? life : trace_how_name(e));
	if (e->kind == TRACE_SUBTEST)
		buf_adds(out, "subtest ");
	markup_add(out, e->text ? e->text : "", "");
	if (e->kind == TRACE_SUBTEST)
		buf_addf(out, ": %s", trace_how_name(e));
	if (e->kind == TRACE_CALL)
		add_result(out, e);
	if (e->place) {
		buf_adds(out, " <small>");
		markup_add(out, e->place, "");
		buf_adds(out, "</small>");
	}
}

static void add_row(struct buf *out, const struct trace *t, const struct trace_event *e, bool culprit)
{
	buf_addf(out, "<div class=\"%s%s\"><time>", trace_kind_name(e->kind), culprit ? " bad" : "");
	timeline_add_time(out, e->at);
	buf_addf(out, "</time><b class=\"m%d\">", e->machine < 0 ? 9 : e->machine % 6);
	markup_add(out, e->machine < 0 ? "script" : trace_machine(t, e), "");
	buf_adds(out, "</b><span>");
	add_words(out, e);
	buf_adds(out, "</span></div>\n");
}

/* Append the chosen events; a gap says how much it hides. */
static void add_rows(struct buf *out, const struct choice *c, size_t call, size_t failure)
{
	size_t hidden = 0;

	for (size_t i = 0; i < c->t->nevents; i++) {
		enum trace_kind kind = c->t->events[i].kind;

		if (!c->shown[i]) {
			hidden += kind != TRACE_PHASE && kind != TRACE_JOURNAL;
			continue;
		}
		if (hidden)
			buf_addf(out, "<div class=\"gap\">%zu more</div>\n", hidden);
		hidden = 0;
		add_row(out, c->t, &c->t->events[i], i == call || i == failure);
	}
	if (hidden)
		buf_addf(out, "<div class=\"gap\">%zu more</div>\n", hidden);
}

bool timeline_format_moment(struct buf *out, const struct trace *t)
{
	struct choice c = {.t = t};
	size_t failure = find_failure(t), call;

	if (failure == t->nevents)
		return false;
	call = find_call(t, failure);
	c.shown = xcalloc(t->nevents, sizeof(*c.shown));
	c.left = xcalloc(t->nmachines + 1, sizeof(*c.left));
	choose(&c, call, failure);
	buf_adds(out, "<div class=\"log\">\n");
	add_rows(out, &c, call, failure);
	buf_adds(out, "</div>\n");
	free(c.shown);
	free(c.left);
	return true;
}
