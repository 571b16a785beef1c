/* tap_read.h - the TAP of another program: versions 12 to 14, KTAP, and kselftest's "# ok 1 name"
 *
 * Pure, of any bytes. A point within another one stands in front of it and further to the right, by blanks or "# "; its
 * name is "OUTER / INNER". Numbers are dropped, and names made unique: "name", "name (2)".
 */
#ifndef REPORT_TAP_READ_H
#define REPORT_TAP_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define TAP_READ_POINTS_MAX 2000 /* more are counted only */
#define TAP_READ_NAME_MAX   400	 /* bytes; the rest of a longer name is cut */
#define TAP_READ_NOTES_MAX  2000 /* bytes of a point's YAML block */
#define TAP_READ_COLUMNS    64	 /* what stands further to the right is no TAP */

enum tap_directive { TAP_NONE, TAP_SKIP, TAP_TODO };

/**
 * struct tap_read_point - A point; a plan that was not kept and a bail-out are failed ones
 * @why:	The directive's reason, "" without one
 * @notes:	The lines of its YAML block
 */
struct tap_read_point {
	char *name, *why;
	struct buf notes;
	size_t column;
	bool ok;
	enum tap_directive directive;
};

/**
 * struct tap_read - What was read
 * @failed:	Points that fail: "not ok" without a directive
 * @lost:	Points beyond TAP_READ_POINTS_MAX
 * @planned, @counted: By column, while it is read: points promised, plus one, and seen
 */
struct tap_read {
	struct tap_read_point *points;
	size_t npoints, failed, lost;
	size_t planned[TAP_READ_COLUMNS], counted[TAP_READ_COLUMNS];
};

/* Read @n bytes into @t, which is overwritten. */
void tap_read(struct tap_read *t, const char *text, size_t n);
void tap_read_free(struct tap_read *t);

/* Return: whether the point fails its test. */
bool tap_read_has_failed(const struct tap_read_point *p);

#endif
