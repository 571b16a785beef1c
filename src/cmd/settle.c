/* settle.c - results: in the order of the plan, however the tests end, and counted when they are told */
#include "cmd/settle.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/script.h"

void settle_init(struct settle *s, struct report *report, const struct plan *p)
{
	*s = (struct settle){.report = report, .plan = p, .failed = p->ntests, .end = p->ntests};
	s->waiting = xcalloc(p->ntests, sizeof(*s->waiting));
}

static void drop(struct settled *d)
{
	if (d->point)
		point_free(d->point);
	free(d->point);
	d->point = NULL;
}

void settle_free(struct settle *s)
{
	for (size_t i = s->told; i < s->plan->ntests; i++)
		drop(&s->waiting[i]);
	free(s->waiting);
}

/* Tell what has its turn. */
static void tell(struct settle *s)
{
	while (!s->silenced && s->told < s->end && s->waiting[s->told].point) {
		struct settled *d = &s->waiting[s->told++];

		s->counts[d->class]++;
		if (report_point(s->report, d->point) < 0)
			s->silenced = errno;
		drop(d);
	}
}

static void set_place(struct point *p, const struct plan_test *t)
{
	free(p->name);
	p->name = xstrdup(t->name);
	p->script = xstrdup(t->file->path);
	p->test = xstrdup(t->own_name ? t->own_name : t->name);
	p->line = t->line;
}

static void settle(struct settle *s, size_t number, struct point *result, enum settle_class class)
{
	struct settled *d = &s->waiting[number];

	assert(number >= s->told && !d->point);
	set_place(result, &s->plan->tests[number]);
	d->point = xmalloc(sizeof(*d->point));
	*d->point = *result;
	d->class = class;
	d->skipped = result->verdict == VERDICT_SKIPPED;
	if (class != SETTLE_GOOD && number < s->failed)
		s->failed = number;
	s->finished++;
	tell(s);
}

void settle_result(struct settle *s, size_t number, struct point *result)
{
	const char *xfail = s->plan->tests[number].xfail;
	bool bad;

	if (xfail && !result->todo)
		result->todo = xstrdup(xfail);
	if (point_is_unexpected(result))
		point_add_note(result, POINT_UNEXPECTED);
	bad = point_has_failed(result);
	settle(s, number, result, !bad ? SETTLE_GOOD : result->infra ? SETTLE_INFRA : SETTLE_FAILED);
}

void settle_infra(struct settle *s, size_t number, const char *why)
{
	struct point result = {.verdict = VERDICT_FAILED, .reason = xstrdup(why), .infra = true};

	settle_result(s, number, &result);
}

void settle_uncompiled(struct settle *s, size_t number)
{
	const char *text = s->plan->tests[number].file->error, *error = strstr(text, ": error: "), *rest;
	size_t line = strcspn(text, "\n");
	struct point result = {.verdict = VERDICT_FAILED, .reason = xstrndup(text, line)};

	if (error && error < text + line && error > text && error[-1] >= '0' && error[-1] <= '9') /* "FILE:LINE: error: ..." */
		result.at = xstrndup(text, (size_t)(error - text));
	rest = text + line + (text[line] == '\n');
	if (text_starts(rest, SCRIPT_SOURCE_INDENT)) {
		size_t n = strcspn(rest, "\n"), indent = strlen(SCRIPT_SOURCE_INDENT);
		cleanup_free char *source = xstrndup(rest + indent, n - indent);

		point_add_field(&result, "source", source);
		rest += n;
	}
	if (*rest)
		point_add_field(&result, "diagnostics", text);
	settle(s, number, &result, SETTLE_UNCOMPILED);
}

void settle_skipped(struct settle *s, size_t number)
{
	struct point result = {.verdict = VERDICT_SKIPPED, .reason = xstrdup(s->plan->tests[number].skip)};

	settle_result(s, number, &result);
}

/* Skip what has not ended before test @end: test @number was the last to be waited for. */
static void skip_up_to(struct settle *s, size_t end, size_t number, const char *what)
{
	for (size_t i = s->told; i < end; i++) {
		struct point result = {.verdict = VERDICT_SKIPPED};

		if (i < s->told || s->waiting[i].point)
			continue;
		result.reason = xasprintf("not run: \"%s\" %s", s->plan->tests[number].name, what);
		settle_result(s, i, &result);
	}
}

void settle_before(struct settle *s, size_t number)
{
	s->end = number + 1;
	skip_up_to(s, number, number, "has called bail_out()");
}

void settle_rest(struct settle *s)
{
	skip_up_to(s, s->plan->ntests, s->failed, "has failed (--fail-fast)");
}

void settle_cached(struct settle *s, size_t number, const char *when)
{
	cleanup_free char *text = xasprintf("passed %s", when);
	struct point result = {.verdict = VERDICT_PASSED};

	point_add_field(&result, "cached", text);
	settle_result(s, number, &result);
}

/* The same failure without its details, which another point has. */
static void copy_short(struct point *to, const struct point *from, size_t told_by)
{
	*to = (struct point){.verdict = from->verdict, .infra = from->infra, .told_by = told_by};
	if (from->at)
		to->at = xstrdup(from->at);
	if (from->todo)
		to->todo = xstrdup(from->todo);
}

void settle_like_setup(struct settle *s, size_t number, const struct point *setup, const char *name, size_t *told_by)
{
	const char *why = setup->reason ? setup->reason : "no reason given";
	bool failed = point_has_failed(setup);
	struct point result;

	if (failed && *told_by) {
		copy_short(&result, setup, *told_by);
	} else {
		point_copy_result(&result, setup);
		free(failed ? steal(result.reason) : NULL);
		*told_by = number + 1;
	}
	if (failed)
		result.reason = name ? xasprintf("setup \"%s\" failed: %s", name, why) : xasprintf("setup failed: %s", why);
	settle_result(s, number, &result);
}

enum exit_status settle_status(const struct settle *s)
{
	return s->counts[SETTLE_FAILED]       ? EXIT_FAILED
	       : s->counts[SETTLE_INFRA]      ? EXIT_INFRA
	       : s->counts[SETTLE_UNCOMPILED] ? EXIT_WRONG
					      : EXIT_PASSED;
}
