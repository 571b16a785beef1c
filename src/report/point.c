/* point.c - what became of one test: the point that every report prints */
#include "report/point.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

static const char *const verdict_names[] = {"passed", "failed", "skipped"};
static_assert(ARRAY_SIZE(verdict_names) == VERDICT_SKIPPED + 1, "a name for each verdict");

/* What tap.c writes from the members of a result. */
static const char *const reserved_keys[] = {"message", "severity", "infra", "at", "subtests", "told_by", "duration_ms"};

const char *verdict_name(enum verdict v)
{
	return (size_t)v < ARRAY_SIZE(verdict_names) ? verdict_names[v] : verdict_names[VERDICT_FAILED];
}

bool point_is_ok(const struct point *r)
{
	return r->verdict == VERDICT_PASSED || r->verdict == VERDICT_SKIPPED;
}

bool point_has_failed(const struct point *r)
{
	return !point_is_ok(r) && (!r->todo || r->infra);
}

bool point_is_unexpected(const struct point *r)
{
	return r->todo && r->verdict == VERDICT_PASSED;
}

enum verdict point_counts_as(const struct point *r)
{
	return point_has_failed(r) ? VERDICT_FAILED : point_is_ok(r) ? r->verdict : VERDICT_SKIPPED;
}

const char *point_verdict_name(const struct point *r)
{
	return point_is_ok(r) || point_has_failed(r) ? verdict_name(r->verdict) : "todo";
}

void point_free(struct point *r)
{
	for (size_t i = 0; i < r->nfields; i++) {
		free(r->fields[i].key);
		free(r->fields[i].value);
	}
	for (size_t i = 0; i < r->nnotes; i++)
		free(r->notes[i]);
	for (size_t i = 0; i < r->nsubpoints; i++)
		point_free(&r->subpoints[i]);
	free(r->fields);
	free(r->notes);
	free(r->subpoints);
	free(r->name);
	free(r->script);
	free(r->test);
	free(r->reason);
	free(r->at);
	free(r->todo);
	trace_free(r->trace);
	*r = (struct point){0};
}

static char *clean_key(const char *key)
{
	char *clean = xstrndup(*key ? key : "_", POINT_KEY_MAX);

	for (char *p = clean; *p; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p = (char)(*p - 'A' + 'a');
		else if (*p < 'a' || *p > 'z')
			*p = '_';
	}
	return clean;
}

static bool key_is_taken(const struct point *r, const char *key)
{
	for (size_t i = 0; i < ARRAY_SIZE(reserved_keys); i++)
		if (strcmp(reserved_keys[i], key) == 0)
			return true;
	for (size_t i = 0; i < r->nfields; i++)
		if (strcmp(r->fields[i].key, key) == 0)
			return true;
	return false;
}

/* Takes ownership of @value. */
static void add(struct point *r, const char *key, char *value, bool number)
{
	char *clean = clean_key(key);

	if (r->nfields >= POINT_FIELDS_MAX || key_is_taken(r, clean)) {
		free(clean);
		free(value);
		return;
	}
	r->fields = xrealloc(r->fields, (r->nfields + 1) * sizeof(*r->fields));
	r->fields[r->nfields++] = (struct field){.key = clean, .value = value, .number = number};
}

void point_add_field(struct point *r, const char *key, const char *value)
{
	add(r, key, xstrndup(value, POINT_VALUE_MAX), false);
}

void point_add_number(struct point *r, const char *key, long long value)
{
	add(r, key, xasprintf("%lld", value), true);
}

void point_add_note(struct point *r, const char *text)
{
	if (r->nnotes >= POINT_NOTES_MAX) {
		r->notes_lost++;
		return;
	}
	r->notes = xrealloc(r->notes, (r->nnotes + 1) * sizeof(*r->notes));
	r->notes[r->nnotes++] = xstrndup(text, POINT_NOTE_MAX);
}

/* Room doubles at each power of two: a loop of subtests is not a loop of copies. */
static struct point *add_subpoint(struct point *r)
{
	size_t n = r->nsubpoints;

	if ((n & (n - 1)) == 0)
		r->subpoints = xrealloc(r->subpoints, (n ? 2 * n : 1) * sizeof(*r->subpoints));
	return &r->subpoints[r->nsubpoints++];
}

struct point *point_add_subpoint(struct point *r, const char *name, enum verdict v)
{
	struct point *sub;

	if (r->nsubpoints >= POINT_SUBPOINTS_MAX) {
		r->subpoints_lost++;
		return NULL;
	}
	sub = add_subpoint(r);
	*sub = (struct point){.name = xstrndup(name, POINT_NAME_MAX), .verdict = v};
	return sub;
}

static char *copy_text(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

void point_copy_result(struct point *to, const struct point *from)
{
	*to = (struct point){
		.verdict = from->verdict,
		.reason = copy_text(from->reason),
		.at = copy_text(from->at),
		.todo = copy_text(from->todo),
		.infra = from->infra,
		.subpoints_at = from->subpoints_at,
		.subpoints_lost = from->subpoints_lost,
	};
	for (size_t i = 0; i < from->nfields; i++)
		add(to, from->fields[i].key, xstrdup(from->fields[i].value), from->fields[i].number);
	for (size_t i = 0; i < from->nsubpoints; i++) {
		struct point *sub = add_subpoint(to);

		point_copy_result(sub, &from->subpoints[i]);
		sub->name = xstrdup(from->subpoints[i].name);
	}
}
