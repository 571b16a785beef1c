/* point.h - what became of one test: the point that every report prints */
#ifndef REPORT_POINT_H
#define REPORT_POINT_H

#include <stdbool.h>
#include <stddef.h>

#include "report/trace.h"

#define POINT_NOTES_MAX  200 /* comments kept for a point: a script may note() in a loop */
#define POINT_FIELDS_MAX 32  /* fields kept for a point: the dialect uses about ten */
#define POINT_SUBPOINTS_MAX 2000 /* sub-points kept for a point: a subtest() may stand in a loop */
#define POINT_DEPTH_MAX	    16	 /* sub-points in sub-points: beyond, they are dropped */

/* Bytes of texts, which are cut; a test's process could send any number. */
#define POINT_KEY_MAX	64	  /* of a field's key */
#define POINT_VALUE_MAX (1 << 20) /* of a field's value: consoles of all machines are the longest */
#define POINT_NOTE_MAX	(1 << 16) /* of a comment */
#define POINT_NAME_MAX	4096	  /* of a sub-point's name */

enum verdict { VERDICT_PASSED, VERDICT_FAILED, VERDICT_SKIPPED };

/* Return: "passed", "failed" or "skipped" */
const char *verdict_name(enum verdict v);

/**
 * struct field - A named detail of a result
 * @key:	[a-z_]+
 * @value:	Text of any bytes; several lines are shown as such
 * @number:	@value is a number as JSON writes one, to be shown without quotes
 */
struct field {
	char *key, *value;
	bool number;
};

/**
 * struct point - One test point; every pointer is owned (malloc'd)
 * @name:	Its name; what TAP cannot carry is replaced when it is printed
 * @script, @test, @line: Where it comes from: the script's path, its name there, the line of its declaration from 1;
 *		NULL, NULL and 0 for what has no such place. (@name may say more than @test)
 * @verdict:	What became of it
 * @reason:	Why it was skipped, or the message of its failure; NULL for none
 * @at:		"file:line" of the failure, or NULL
 * @todo:	Why it is expected to fail, or NULL: a failure is none then, unless @infra
 * @infra:	The infrastructure failed, not the test
 * @told_by:	Number of the point that tells the same failure in full, from 1, as of tests that begin with one setup; 0: this
 *		one does
 * @fields:	In the order of their output: command, exit_status, signal,
 *		stdout, stderr, console, accel, ...
 * @notes:	Comments, printed before the point
 * @notes_lost:	How many more were dropped (POINT_NOTES_MAX)
 * @duration_ms: How long it took; negative or 0 is not shown
 * @subpoints:	Its subtests, in the order in which they began; each is a point with a name, a verdict,
 *		and where they are known a reason, a place, fields and sub-points of its own
 * @subpoints_lost: How many more were dropped (POINT_SUBPOINTS_MAX)
 * @trace:	What happened, or NULL; owned
 * @subpoints_at: How many of @fields stand in front of the sub-points where a report shows both in one list
 *
 * Start with `= {0}` (`cleanup_point struct point r = {...}`), end with
 * point_free().
 */
struct point {
	char *name;
	char *script, *test;
	int line;
	enum verdict verdict;
	char *reason;
	char *at;
	char *todo;
	bool infra;
	size_t told_by;
	struct field *fields;
	size_t nfields;
	char **notes;
	size_t nnotes, notes_lost;
	double duration_ms;
	struct point *subpoints;
	size_t nsubpoints, subpoints_lost, subpoints_at;
	struct trace *trace;
};

void point_free(struct point *r);
#define cleanup_point __attribute__((cleanup(point_free)))

#define POINT_UNEXPECTED "passed though it was expected to fail: remove .xfail or todo()"

/* Return: verdict_name() of the point, or "todo" when it failed as expected. */
const char *point_verdict_name(const struct point *r);

/* Return: whether the point is "ok". A verdict comes from another process, so whatever is not a known good one is not. */
bool point_is_ok(const struct point *r);

/* Return: whether the point fails the run: it is "not ok", and that is not what was expected. */
bool point_has_failed(const struct point *r);

/* Return: whether it has passed against what was expected: POINT_UNEXPECTED. */
bool point_is_unexpected(const struct point *r);

/* Return: what it counts as, a known verdict; an expected failure is a skip. */
enum verdict point_counts_as(const struct point *r);

/**
 * point_add_field() - Add a detail
 * @key:	Copied, cut at POINT_KEY_MAX; letters become lower case, all but [a-z_] becomes '_'
 * @value:	Copied, cut at POINT_VALUE_MAX
 *
 * A key that is there already keeps its first value, because the first failure
 * of a test is the one that explains it and because YAML refuses the same key
 * twice. The keys that the report makes itself (message, severity, infra, at,
 * subtests, told_by, duration_ms) and everything after POINT_FIELDS_MAX are dropped likewise.
 */
void point_add_field(struct point *r, const char *key, const char *value);

/* Add a detail that is a whole number: point_add_number(r, "exit_status", 3). */
void point_add_number(struct point *r, const char *key, long long value);

/* Add a comment, copied and cut at POINT_NOTE_MAX; several lines are one comment. */
void point_add_note(struct point *r, const char *text);

/**
 * point_add_subpoint() - Add a subtest
 * @name:	Copied, cut at POINT_NAME_MAX
 *
 * Return: the sub-point, to be filled in, which stays at its place until the next one is added to @r; NULL when there
 * are POINT_SUBPOINTS_MAX, and then it is counted as lost
 */
struct point *point_add_subpoint(struct point *r, const char *name, enum verdict v);

/**
 * point_copy_result() - Copy what became of a test, to say it of another
 * @to:		Overwritten: all of @from but its name and place, its notes, its duration and its trace, which are of
 *		one place in the output
 */
void point_copy_result(struct point *to, const struct point *from);

#endif
