/* phases.h - where the time of a run went: boots, copies, setups, tests; how many, their sum, the slowest */
#ifndef REPORT_PHASES_H
#define REPORT_PHASES_H

#include "base/buf.h"
#include "report/report.h"

/**
 * struct phase_sum - One kind
 * @sum, @slowest: Milliseconds
 * @who:	Which was the slowest; owned, NULL for none
 */
struct phase_sum {
	size_t count;
	double sum, slowest;
	char *who;
};

/**
 * struct phases - A reporter that only counts: add it before those that show what it has counted
 */
struct phases {
	struct reporter reporter;
	struct phase_sum sums[TRACE_PHASES];
};

void phases_init(struct phases *p);
void phases_free(struct phases *p);

/* Return: whether there is more to say than how long the tests took: a machine was used. */
bool phases_are_worth_it(const struct phases *p);

/* Append the table as lines of text; nothing when it is not worth it. */
void phases_format(struct buf *out, const struct phases *p);

/* Append a name and a newline; "..." stands for what is wider than so many bytes. */
void phases_add_name(struct buf *out, const char *name, size_t width);

#endif
