/* findings.c - what a test's script, machines and clock say, as one point */
#include "world/findings.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "wire/script.h"

static_assert(FINDINGS_CONSOLE_BYTES <= CONSOLE_KEEP, "no more is shown of a console than is kept");

/* ---- what the script says ---- */

static void take_pairs(struct wire_reader *r, struct point *result)
{
	for (uint32_t n = wire_get_u32(r); n && !r->bad; n--) {
		cleanup_free char *key = wire_get_str(r);
		cleanup_free char *value = wire_get_str(r);

		if (!r->bad && (strcmp(key, "exit_status") == 0 || strcmp(key, "signal") == 0))
			point_add_number(result, key, strtoll(value, NULL, 10));
		else if (!r->bad)
			point_add_field(result, key, value);
	}
}

/* Of a failure that is not the first: what called its line, its command and what that said last, what was found. */
static const char *short_detail(const char *key, const char *value, const char *message)
{
	if (strcmp(key, "called_from") == 0 || strcmp(key, "matches_up_to") == 0 || strcmp(key, "matched") == 0)
		return value;
	if (strcmp(key, "command") == 0 || strcmp(key, "stderr") == 0)
		return text_tail(value, strlen(value), 1, FINDINGS_ALSO_BYTES);
	return strcmp(key, "found") == 0 && !strchr(value, '\n') && !strstr(message, value) ? value : "";
}

/* A failure that is not the first: its place, its message, and a line each of these. */
static void list_failure(struct findings *v, const char *at, const char *message, struct wire_reader *r)
{
	struct buf *out = &v->also;

	if (v->nalso++ >= FINDINGS_ALSO_FAILED)
		return;
	buf_addf(out, "%s%s%s%.*s", out->len ? "\n" : "", at, *at ? ": " : "", (int)strcspn(message, "\n"), message);
	for (uint32_t n = wire_get_u32(r); n && !r->bad; n--) {
		cleanup_free char *key = wire_get_str(r);
		cleanup_free char *value = wire_get_str(r);
		const char *shown = short_detail(key, value, message);
		int length = (int)strcspn(shown, "\n"), kept = length < FINDINGS_ALSO_BYTES ? length : FINDINGS_ALSO_BYTES;

		if (kept)
			buf_addf(out, "\n    %s: %.*s%s", key, kept, shown, shown[kept] && shown[kept + 1] ? " ..." : "");
	}
}

/* The first failure is the test's message, with its details; the others are listed. */
static void take_failure(struct findings *v, const char *at, const char *message, struct wire_reader *r)
{
	struct point *result = &v->outcome->result;

	if (result->verdict == VERDICT_FAILED) {
		list_failure(v, at, message, r);
		return;
	}
	result->verdict = VERDICT_FAILED;
	free(result->reason);
	result->reason = xstrdup(message);
	result->at = *at ? xstrdup(at) : NULL;
	take_pairs(r, result);
}

void findings_fail(struct findings *v, const char *message)
{
	struct wire_reader none = {.bad = true};

	take_failure(v, "", message, &none);
}

void findings_fail_infra(struct findings *v, const char *message)
{
	findings_fail(v, message);
	v->outcome->result.infra = true;
}

void findings_fail_health(struct findings *v, const char *message, const char *machine, const char *quoted)
{
	bool first = v->outcome->result.verdict != VERDICT_FAILED;

	findings_fail(v, message);
	if (first)
		point_add_field(&v->outcome->result, "machine", machine);
	point_add_field(&v->outcome->result, "health", quoted);
}

static void take_subtest(struct findings *v, const char *name, struct wire_reader *r)
{
	cleanup_free char *skip = NULL, *todo = NULL;
	struct point *sub;
	bool good = false;

	for (uint32_t n = wire_get_u32(r); n && !r->bad; n--) {
		cleanup_free char *key = wire_get_str(r);
		cleanup_free char *value = wire_get_str(r);

		if (strcmp(key, "result") == 0)
			good = strcmp(value, "ok") == 0;
		else if (strcmp(key, "skip") == 0 && !skip)
			skip = steal(value);
		else if (strcmp(key, "todo") == 0 && !todo)
			todo = steal(value);
	}
	sub = point_add_subpoint(&v->outcome->result, name, skip ? VERDICT_SKIPPED : good ? VERDICT_PASSED : VERDICT_FAILED);
	if (!sub)
		return;
	sub->reason = steal(skip);
	sub->todo = steal(todo);
}

