/* tap.c - the TAP stream, the only thing that vmtap writes to stdout
 *
 * Theory of operation
 *
 * TAP has a dozen readers and each breaks on something that the others accept.
 * What is written here is the part that all of them read alike:
 *
 *	TAP version 13			line 1; 14 only to a harness that asks for it
 *	1..2				line 2: who counts notices when we are killed
 *	ok 1 - name			numbered in order, names without '#' and '\'
 *	not ok 2 - name
 *	  ---				straight after its point
 *	  message: "one scalar"		a key, a number or a quoted string
 *	  console: |			several lines: each behind "> ", so that none
 *	    > ok 3 - said by a guest	is blank, indented, or looks like TAP
 *	  ...
 *
 * - A skipped point is "ok ... # SKIP reason", whatever happened in it. One that is
 *   expected to fail is "not ok ... # TODO why", or "ok ... # TODO why".
 * - In names and reasons '#', '\' and a last '{' become their full-width twins:
 *   half of the readers do not know the escapes.
 * - Quoted strings know only the escapes that prove's YAML subset has; other
 *   bytes appear as \xHH, so that `found` and `wanted` never look equal when
 *   they are not. Blocks are for people: they are cleaned instead.
 * - A block that would be empty is left out: prove fails the whole stream on it.
 * - Numbers are made of integers: printf("%f") would follow the locale.
 * - In GitHub Actions and Azure Pipelines a "##[command]" anywhere in a line is
 *   obeyed, even behind "# " or "> ", so it is broken in whatever a guest may
 *   have written.
 *
 * A point with its block is put together in memory and leaves with one write(2):
 * a crash cannot cut it, and a reader never waits for the rest. (A reader that is
 * slower than us gets it in parts: sink.c.)
 *
 * The stream is flat by default: the subtests of a point are a text in its block,
 * a line each. Nested (--tap=nested), they are a stream in front of the point,
 * indented by four, with a plan of its own behind "# Subtest: NAME". Its points
 * are numbered from 1 and have no block: the details are those of the point.
 */
#include "report/tap.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "report/excerpt.h"

#define STREAM_FD 100 /* lowest number for our copy of stdout, if there are as many: out of everybody's way */

#define FULL_HASH   "\xEF\xBC\x83" /* U+FF03 */
#define FULL_BSLASH "\xEF\xBC\xBC" /* U+FF3C */
#define FULL_BRACE  "\xEF\xBD\x9B" /* U+FF5B */

static const struct excerpt_layout comment_layout = {
	.prefix = "#", .lost = "#", .head = TAP_NOTE_LINES_MAX - 1, .tail = 1, .width = TAP_LINE_MAX};
static const struct excerpt_layout block_layout = {
	.prefix = "    >", .lost = "   ", .head = TAP_BLOCK_HEAD, .tail = TAP_BLOCK_TAIL, .width = TAP_LINE_MAX};

/* ---- text ---- */

static const char *name_twin(char c)
{
	return c == '#' ? FULL_HASH : c == '\\' ? FULL_BSLASH : NULL;
}

/* Append @text on one line: blanks become one space, line ends "; ", bad bytes U+FFFD. */
static void add_one_line(struct buf *out, const char *text)
{
	cleanup_buf struct buf clean = {0};
	size_t start = out->len;

	text_clean(&clean, text, strlen(text));
	for (const char *p = buf_str(&clean); *p;) {
		size_t gap = strspn(p, " \t\n");
		const char *twin = name_twin(p[gap]);

		if (gap && out->len > start && p[gap])
			buf_adds(out, memchr(p, '\n', gap) ? "; " : " ");
		p += gap;
		if (twin)
			buf_adds(out, twin);
		else if (*p)
			buf_addc(out, *p);
		p += *p != '\0';
	}
}

void tap_format_name(struct buf *out, const char *text)
{
	cleanup_buf struct buf line = {0};
	size_t n;

	add_one_line(&line, text);
	n = text_cut(buf_str(&line), line.len, TAP_NAME_MAX);
	if (n == 0)
		buf_adds(out, "(no name)");
	buf_add(out, line.data, n);
	if (n < line.len)
		buf_adds(out, "...");
	if (out->data[out->len - 1] == '{') {
		out->len--;
		buf_adds(out, FULL_BRACE);
	}
}

void tap_format_comment(struct buf *out, const char *text, bool github)
{
	excerpt_add(out, text, &comment_layout, github);
}

/* ---- YAML ---- */

/* Append a part of a quoted string; every byte can be told from every other. */
static void add_escaped(struct buf *out, const char *s, size_t n, bool github)
{
	for (size_t i = 0; i < n;) {
		size_t len = text_utf8_length(s + i, n - i);
		bool command = github && s[i] == '[' && text_is_command(s, i);

		if (s[i] == '"' || s[i] == '\\') {
			buf_addf(out, "\\%c", s[i++]);
		} else if (s[i] == '\n' || s[i] == '\t') {
			buf_adds(out, s[i++] == '\n' ? "\\n" : "\\t");
		} else if (len && text_is_printable(s + i, len) && !command) {
			buf_add(out, s + i, len);
			i += len;
		} else {
			buf_addf(out, "\\x%02x", (unsigned char)s[i++]);
		}
	}
}

