/* tap.h - the TAP stream, the only thing that vmtap writes to stdout
 *
 * A reporter (report.h) for harnesses, and the stream by itself:
 *
 *	struct tap tap;
 *	cleanup_point struct point r = {.name = xstrdup("boots"), .verdict = VERDICT_FAILED};
 *
 *	if (tap_open(&tap, err) < 0 || tap_plan(&tap, 1) < 0)
 *		return -1;
 *	r.reason = xstrdup("no reply after 3 tries");
 *	r.at = xstrdup("t/net.c:42");
 *	point_add_field(&r, "console", tail);
 *	tap_point(&tap, &r);
 *	tap_close(&tap);
 *
 * Any byte may stand in a name, a reason, a field or a note: all are cleaned,
 * escaped and bounded here, so that nothing that a guest or a script writes can
 * become a test point, break a parser or reach the CI runner as a command.
 */
#ifndef REPORT_TAP_H
#define REPORT_TAP_H

#include "base/buf.h"
#include "base/err.h"
#include "report/report.h"
#include "report/sink.h"

#define TAP_VERSION_MIN	   13
#define TAP_VERSION_MAX	   14
#define TAP_INDENT	   4	/* blanks in front of a nested stream */
#define TAP_NAME_MAX	   240	/* bytes of a test's name, a skip's or a bail-out's reason */
#define TAP_STRING_MAX	   4096 /* bytes of a quoted string; the middle of a longer one is left out */
#define TAP_LINE_MAX	   1000 /* bytes of a line in a block or a comment; a longer one is cut */
#define TAP_BLOCK_HEAD	   20	/* first lines of a longer block that are kept ... */
#define TAP_BLOCK_TAIL	   100	/* ... and last ones: a console's end says the most */
#define TAP_NOTE_LINES_MAX 100	/* lines of one comment */

/**
 * struct tap - The stream
 * @reporter:	Its face for report_add(), once it is open
 * @fd:		Private copy of the stdout we were started with, or -1
 * @sink:	The way there; a write that failed for good makes all later calls return -1
 * @version:	13 or 14
 * @planned:	Points promised by tap_plan()
 * @printed:	Points written
 * @opened:	The version line is out
 * @nested:	Subtests are streams of their own in the point's, as TAP 14 has them; set after tap_open(), with @version 14
 * @told:	It was said that stdout is gone
 * @github:	Guest text must be kept from the Actions runner
 * @held:	Comments that came before the plan, which must be on line 2
 */
struct tap {
	struct reporter reporter;
	int fd;
	struct sink sink;
	int version;
	size_t planned, printed;
	bool opened, told, github, nested;
	struct buf held;
};

/**
 * tap_open() - Take stdout
 * @t:		Set in any case
 * @err:	"cannot write to standard output: ..."
 *
 * Keeps a close-on-exec copy of fd 1 for the stream and points fd 1 at stderr,
 * so that nothing else (a script's printf, QEMU, a library) can write into it.
 * Descriptors 0, 1 and 2 that were closed are opened on /dev/null, so that no
 * later open() lands there. Call it before anything else opens a file.
 * TAP_VERSION (set by prove 3.44 and later) and GITHUB_ACTIONS are looked at.
 *
 * The caller ignores SIGPIPE, or a reader that goes away kills us before the
 * machines are torn down.
 *
 * Return: 0, or -1 when stdout is closed
 */
int tap_open(struct tap *t, struct err *err);

/* Close our copy of stdout and print nothing more. For the end, and for forked children. */
void tap_close(struct tap *t);

/*
 * Each of these writes at once, in one write(2) when the reader keeps up.
 * Return: 0, or -1 with errno when stdout is gone or full, which was then told
 * on stderr once: tear down, exit 3. EINTR: the run is to end, and the reader
 * was too slow to wait for (sink.h).
 */

/* The version line and the plan, known before anything runs. @n is at least 1. */
int tap_plan(struct tap *t, size_t n);

/* The whole output of a run in which nothing is to be done: "1..0 # SKIP reason". */
int tap_skip_all(struct tap *t, const char *reason);

/* The next point: its notes, its line, its details. Points come in plan order and number themselves. */
int tap_point(struct tap *t, const struct point *r);

/* A comment, "# " on each of its lines; before tap_plan() it is held back. Keep them few. */
int tap_comment(struct tap *t, const char *text);

/*
 * "Bail out!", which makes a harness stop everything, other scripts too: only
 * for a run that was interrupted or an environment that is useless. Tear down
 * first, exit with another status than 0 afterwards.
 */
int tap_bail_out(struct tap *t, const char *reason);

/* The formatters behind the above: pure, for tests and other reports. */

/* Return: the version to speak to a harness that sets TAP_VERSION to @wish (NULL: not set) */
int tap_choose_version(const char *wish);
/* Append the point of @r with its notes and its YAML block. */
void tap_format_point(struct buf *out, size_t number, const struct point *r, bool github);
/* The same with subtests as indented streams in front of the point. */
void tap_format_nested(struct buf *out, size_t number, const struct point *r, bool github);
/* Append @text as comment lines. */
void tap_format_comment(struct buf *out, const char *text, bool github);
/* Append @text as a description or a directive's reason: one line, not empty, nothing special. */
void tap_format_name(struct buf *out, const char *text);

#endif
