/* stages.c - setups with names: which there are, and which of them each test and each setup begins with */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/compiled.h"
#include "script/internals.h"

#define UNKNOWN SCRIPT_NOTHING /* told; never left in a script that compiles */

static int find(const struct script *s, const char *name)
{
	for (size_t i = 0; i < s->stage_count; i++)
		if (strcmp(s->stages[i].name, name) == 0)
			return (int)i;
	return UNKNOWN;
}

static void add(struct script *s, const struct vmtap_test *t, struct diagnostics *d)
{
	int other = find(s, t->name);

	if (!*t->name || strpbrk(t->name, "\r\n"))
		diagnose(d, t->file, t->line, "the name of a setup is one line that is not empty");
	if (t->timeout != 0 || t->skip || t->needs || t->xfail || t->health)
		diagnose(d, t->file, t->line, "a setup has no %s; give it to the tests",
			 t->skip    ? ".skip"
			 : t->needs ? ".needs"
			 : t->health ? ".health"
			 : t->xfail ? ".xfail"
				    : ".timeout");
	if (other >= 0)
		diagnose(d, t->file, t->line, "there are two setups \"%s\"; the other is at %s:%d", t->name,
			 s->stages[other].file, s->stages[other].line);
	s->stage_bodies[s->stage_count] = t->run;
	s->stages[s->stage_count++] = (struct script_stage){t->name, t->file, t->line, SCRIPT_BASE};
}

/* Return: what a declaration begins with; UNKNOWN when that was told. */
static int resolve(const struct script *s, const struct vmtap_test *t, struct diagnostics *d)
{
	const char *names[SCRIPT_STAGES_MAX + 1] = {NULL}, *near;
	int stage = t->from ? find(s, t->from) : SCRIPT_BASE;

	if (stage != UNKNOWN)
		return stage;
	for (size_t i = 0; i < s->stage_count; i++)
		names[i] = s->stages[i].name;
	near = text_nearest(t->from, names);
	if (near)
		diagnose(d, t->file, t->line, "there is no setup \"%s\" to begin with; did you mean \"%s\"?", t->from, near);
	else
		diagnose(d, t->file, t->line, "there is no setup \"%s\" to begin with", t->from);
	return UNKNOWN;
}

/* Tell of a setup that begins with what it leaves itself, at the first that is in the circle. */
static void check_circle(const struct script *s, int stage, struct diagnostics *d)
{
	const struct script_stage *own = &s->stages[stage];
	int at = own->parent;

	for (size_t n = 0; n < s->stage_count && at >= 0; n++) {
		if (at < stage)
			return; /* told there, if it is in the circle */
		if (at == stage) {
			diagnose(d, own->file, own->line, "the setup \"%s\" begins with \"%s\", which begins with it", own->name,
				 s->stages[own->parent].name);
			return;
		}
		at = s->stages[at].parent;
	}
}

void stages_read(struct script *s, struct diagnostics *d)
{
	size_t bytes, test = 0, stage = 0;
	const struct vmtap_test *t = internals_section(s->code, "vmtap_tests", &bytes);
	size_t n = bytes / sizeof(*t);

	s->stages = xcalloc(SCRIPT_STAGES_MAX, sizeof(*s->stages));
	s->stage_bodies = xcalloc(SCRIPT_STAGES_MAX, sizeof(*s->stage_bodies));
	if (!s->tests) /* too many of all; that was told */
		return;
	for (size_t i = 0; i < n; i++) {
		if (!t[i].stage)
			continue;
		if (s->stage_count == SCRIPT_STAGES_MAX) {
			diagnose(d, t[i].file, t[i].line, "more than %d setups have names", SCRIPT_STAGES_MAX);
			return;
		}
		add(s, &t[i], d);
	}
	for (size_t i = 0; i < n; i++) {
		if (t[i].stage)
			s->stages[stage++].parent = resolve(s, &t[i], d);
		else if (t[i].name)
			s->tests[test++].stage = resolve(s, &t[i], d);
	}
	for (size_t i = 0; i < s->stage_count; i++)
		check_circle(s, (int)i, d);
}