static void add_quoted(struct buf *out, const char *s, bool github)
{
	size_t n = strlen(s), half = TAP_STRING_MAX / 2;

	buf_addc(out, '"');
	if (n <= TAP_STRING_MAX) {
		add_escaped(out, s, n, github);
	} else {
		size_t head = text_cut(s, n, half), tail = text_cut(s, n, n - half);

		add_escaped(out, s, head, github);
		buf_addf(out, " (%zu bytes left out) ", tail - head);
		add_escaped(out, s + tail, n - tail, github);
	}
	buf_addc(out, '"');
}

static bool has_several_lines(const char *s)
{
	s += strcspn(s, "\n");
	return s[strspn(s, "\n")] != '\0';
}

static void add_text_value(struct buf *out, const char *key, const char *value, bool github)
{
	buf_addf(out, "  %s: ", key);
	if (!has_several_lines(value)) {
		add_quoted(out, value, github);
		buf_addc(out, '\n');
		return;
	}
	buf_adds(out, "|\n");
	if (!excerpt_add(out, value, &block_layout, github))
		buf_addf(out, "%s\n", block_layout.prefix);
}

/* Append milliseconds with one decimal, whatever the locale thinks of a point. */
static void add_duration(struct buf *out, double ms)
{
	unsigned long long tenths;

	if (!(ms > 0 && ms < 1e15)) /* not set, or not a number */
		return;
	tenths = (unsigned long long)(ms * 10 + 0.5);
	buf_addf(out, "  duration_ms: %llu.%llu\n", tenths / 10, tenths % 10);
}

/* Append a line for each subtest, an inner one before that which it is part of: in the order in which they end. */
static void list_subtests(struct buf *out, const struct point *r)
{
	for (size_t i = 0; i < r->nsubpoints; i++) {
		const struct point *sub = &r->subpoints[i];

		list_subtests(out, sub);
		buf_addf(out, "%s%s: %s", out->len ? "\n" : "", point_verdict_name(sub), sub->name);
	}
	if (r->subpoints_lost)
		buf_addf(out, "\n(and %zu more)", r->subpoints_lost);
}

static void add_subtests(struct buf *out, const struct point *r, bool github)
{
	cleanup_buf struct buf list = {0};

	list_subtests(&list, r);
	if (list.len)
		add_text_value(out, "subtests", buf_str(&list), github);
}

static void add_details(struct buf *out, const struct point *r, bool github, bool nested)
{
	if (!point_is_ok(r)) {
		if (r->reason)
			add_text_value(out, "message", r->reason, github);
		buf_addf(out, "  severity: \"%s\"\n", r->infra ? "error" : r->todo ? "todo" : "fail");
		if (r->infra)
			buf_adds(out, "  infra: true\n");
		if (r->at)
			add_text_value(out, "at", r->at, github);
		if (r->told_by)
			buf_addf(out, "  told_by: %zu\n", r->told_by);
	}
	for (size_t i = 0; i < r->nfields; i++) {
		const struct field *f = &r->fields[i];

		if (i == r->subpoints_at && !nested)
			add_subtests(out, r, github);
		if (f->number)
			buf_addf(out, "  %s: %s\n", f->key, f->value);
		else
			add_text_value(out, f->key, f->value, github);
	}
	if (r->nfields <= r->subpoints_at && !nested)
		add_subtests(out, r, github);
	if (r->verdict != VERDICT_SKIPPED)
		add_duration(out, r->duration_ms);
}

static void add_line(struct buf *out, size_t number, const struct point *r)
{
	buf_addf(out, "%s %zu - ", point_is_ok(r) ? "ok" : "not ok", number);
	tap_format_name(out, r->name ? r->name : "");
	if (r->verdict == VERDICT_SKIPPED) {
		buf_adds(out, " # SKIP ");
		tap_format_name(out, r->reason ? r->reason : "no reason given");
	} else if (r->todo && !point_has_failed(r)) {
		buf_adds(out, " # TODO ");
		tap_format_name(out, r->todo);
	}
	buf_addc(out, '\n');
}

/* Append the subtests of a point as a stream, @indent blanks to the right of it. */
static void add_stream(struct buf *out, const struct point *r, int indent)
{
	if (r->nsubpoints == 0)
		return;
	buf_addf(out, "%*s# Subtest: ", indent, "");
	tap_format_name(out, r->name ? r->name : "");
	indent += TAP_INDENT;
	buf_addf(out, "\n%*s1..%zu\n", indent, "", r->nsubpoints);
	if (r->subpoints_lost)
		buf_addf(out, "%*s# (%zu more left out)\n", indent, "", r->subpoints_lost);
	for (size_t i = 0; i < r->nsubpoints; i++) {
		add_stream(out, &r->subpoints[i], indent);
		buf_addf(out, "%*s", indent, "");
		add_line(out, i + 1, &r->subpoints[i]);
	}
}

