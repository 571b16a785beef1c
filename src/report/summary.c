/* summary.c - what a person wants to read on stderr: why a test failed, and at the end how it all went */
#include "report/summary.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "report/excerpt.h"

#define SLOW_WIDTH 56 /* of the name of a slow test: its line has 80 columns */
#define SKIPS_MAX  10 /* reasons that are counted; the rest is "other reasons" */

/* A reason and how often it was given. @text is owned. */
struct skip_reason {
	char *text;
	size_t count;
};

/* ---- a failure ---- */

static const struct field *find_field(const struct point *p, const char *key)
{
	for (size_t i = 0; i < p->nfields; i++)
		if (strcmp(p->fields[i].key, key) == 0)
			return &p->fields[i];
	return NULL;
}

/* What is for programs, or is in the message or the diff. */
static bool is_wanted(const struct point *p, const struct field *f)
{
	static const char *const dull[] = {"accel", "qemu", "cached", "wanted", "unwanted", "machine"};

	if (strcmp(f->key, "found") == 0)
		return !find_field(p, "diff") && !(p->reason && strstr(p->reason, f->value));

	for (size_t i = 0; i < ARRAY_SIZE(dull); i++)
		if (strcmp(f->key, dull[i]) == 0)
			return false;
	return true;
}

/* A reason's first line is in the message. */
static const char *value_of(const struct field *f)
{
	return strcmp(f->key, "reason") == 0 ? f->value + strcspn(f->value, "\n") + (strchr(f->value, '\n') != NULL) : f->value;
}

static void add_field(struct buf *out, const char *prefix, const struct field *f, bool disarm)
{
	const char *value = value_of(f);
	cleanup_free char *inner = xasprintf("%s    ", prefix);
	const struct excerpt_layout lines = {.prefix = inner, .lost = inner, .head = 5, .tail = 15, .width = 300};
	const struct excerpt_layout line = {.prefix = prefix, .lost = prefix, .head = 1, .width = 1000};
	bool several = strchr(value, '\n');
	cleanup_free char *text = xasprintf("  %s:%s%s", f->key, several ? "" : " ", several ? "" : value);

	if (!*value)
		return;
	excerpt_add(out, text, &line, disarm);
	if (several)
		excerpt_add(out, value, &lines, disarm);
}

void summary_format_failure(struct buf *out, const char *prefix, const struct point *p, bool disarm)
{
	cleanup_free char *inner = xasprintf("%s ", prefix);
	const struct excerpt_layout reason = {.prefix = inner, .lost = inner, .head = 10, .tail = 10, .width = 1000};
	cleanup_free char *why = xasprintf("%s%s%s", p->at ? p->at : "", p->at ? ": " : "",
					   p->reason ? p->reason : "no reason given");

	excerpt_add(out, why, &reason, disarm);
	for (size_t i = 0; i < p->nfields; i++)
		if (is_wanted(p, &p->fields[i]))
			add_field(out, prefix, &p->fields[i], disarm);
}

/* ---- what is counted ---- */

/* Why it was skipped; what it lacked counts without the words that go with it. */
static char *format_skip(const struct point *p)
{
	const struct field *needs = find_field(p, "needs");

	if (needs)
		return xasprintf("did not run for want of %s", needs->value);
	if (!point_is_ok(p))
		return xasprintf("failed as expected: %s", p->todo);
	return xasprintf("skipped: %s", p->reason ? p->reason : "no reason given");
}

static void count_skip(struct summary *s, const struct point *p)
{
	cleanup_free char *text = format_skip(p);
	size_t i = 0;

	while (i < s->nskips && strcmp(s->skips[i].text, text) != 0)
		i++;
	if (i == s->nskips && i < SKIPS_MAX) {
		s->skips = xrealloc(s->skips, (s->nskips + 1) * sizeof(*s->skips));
		s->skips[s->nskips++] = (struct skip_reason){.text = xstrdup(i + 1 < SKIPS_MAX ? text : "skipped: other reasons")};
	}
	if (i == SKIPS_MAX)
		i--;
	s->skips[i].count++;
}

static void rank(struct summary *s, const struct point *p)
{
	struct slow_test t = {.name = xstrdup(p->name ? p->name : ""), .ms = p->duration_ms};

	for (size_t i = 0; i < SUMMARY_SLOWEST; i++) {
		struct slow_test other = s->slowest[i];

		if (other.name && other.ms >= t.ms)
			continue;
		s->slowest[i] = t;
		t = other;
	}
	free(t.name);
}

static void list_failed(struct summary *s, const struct point *p)
{
	buf_addf(&s->list, "  not ok %zu - %s", s->number, p->name ? p->name : "");
	if (p->told_by)
		buf_addf(&s->list, "  (with %zu: the setup of both)\n", p->told_by);
	else
		buf_addf(&s->list, "%s%s%s\n", p->at ? "  (" : "", p->at ? p->at : "", p->at ? ")" : "");
}

