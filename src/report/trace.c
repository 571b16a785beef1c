/* trace.c - what happened in a test, in the order of time */
#include "report/trace.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static const char *const kinds[] = {"machine", "call", "console", "failure", "note", "subtest", "phase", "journal"};
static const char *const lives[] = {"making", "boot", "template", "frozen", "setup", "checkpoint", "up", "off", "lost"};
static const char *const answers[] = {"ok", "failed", "timed_out", "lost", "refused", "overtime", "unanswered"};
static const char *const phases[] = {"boot", "copy", "setup", "test"};
static_assert(ARRAY_SIZE(kinds) == TRACE_KINDS, "a word for every kind");
static_assert(ARRAY_SIZE(lives) == TRACE_LIVES, "a word for every turn of a life");
static_assert(ARRAY_SIZE(answers) == TRACE_ANSWERS, "a word for every answer");
static_assert(ARRAY_SIZE(phases) == TRACE_PHASES, "a word for every phase");

const char *trace_kind_name(enum trace_kind kind)
{
	return kinds[kind];
}

const char *trace_phase_name(enum trace_phase phase)
{
	return phases[phase];
}

/* The number is another process's. */
static const char *word(const char *const *words, size_t n, unsigned i)
{
	return i < n ? words[i] : "";
}

const char *trace_how_name(const struct trace_event *e)
{
	if (e->kind == TRACE_MACHINE)
		return word(lives, ARRAY_SIZE(lives), e->how);
	if (e->kind == TRACE_CALL)
		return word(answers, ARRAY_SIZE(answers), e->how);
	if (e->kind == TRACE_PHASE)
		return word(phases, ARRAY_SIZE(phases), e->how);
	return e->kind == TRACE_SUBTEST ? e->how ? "failed" : "passed" : "";
}

const char *trace_answer_text(const struct trace_event *e)
{
	return e->how == ANSWER_TIMED_OUT ? "timed out" : e->how == ANSWER_OVERTIME ? "the test's time was over" : trace_how_name(e);
}

struct trace *trace_new(void)
{
	struct trace *t = xcalloc(1, sizeof(*t));

	t->last_call = SIZE_MAX;
	return t;
}

static void drop(struct trace_event *e)
{
	free(e->text);
	free(e->place);
	free(e->reason);
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->nevents; i++)
		drop(&t->events[i]);
	for (size_t i = 0; i < t->nmachines; i++)
		free(t->machines[i]);
	for (size_t i = 0; i < t->npictures; i++) {
		free(t->pictures[i].name);
		free(t->pictures[i].png);
	}
	free(t->events);
	free(t->machines);
	free(t);
}

void trace_add_machine(struct trace *t, const char *name)
{
	t->machines = xrealloc(t->machines, (t->nmachines + 1) * sizeof(*t->machines));
	t->machines[t->nmachines++] = xstrndup(name, TRACE_TEXT_MAX);
}

/* ---- bounds ---- */

static size_t weigh(const struct trace_event *e)
{
	size_t n = 0;

	if (e->kind == TRACE_JOURNAL)
		return 0;
	n += e->text ? strlen(e->text) : 0;
	n += e->place ? strlen(e->place) : 0;
	return n + (e->reason ? strlen(e->reason) : 0);
}

/* What a console says goes before what the script did. */
static bool may_go(const struct trace *t, size_t i, bool consoles)
{
	enum trace_kind kind = t->events[i].kind;

	if (kind == TRACE_CONSOLE)
		return consoles;
	return !consoles && i != t->last_call && kind != TRACE_JOURNAL;
}

/* Drop the older half of the console lines, or where they are not what fills it, of all the rest. */
static void trim(struct trace *t)
{
	size_t lines = 0, bytes = 0, drops, kept = 0;
	bool consoles;

	for (size_t i = 0; i < t->nevents; i++) {
		lines += t->events[i].kind == TRACE_CONSOLE;
		bytes += t->events[i].kind == TRACE_CONSOLE ? weigh(&t->events[i]) : 0;
	}
	consoles = lines > TRACE_EVENTS_MAX / 4 || bytes > TRACE_BYTES_MAX / 4;
	drops = (consoles ? lines : t->nevents - lines) / 2;
	for (size_t i = 0; i < t->nevents; i++) {
		if (drops && may_go(t, i, consoles)) {
			t->bytes -= weigh(&t->events[i]);
			drop(&t->events[i]);
			t->lost++;
			drops--;
			continue;
		}
		if (i == t->last_call)
			t->last_call = kept;
		t->events[kept++] = t->events[i];
	}
	t->nevents = kept;
}

/* ---- adding ---- */

struct trace_event *trace_add(struct trace *t, enum trace_kind kind, uint64_t at, int machine, const char *text)
{
	size_t n = text ? strlen(text) : 0;
	struct trace_event *e;

	if (kind == TRACE_JOURNAL && t->journals++ >= TRACE_JOURNALS)
		return NULL;
	if (kind == TRACE_JOURNAL && n > TRACE_JOURNAL_MAX)
		text += n - TRACE_JOURNAL_MAX;
	if (t->nevents >= TRACE_EVENTS_MAX || t->bytes > TRACE_BYTES_MAX)
		trim(t);
	if ((t->nevents & (t->nevents - 1)) == 0) /* doubles, also after a trim */
		t->events = xrealloc(t->events, (t->nevents ? 2 * t->nevents : 1) * sizeof(*t->events));
	e = &t->events[t->nevents++];
	*e = (struct trace_event){.kind = kind, .at = at, .machine = machine};
	if (text)
		e->text = xstrndup(text, kind == TRACE_JOURNAL ? TRACE_JOURNAL_MAX : TRACE_TEXT_MAX);
	t->bytes += weigh(e);
	if (kind == TRACE_CALL)
		t->last_call = t->nevents - 1;
	return e;
}

bool trace_add_picture(struct trace *t, const char *name, int machine, const void *png, size_t size)
{
	struct trace_picture *p = &t->pictures[t->npictures];

	if (t->npictures == TRACE_PICTURES || t->picture_bytes + size > TRACE_PICTURES_MAX)
		return false;
	*p = (struct trace_picture){xstrndup(name, TRACE_TEXT_MAX), machine, xmalloc(size + 1), size};
	memcpy(p->png, png, size);
	t->npictures++;
	t->picture_bytes += size;
	return true;
}

void trace_set(struct trace *t, char **field, const char *text)
{
	if (*field || !*text)
		return;
	*field = xstrndup(text, TRACE_TEXT_MAX);
	t->bytes += strlen(*field);
}

struct trace_event *trace_last_call(struct trace *t)
{
	return t->last_call < t->nevents ? &t->events[t->last_call] : NULL;
}

const char *trace_machine(const struct trace *t, const struct trace_event *e)
{
	return e->machine >= 0 && (size_t)e->machine < t->nmachines ? t->machines[e->machine] : "";
}