static void format_point(struct buf *out, size_t number, const struct point *r, bool github, bool nested)
{
	cleanup_buf struct buf details = {0};

	for (size_t i = 0; i < r->nnotes; i++)
		tap_format_comment(out, r->notes[i], github);
	if (r->notes_lost)
		buf_addf(out, "# (%zu notes left out)\n", r->notes_lost);
	if (nested)
		add_stream(out, r, 0);
	add_line(out, number, r);
	add_details(&details, r, github, nested);
	if (details.len)
		buf_addf(out, "  ---\n%s  ...\n", buf_str(&details));
}

void tap_format_point(struct buf *out, size_t number, const struct point *r, bool github)
{
	format_point(out, number, r, github, false);
}

void tap_format_nested(struct buf *out, size_t number, const struct point *r, bool github)
{
	format_point(out, number, r, github, true);
}

/* ---- the stream ---- */

int tap_choose_version(const char *wish)
{
	long v = wish ? strtol(wish, NULL, 10) : 0;

	return v < TAP_VERSION_MIN ? TAP_VERSION_MIN : v > TAP_VERSION_MAX ? TAP_VERSION_MAX : (int)v;
}

static const struct reporter_ops ops;

int tap_open(struct tap *t, struct err *err)
{
	*t = (struct tap){.reporter = {.ops = &ops, .sink = &t->sink},
			  .version = tap_choose_version(getenv("TAP_VERSION")),
			  .github = text_commands_count()};
	t->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STREAM_FD);
	if (t->fd < 0 && errno == EINVAL) /* the limit on open files is lower than that */
		t->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	sink_init(&t->sink, t->fd);
	if (t->fd >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
		return 0;
	t->sink.broken = true;
	return err_errno(err, "cannot write to standard output");
}

void tap_close(struct tap *t)
{
	fd_close(&t->fd);
	buf_free(&t->held);
	sink_end(&t->sink);
}

static int emit(struct tap *t, const struct buf *out)
{
	int why;

	if (sink_write(&t->sink, out->data, out->len) == 0)
		return 0;
	why = errno;
	if (t->sink.broken && t->fd >= 0 && !t->told) {
		log_line("cannot write to standard output: %s", strerror(why));
		t->told = true;
	}
	errno = why;
	return -1;
}

static void add_version(struct tap *t, struct buf *out)
{
	if (!t->opened)
		buf_addf(out, "TAP version %d\n", t->version);
	t->opened = true;
}

int tap_plan(struct tap *t, size_t n)
{
	cleanup_buf struct buf out = {0};

	assert(n > 0 && t->planned == 0);
	t->planned = n;
	add_version(t, &out);
	buf_addf(&out, "1..%zu\n", n);
	buf_add(&out, t->held.data, t->held.len);
	buf_free(&t->held);
	return emit(t, &out);
}

int tap_skip_all(struct tap *t, const char *reason)
{
	cleanup_buf struct buf out = {0};

	assert(t->planned == 0);
	add_version(t, &out);
	buf_adds(&out, "1..0 # SKIP ");
	tap_format_name(&out, reason);
	buf_addc(&out, '\n');
	buf_add(&out, t->held.data, t->held.len);
	buf_free(&t->held);
	return emit(t, &out);
}

int tap_point(struct tap *t, const struct point *r)
{
	cleanup_buf struct buf out = {0};

	assert(t->printed < t->planned);
	format_point(&out, ++t->printed, r, t->github, t->nested);
	return emit(t, &out);
}

int tap_comment(struct tap *t, const char *text)
{
	cleanup_buf struct buf out = {0};

	if (!t->opened) {
		tap_format_comment(&t->held, text, t->github);
		return t->sink.broken ? -1 : 0;
	}
	tap_format_comment(&out, text, t->github);
	return emit(t, &out);
}

int tap_bail_out(struct tap *t, const char *reason)
{
	cleanup_buf struct buf out = {0};

	add_version(t, &out);
	buf_adds(&out, "Bail out! ");
	tap_format_name(&out, reason);
	buf_addc(&out, '\n');
	return emit(t, &out);
}

/* ---- the reporter ---- */

static struct tap *of(struct reporter *r)
{
	return (struct tap *)((char *)r - offsetof(struct tap, reporter));
}

static int plan(struct reporter *r, size_t n, const char *nothing)
{
	return n ? tap_plan(of(r), n) : tap_skip_all(of(r), nothing);
}

static int point(struct reporter *r, const struct point *p)
{
	return tap_point(of(r), p);
}

static int comment(struct reporter *r, const char *text)
{
	return tap_comment(of(r), text);
}

static int bail_out(struct reporter *r, const char *reason)
{
	return tap_bail_out(of(r), reason);
}

static void forget(struct reporter *r)
{
	tap_close(of(r));
}

static const struct reporter_ops ops = {
	.plan = plan,
	.point = point,
	.comment = comment,
	.bail_out = bail_out,
	.forget = forget,
};