static void count(struct summary *s, const struct point *p)
{
	s->number++;
	if (point_has_failed(p)) {
		s->failed++;
		if (s->failed <= SUMMARY_LIST_MAX)
			list_failed(s, p);
	} else if (point_counts_as(p) == VERDICT_SKIPPED) {
		s->skipped++;
		count_skip(s, p);
	} else {
		s->passed++;
		if (point_is_unexpected(p))
			buf_addf(&s->list, "  ok %zu - %s  (" POINT_UNEXPECTED ")\n", s->number, p->name ? p->name : "");
	}
	if (p->duration_ms > SUMMARY_SLOW_MS)
		rank(s, p);
}

/* ---- the end ---- */

static void add_count(struct buf *out, size_t n, const char *what, const char *colour)
{
	if (n == 0)
		return;
	buf_addf(out, "%s%s%zu %s%s", out->len ? ", " : "", colour, n, what, *colour ? "\033[0m" : "");
}

static void format_counts(const struct summary *s, struct buf *out)
{
	cleanup_buf struct buf counts = {0};

	add_count(&counts, s->failed, "failed", s->colour ? "\033[1;31m" : "");
	add_count(&counts, s->skipped, "skipped", s->colour ? "\033[33m" : "");
	add_count(&counts, s->passed, "passed", s->colour ? "\033[32m" : "");
	buf_addf(out, "# vmtap: %s in %.1f s\n", buf_str(&counts), (double)(clock_now() - s->started) / 1e9);
}

static void add_slow(struct buf *out, const char *title, const struct slow_test *t)
{
	buf_addf(out, "  %-8s %6.1f s  ", title, t->ms / 1e3);
	phases_add_name(out, t->name, SLOW_WIDTH);
}

static void format_end(const struct summary *s, struct buf *out)
{
	static const struct excerpt_layout plain = {.prefix = "#", .lost = "#", .head = 200, .tail = 0, .width = 300};
	cleanup_buf struct buf text = {0};
	bool disarm = text_commands_count();

	format_counts(s, out);
	buf_add(&text, s->list.data, s->list.len);
	if (s->failed > SUMMARY_LIST_MAX)
		buf_addf(&text, "  (and %zu more)\n", s->failed - SUMMARY_LIST_MAX);
	for (size_t i = 0; i < s->nskips; i++)
		buf_addf(&text, "  %zu %.*s\n", s->skips[i].count, (int)strcspn(s->skips[i].text, "\n"), s->skips[i].text);
	for (size_t i = 0; i < SUMMARY_SLOWEST && s->slowest[i].name && s->number > SUMMARY_SLOWEST; i++)
		add_slow(&text, i ? "" : "slowest:", &s->slowest[i]);
	if (s->phases)
		phases_format(&text, s->phases);
	if (s->failed && s->again)
		buf_addf(&text, "  again, what failed: %s\n", s->again);
	excerpt_add(out, buf_str(&text), &plain, disarm);
}

/* ---- the reporter ---- */

static struct summary *of(struct reporter *r)
{
	return (struct summary *)((char *)r - offsetof(struct summary, reporter));
}

static int take_point(struct reporter *r, const struct point *p)
{
	struct summary *s = of(r);
	static const struct excerpt_layout title = {.prefix = "#", .lost = "#", .head = 1, .width = 300};
	cleanup_buf struct buf out = {0};
	cleanup_free char *line = NULL;
	bool disarm = text_commands_count();

	count(s, p);
	if (!s->failures || !point_has_failed(p) || p->told_by)
		return 0;
	line = xasprintf("not ok %zu - %s", s->number, p->name ? p->name : "");
	excerpt_add(&out, line, &title, disarm);
	summary_format_failure(&out, "#", p, disarm);
	(void)sink_write(&s->sink, out.data, out.len); /* the TAP stream has it, too */
	return 0;
}

static int end(struct reporter *r)
{
	struct summary *s = of(r);
	cleanup_buf struct buf out = {0};

	if (!s->at_end || s->number == 0)
		return 0;
	format_end(s, &out);
	(void)sink_write(&s->sink, out.data, out.len);
	return 0;
}

static const struct reporter_ops ops = {.point = take_point, .end = end};

static bool is_same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static bool wants_colour(int fd)
{
	const char *no = getenv("NO_COLOR");

	return fd_is_screen(fd) && !(no && *no);
}

void summary_init(struct summary *s, int stdout_fd, const struct phases *phases, const char *again)
{
	const char *harness = getenv("HARNESS_ACTIVE");

	*s = (struct summary){.reporter = {.ops = &ops, .sink = &s->sink}, .phases = phases, .again = again, .started = clock_now()};
	sink_init(&s->sink, STDERR_FILENO);
	s->failures = !isatty(stdout_fd) && !is_same_file(stdout_fd, STDERR_FILENO);
	s->at_end = !(harness && *harness);
	s->colour = wants_colour(s->sink.fd);
}

void summary_free(struct summary *s)
{
	for (size_t i = 0; i < s->nskips; i++)
		free(s->skips[i].text);
	for (size_t i = 0; i < SUMMARY_SLOWEST; i++)
		free(s->slowest[i].name);
	free(s->skips);
	buf_free(&s->list);
	sink_end(&s->sink);
}
