/* timeline.h - a test's trace as HTML: machines and calls as bars over time, and what was said around its failure */
#ifndef REPORT_TIMELINE_H
#define REPORT_TIMELINE_H

#include "base/buf.h"
#include "report/trace.h"

#define TIMELINE_CALLS_MAX 400 /* bars of calls in a row: the last ones */

/* Append microseconds as seconds, "1.234", whatever the locale. */
void timeline_add_time(struct buf *out, uint64_t us);

/* Return: what a machine does from this event of its life on (enum trace_life), for people; NULL when it is off. */
const char *timeline_life_text(unsigned life);

/* Append a row of bars for each machine that was used. Nothing for a trace without events. */
void timeline_format(struct buf *out, const struct trace *t);

/**
 * timeline_format_moment() - Append the failing call, or failure, in the middle of what each console said then
 *
 * Return: whether there was one
 */
bool timeline_format_moment(struct buf *out, const struct trace *t);

#endif
