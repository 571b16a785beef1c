/* events.c - a run as events, one JSON object a line, for programs */
#include "report/events.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"

/* ---- JSON ---- */

/* Return: the code point of a character of @n bytes. */
static unsigned decode(const char *s, size_t n)
{
	unsigned c = (unsigned char)s[0] & (n == 1 ? 0x7Fu : 0xFFu >> (n + 1));

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)s[i] & 0x3Fu);
	return c;
}

void events_add_string(struct buf *out, const char *text)
{
	size_t left = strlen(text);

	buf_addc(out, '"');
	while (left) {
		size_t n = text_utf8_length(text, left);

		if (n == 0)
			buf_adds(out, "\xEF\xBF\xBD");
		else if (*text == '"' || *text == '\\')
			buf_addf(out, "\\%c", *text);
		else if (*text == '\n')
			buf_adds(out, "\\n");
		else if (text_is_printable(text, n))
			buf_add(out, text, n);
		else
			buf_addf(out, "\\u%04x", decode(text, n)); /* none of them is beyond U+FFFF */
		text += n ? n : 1;
		left -= n ? n : 1;
	}
	buf_addc(out, '"');
}

static void add_text(struct buf *out, const char *key, const char *text)
{
	if (!text)
		return;
	buf_addf(out, ",\"%s\":", key);
	events_add_string(out, text);
}

/* Of integers: printf("%f") would follow the locale. */
static void add_ms(struct buf *out, const char *key, uint64_t us)
{
	buf_addf(out, ",\"%s\":%llu.%03llu", key, (unsigned long long)(us / 1000), (unsigned long long)(us % 1000));
}

static uint64_t to_us(double ms)
{
	return ms > 0 && ms < 1e15 ? (uint64_t)(ms * 1e3 + 0.5) : 0;
}

/* "file:line" as two members. */
static void add_place(struct buf *out, const char *place)
{
	const char *colon = place ? strrchr(place, ':') : NULL;
	cleanup_buf struct buf file = {0};

	if (!colon)
		return;
	buf_add(&file, place, (size_t)(colon - place));
	add_text(out, "file", buf_str(&file));
	buf_addf(out, ",\"line\":%d", atoi(colon + 1));
}

/* ---- a test ---- */

static void add_head(struct buf *out, const char *event, size_t number)
{
	buf_addf(out, "{\"event\":\"%s\"", event);
	if (number)
		buf_addf(out, ",\"test\":%zu", number);
}

static void add_call(struct buf *out, const struct trace_event *e)
{
	add_ms(out, "duration_ms", e->length);
	add_text(out, "call", e->text ? e->text : "");
	add_place(out, e->place);
	add_text(out, "answer", trace_how_name(e));
	if (e->ended)
		buf_addf(out, ",\"%s\":%d", e->signal ? "signal" : "exit_status", e->signal ? e->signal : e->status);
	add_text(out, "reason", e->reason);
	if (e->culprit)
		buf_adds(out, ",\"failed\":true");
}

static void format_event(struct buf *out, size_t number, const struct trace *t, const struct trace_event *e)
{
	add_head(out, trace_kind_name(e->kind), number);
	add_ms(out, "ms", e->at);
	if (e->machine >= 0)
		add_text(out, "machine", trace_machine(t, e));
	switch (e->kind) {
	case TRACE_MACHINE:
		add_text(out, "state", trace_how_name(e));
		add_text(out, "reason", e->text && *e->text ? e->text : NULL);
		break;
	case TRACE_CALL:
		add_call(out, e);
		break;
	case TRACE_CONSOLE:
		add_text(out, "line", e->text);
		break;
	case TRACE_FAILURE:
		add_text(out, "message", e->text);
		add_place(out, e->place);
		break;
	case TRACE_NOTE:
	case TRACE_JOURNAL:
		add_text(out, "text", e->text);
		break;
	case TRACE_SUBTEST:
		add_text(out, "name", e->text);
		add_text(out, "verdict", trace_how_name(e));
		break;
	case TRACE_PHASE:
		add_ms(out, "duration_ms", e->length);
		add_text(out, "phase", trace_how_name(e));
		break;
	case TRACE_KINDS:
		break;
	}
	buf_adds(out, "}\n");
}