int findings_event(struct findings *v, const struct frame *f)
{
	struct wire_reader r = wire_read(f);
	struct point *result = &v->outcome->result;
	enum wire_event kind = wire_get_u8(&r);
	cleanup_free char *at = wire_get_str(&r);
	cleanup_free char *message = wire_get_str(&r);

	if (r.bad)
		return -1;
	switch (kind) {
	case WIRE_EVENT_FAULT:
		v->faulted = true;
		take_failure(v, at, message, &r);
		return r.bad ? -1 : 0;
	case WIRE_EVENT_FAILURE:
		take_failure(v, at, message, &r);
		return r.bad ? -1 : 0;
	case WIRE_EVENT_NOTE:
		point_add_note(result, message);
		return 0;
	case WIRE_EVENT_SKIP:
		if (result->verdict == VERDICT_PASSED) {
			result->verdict = VERDICT_SKIPPED;
			result->reason = xstrdup(message);
		}
		return 0;
	case WIRE_EVENT_BAIL_OUT:
		if (!v->outcome->bail)
			v->outcome->bail = xasprintf("%s%s%s%s", message, *at ? " (" : "", at, *at ? ")" : "");
		return 0;
	case WIRE_EVENT_TODO:
		if (!result->todo)
			result->todo = xstrdup(message);
		return 0;
	case WIRE_EVENT_BODY:
		return 0;
	case WIRE_EVENT_SUBTEST:
		take_subtest(v, message, &r);
		return r.bad ? -1 : 0;
	}
	return -1;
}

/* ---- what the machines say ---- */

void findings_machine_stopped(struct findings *v, const struct machine *m)
{
	struct world_outcome *o = v->outcome;

	if (m->state == MACHINE_OFF && m->off_why)
		buf_addf(&v->power, "%s%s", v->power.len ? "\n" : "", m->off_why);
	if (m->state != MACHINE_GONE)
		return;
	/* What fails after that is the loss's doing; a test that has failed before has done so by itself. */
	if (machine_loss_is_infra(m->loss) && o->result.verdict != VERDICT_FAILED)
		o->result.infra = true;
	if (m->loss == LOSS_QEMU && !m->ever_up && m->world->accel->kind == ACCEL_KVM && !o->kvm_failed)
		o->kvm_failed = xstrdup(m->gone);
}

static void add_consoles(struct point *result, const struct machine *machines, size_t n)
{
	cleanup_buf struct buf b = {0};

	for (size_t i = 0; i < n; i++) {
		const struct machine *m = &machines[i];
		const char *text = buf_str(&m->console.text);
		const char *p = text_tail(text, m->console.text.len, FINDINGS_CONSOLE_LINES, FINDINGS_CONSOLE_BYTES);

		while (m->used && *p) {
			size_t length = strcspn(p, "\n");

			buf_addf(&b, "%s%s| %.*s", b.len ? "\n" : "", m->spec->name, (int)length, p);
			p += length + (p[length] == '\n');
		}
	}
	if (b.len)
		point_add_field(result, "console", buf_str(&b));
}

/* A script that awaits an answer of a machine that nobody has started is the commonest mistake of a beginner. */
static void add_never_started(struct point *result, const struct machine *machines, size_t n)
{
	cleanup_buf struct buf names = {0};
	size_t unused = 0;

	for (size_t i = 0; i < n; i++)
		if (!machines[i].used)
			buf_addf(&names, "%s%s", unused++ ? ", " : "", machines[i].spec->name);
	if (unused && unused < n)
		point_add_field(result, "never_started", buf_str(&names));
}

/* A machine that was lost while nobody asked it is a failure all the same. */
static void find_losses(struct findings *v, const struct machine *machines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct machine *m = &machines[i];

		if (m->state != MACHINE_GONE || v->outcome->result.verdict == VERDICT_FAILED)
			continue;
		findings_fail(v, m->gone);
		if (machine_loss_is_infra(m->loss))
			v->outcome->result.infra = true;
	}
}

static bool came_up(const struct machine *machines, size_t n)
{
	bool any = false, all = true;

	for (size_t i = 0; i < n; i++) {
		any |= machines[i].used;
		all &= machines[i].ever_up || !machines[i].used;
	}
	return any && all;
}

void findings_finish(struct findings *v, const struct machine *machines, size_t n)
{
	struct world_outcome *o = v->outcome;
	struct point *result = &o->result;

	find_losses(v, machines, n);
	result->subpoints_at = result->nfields;
	if (v->nalso > FINDINGS_ALSO_FAILED)
		buf_addf(&v->also, "\nand %zu more", v->nalso - FINDINGS_ALSO_FAILED);
	if (v->also.len)
		point_add_field(result, "also_failed", buf_str(&v->also));
	if (v->power.len)
		point_add_field(result, "power", buf_str(&v->power));
	if (result->verdict == VERDICT_FAILED) {
		add_never_started(result, machines, n);
		add_consoles(result, machines, n);
	} else {
		result->infra = false;
	}
	o->came_up = came_up(machines, n);
	for (size_t i = 0; i < n && !o->qemu_version[0]; i++)
		snprintf(o->qemu_version, sizeof(o->qemu_version), "%s", machines[i].qemu_version);
}

void findings_free(struct findings *v)
{
	buf_free(&v->also);
	buf_free(&v->power);
}
