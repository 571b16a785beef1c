/* events.h - a run as events, one JSON object a line, for programs: --json
 *
 * The contract is in vmtap(1), EVENTS: names are added, and none changes its meaning while EVENTS_SCHEMA stays.
 *
 *	{"event":"run","schema":1,"vmtap":"0.1.0","time":"2026-11-27T01:02:03Z"}
 *	{"event":"plan","tests":2}
 *	{"event":"call","test":1,"ms":12.034,"machine":"web","call":"web.succeed(\"true\")",...,"answer":"ok",...}
 *	{"event":"point","test":1,"name":"page","verdict":"failed",...}
 *	{"event":"end","passed":1,"failed":1,"skipped":0,"duration_ms":2012.000,"phases":{...}}
 */
#ifndef REPORT_EVENTS_H
#define REPORT_EVENTS_H

#include "base/buf.h"
#include "base/err.h"
#include "report/phases.h"
#include "report/sink.h"

#define EVENTS_SCHEMA 1

/**
 * struct events - The reporter
 * @path:	The file; not owned
 * @fd:		Of it, or -1
 * @phases:	What to tell at the end
 * @number:	Points so far
 * @verdicts:	How many of each
 * @lost:	It was said that the rest cannot be written
 * @started:	CLOCK_MONOTONIC, ns
 */
struct events {
	struct reporter reporter;
	const char *path;
	int fd;
	struct sink sink;
	const struct phases *phases;
	size_t number, verdicts[VERDICT_SKIPPED + 1];
	bool lost;
	uint64_t started;
};

/**
 * events_open() - Begin, with an empty file; a FIFO or "/dev/fd/3" is one, too
 * @version:	vmtap's
 *
 * Return: 0, or -1 when it cannot be
 */
int events_open(struct events *e, const char *path, const char *version, const struct phases *phases, struct err *err);
void events_close(struct events *e);

/* Append a text of any bytes as a JSON string: valid UTF-8, what is no character becomes U+FFFD. Pure, for tests. */
void events_add_string(struct buf *out, const char *text);
/* Append the lines of a point; @number 0 is a setup. Pure, for tests. */
void events_format_point(struct buf *out, size_t number, const struct point *p);

#endif
