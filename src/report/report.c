/* report.c - what a run says of itself, to as many reporters as listen */
#include "report/report.h"

#include <errno.h>
#include <stdarg.h>

#include "base/buf.h"
#include "report/sink.h"

/* Call an operation of all reporters that have it. */
#define TELL(report, op, ...)                                             \
	for (struct reporter *r = (report)->first; r; r = r->next)        \
		if (r->ops->op)                                           \
	r->ops->op(r, ##__VA_ARGS__)

/* The same with an operation that may fail: the first errno is kept. */
#define ASK(report, op, ...)                                              \
	int why = 0;                                                      \
	for (struct reporter *r = (report)->first; r; r = r->next)        \
		if (r->ops->op && r->ops->op(r, ##__VA_ARGS__) < 0 && !why) \
			why = errno;                                      \
	errno = why;                                                      \
	return why ? -1 : 0

void report_add(struct report *report, struct reporter *r)
{
	struct reporter **at = &report->first;

	while (*at)
		at = &(*at)->next;
	r->next = NULL;
	*at = r;
}

int report_plan(struct report *report, size_t n, const char *nothing)
{
	ASK(report, plan, n, nothing);
}

int report_point(struct report *report, const struct point *p)
{
	ASK(report, point, p);
}

void report_setup(struct report *report, const struct point *setup)
{
	TELL(report, setup, setup);
}

int report_comment(struct report *report, const char *text)
{
	ASK(report, comment, text);
}

void report_notice(struct report *report, const char *fmt, ...)
{
	cleanup_buf struct buf text = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	TELL(report, notice, buf_str(&text));
}

void report_status(struct report *report, const struct report_status *s)
{
	TELL(report, status, s);
}

int report_bail_out(struct report *report, const char *reason)
{
	ASK(report, bail_out, reason);
}

int report_end(struct report *report)
{
	ASK(report, end);
}

void report_interrupt(struct report *report, int fd)
{
	for (struct reporter *r = report->first; r; r = r->next)
		if (r->sink)
			r->sink->interrupt = fd;
}

void report_hurry(struct report *report, uint64_t deadline)
{
	for (struct reporter *r = report->first; r; r = r->next)
		if (r->sink)
			sink_hurry(r->sink, deadline);
}

void report_forget(struct report *report)
{
	TELL(report, forget);
}