static void add_subpoints(struct buf *out, const struct point *p)
{
	if (!p->nsubpoints)
		return;
	buf_adds(out, ",\"subtests\":[");
	for (size_t i = 0; i < p->nsubpoints; i++) {
		buf_addf(out, "%s{\"name\":", i ? "," : "");
		events_add_string(out, p->subpoints[i].name ? p->subpoints[i].name : "");
		add_text(out, "verdict", point_verdict_name(&p->subpoints[i]));
		add_subpoints(out, &p->subpoints[i]);
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

static void add_fields(struct buf *out, const struct point *p)
{
	buf_adds(out, ",\"fields\":{");
	for (size_t i = 0; i < p->nfields; i++) {
		if (i)
			buf_addc(out, ',');
		events_add_string(out, p->fields[i].key);
		buf_addc(out, ':');
		if (p->fields[i].number)
			buf_adds(out, p->fields[i].value);
		else
			events_add_string(out, p->fields[i].value);
	}
	buf_adds(out, "},\"notes\":[");
	for (size_t i = 0; i < p->nnotes; i++) {
		if (i)
			buf_addc(out, ',');
		events_add_string(out, p->notes[i]);
	}
	buf_addc(out, ']');
}

void events_format_point(struct buf *out, size_t number, const struct point *p)
{
	const struct trace *t = p->trace;

	for (size_t i = 0; t && i < t->nevents; i++)
		format_event(out, number, t, &t->events[i]);
	add_head(out, number ? "point" : "setup", number);
	add_text(out, "name", p->name ? p->name : "");
	add_text(out, "script", p->script);
	add_text(out, "function", p->test);
	if (p->line)
		buf_addf(out, ",\"line\":%d", p->line);
	add_text(out, "verdict", verdict_name(p->verdict));
	add_text(out, "reason", p->reason);
	add_text(out, "todo", p->todo);
	add_text(out, "at", p->at);
	if (point_has_failed(p))
		buf_addf(out, ",\"infra\":%s", p->infra ? "true" : "false");
	if (p->told_by)
		buf_addf(out, ",\"told_by\":%zu", p->told_by);
	add_ms(out, "duration_ms", to_us(p->duration_ms));
	if (t && t->lost)
		buf_addf(out, ",\"events_lost\":%zu", t->lost);
	add_fields(out, p);
	add_subpoints(out, p);
	buf_adds(out, "}\n");
}

/* ---- the reporter ---- */

static struct events *of(struct reporter *r)
{
	return (struct events *)((char *)r - offsetof(struct events, reporter));
}

/* What cannot be written is told once, and no reason to end the run: but its end is not a success. */
static int emit(struct events *e, const struct buf *out)
{
	int why;

	if (sink_write(&e->sink, buf_str(out), out->len) == 0)
		return 0;
	why = errno;
	if (e->sink.broken && !e->lost)
		log_line("the events from here on are lost, '%s' cannot be written: %s", e->path, strerror(why));
	e->lost |= e->sink.broken;
	errno = why;
	return why == EINTR ? -1 : 0;
}

static int plan(struct reporter *r, size_t n, const char *nothing)
{
	cleanup_buf struct buf out = {0};

	if (n == 0)
		buf_adds(&out, "{\"event\":\"nothing\"");
	else
		buf_addf(&out, "{\"event\":\"plan\",\"tests\":%zu", n);
	add_text(&out, "reason", n ? NULL : nothing);
	buf_adds(&out, "}\n");
	return emit(of(r), &out);
}

static int take_point(struct reporter *r, const struct point *p)
{
	struct events *e = of(r);
	cleanup_buf struct buf out = {0};

	e->verdicts[point_counts_as(p)]++;
	events_format_point(&out, ++e->number, p);
	return emit(e, &out);
}

static void take_setup(struct reporter *r, const struct point *p)
{
	cleanup_buf struct buf out = {0};

	events_format_point(&out, 0, p);
	(void)emit(of(r), &out);
}

static int say(struct events *e, const char *event, const char *key, const char *text)
{
	cleanup_buf struct buf out = {0};

	add_head(&out, event, 0);
	add_text(&out, key, text);
	buf_adds(&out, "}\n");
	return emit(e, &out);
}

static int comment(struct reporter *r, const char *text)
{
	return say(of(r), "comment", "text", text);
}

static void notice(struct reporter *r, const char *text)
{
	(void)say(of(r), "notice", "text", text);
}

static int bail_out(struct reporter *r, const char *reason)
{
	return say(of(r), "bail_out", "reason", reason);
}

static int end(struct reporter *r)
{
	struct events *e = of(r);
	cleanup_buf struct buf out = {0};
	size_t told = 0;

	buf_addf(&out, "{\"event\":\"end\",\"passed\":%zu,\"failed\":%zu,\"skipped\":%zu", e->verdicts[VERDICT_PASSED],
		 e->verdicts[VERDICT_FAILED], e->verdicts[VERDICT_SKIPPED]);
	add_ms(&out, "duration_ms", (clock_now() - e->started) / 1000);
	buf_adds(&out, ",\"phases\":{");
	for (unsigned i = 0; i < TRACE_PHASES; i++) {
		const struct phase_sum *s = &e->phases->sums[i];

		if (!s->count)
			continue;
		buf_addf(&out, "%s\"%s\":{\"count\":%zu", told++ ? "," : "", trace_phase_name(i), s->count);
		add_ms(&out, "sum_ms", to_us(s->sum));
		add_ms(&out, "slowest_ms", to_us(s->slowest));
		add_text(&out, "slowest", s->who);
		buf_addc(&out, '}');
	}
	buf_adds(&out, "}}\n");
	if (emit(e, &out) == 0 && !e->lost)
		return 0;
	errno = EIO;
	return -1;
}

static void forget(struct reporter *r)
{
	fd_close(&of(r)->fd);
}

static const struct reporter_ops ops = {
	.plan = plan,
	.point = take_point,
	.setup = take_setup,
	.comment = comment,
	.notice = notice,
	.bail_out = bail_out,
	.end = end,
	.forget = forget,
};

int events_open(struct events *e, const char *path, const char *version, const struct phases *phases, struct err *err)
{
	cleanup_buf struct buf out = {0};
	time_t now = time(NULL);
	struct tm utc;
	char text[32];

	*e = (struct events){
		.reporter = {.ops = &ops, .sink = &e->sink}, .path = path, .fd = -1, .phases = phases, .started = clock_now()};
	if (strcmp(path, "-") == 0) {
		err_set(err, "the events cannot go to stdout, which is the TAP stream's");
		return err_hint(err, "name a file, or a descriptor: --json=/dev/fd/3");
	}
	e->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	if (e->fd < 0)
		return err_errno(err, "cannot write the events to '%s'", path);
	sink_init(&e->sink, e->fd);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	buf_addf(&out, "{\"event\":\"run\",\"schema\":%d", EVENTS_SCHEMA);
	add_text(&out, "vmtap", version);
	add_text(&out, "time", text);
	buf_adds(&out, "}\n");
	if (emit(e, &out) == 0 && !e->lost)
		return 0;
	events_close(e);
	return err_errno(err, "cannot write the events to '%s'", path);
}

void events_close(struct events *e)
{
	sink_end(&e->sink);
	fd_close(&e->fd);
}
