/* outcome.c - what became of a test, from the world's process to the runner's */
#include "world/outcome.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "wire/frame.h"

/* NULL and "" must stay apart. */
static void put_optional(struct buf *out, const char *s)
{
	wire_put_u8(out, s != NULL);
	wire_put_str(out, s);
}

static char *get_optional(struct wire_reader *r)
{
	bool there = wire_get_u8(r);
	char *s = wire_get_str(r);

	if (there)
		return s;
	free(s);
	return NULL;
}

static void put_subpoints(struct buf *out, const struct point *r);

static void put_point(struct buf *out, const struct point *r)
{
	wire_put_u8(out, (uint8_t)r->verdict);
	put_optional(out, r->reason);
	put_optional(out, r->at);
	put_optional(out, r->todo);
	wire_put_u8(out, r->infra);
	wire_put_u32(out, (uint32_t)r->notes_lost);
	wire_put_u32(out, (uint32_t)r->nnotes);
	for (size_t i = 0; i < r->nnotes; i++)
		wire_put_str(out, r->notes[i]);
	wire_put_u32(out, (uint32_t)r->nfields);
	for (size_t i = 0; i < r->nfields; i++) {
		wire_put_u8(out, r->fields[i].number);
		wire_put_str(out, r->fields[i].key);
		wire_put_str(out, r->fields[i].value);
	}
	put_subpoints(out, r);
}

static void put_subpoints(struct buf *out, const struct point *r)
{
	wire_put_u32(out, (uint32_t)r->subpoints_at);
	wire_put_u32(out, (uint32_t)r->subpoints_lost);
	wire_put_u32(out, (uint32_t)r->nsubpoints);
	for (size_t i = 0; i < r->nsubpoints; i++) {
		wire_put_str(out, r->subpoints[i].name);
		put_point(out, &r->subpoints[i]);
	}
}

/* ---- what happened ---- */

static void put_trace(struct buf *out, const struct trace *t)
{
	wire_put_u8(out, t != NULL);
	if (!t)
		return;
	wire_put_u64(out, t->length);
	wire_put_u32(out, (uint32_t)t->lost);
	wire_put_u32(out, (uint32_t)t->nmachines);
	for (size_t i = 0; i < t->nmachines; i++)
		wire_put_str(out, t->machines[i]);
	wire_put_u32(out, (uint32_t)t->nevents);
	for (size_t i = 0; i < t->nevents; i++) {
		const struct trace_event *e = &t->events[i];

		wire_put_u8(out, (uint8_t)e->kind);
		wire_put_u8(out, (uint8_t)e->how);
		wire_put_u8(out, (uint8_t)(e->culprit | e->ended << 1));
		wire_put_u64(out, e->at);
		wire_put_u64(out, e->length);
		wire_put_u32(out, (uint32_t)e->machine);
		wire_put_u32(out, (uint32_t)e->status);
		wire_put_u32(out, (uint32_t)e->signal);
		wire_put_str(out, e->text);
		wire_put_str(out, e->place);
		wire_put_str(out, e->reason);
	}
	wire_put_u32(out, (uint32_t)t->npictures);
	for (size_t i = 0; i < t->npictures; i++) {
		wire_put_str(out, t->pictures[i].name);
		wire_put_u32(out, (uint32_t)t->pictures[i].machine);
		wire_put_bytes(out, t->pictures[i].png, t->pictures[i].size);
	}
}

static void get_event(struct wire_reader *in, struct trace *t)
{
	unsigned kind = wire_get_u8(in), how = wire_get_u8(in), flags = wire_get_u8(in);
	uint64_t at = wire_get_u64(in), length = wire_get_u64(in);
	uint32_t machine = wire_get_u32(in), status = wire_get_u32(in), signal = wire_get_u32(in);
	cleanup_free char *text = wire_get_str(in), *place = wire_get_str(in), *reason = wire_get_str(in);
	struct trace_event *e = NULL;

	if (kind < TRACE_KINDS && !in->bad)
		e = trace_add(t, kind, at, (int)machine, text);
	if (!e)
		return;
	e->how = how;
	e->culprit = flags & 1;
	e->ended = flags >> 1 & 1;
	e->length = length;
	e->status = (int)status;
	e->signal = (int)signal;
	trace_set(t, &e->place, place);
	trace_set(t, &e->reason, reason);
}

static struct trace *get_trace(struct wire_reader *in)
{
	struct trace *t;

	if (!wire_get_u8(in))
		return NULL;
	t = trace_new();
	t->length = wire_get_u64(in);
	t->lost = wire_get_u32(in);
	for (uint32_t n = wire_get_u32(in); n && !in->bad; n--) {
		cleanup_free char *name = wire_get_str(in);

		trace_add_machine(t, name);
	}
	for (uint32_t n = wire_get_u32(in); n && !in->bad; n--)
		get_event(in, t);
	for (uint32_t n = wire_get_u32(in); n && !in->bad; n--) {
		cleanup_free char *name = wire_get_str(in);
		uint32_t machine = wire_get_u32(in);
		size_t size;
		const char *png = wire_get_bytes(in, &size);

		trace_add_picture(t, name, (int)machine, png, size);
	}
	return t;
}

void world_outcome_encode(const struct world_outcome *o, struct buf *out)
{
	put_optional(out, o->kept); /* first: world_outcome_is_kept() */
	put_optional(out, o->not_kept);
	put_optional(out, o->kvm_failed);
	put_optional(out, o->unsaved);
	put_optional(out, o->no_template);
	put_optional(out, o->layer_failed);
	put_optional(out, o->bail);
	wire_put_u8(out, o->unfinished);
	wire_put_u8(out, o->came_up);
	wire_put_str(out, o->qemu_version);
	put_point(out, &o->result);
	put_trace(out, o->result.trace);
	wire_put_u8(out, 1); /* the end: a shorter message is a world that died */
}

static void get_notes(struct wire_reader *in, struct point *r)
{
	for (uint32_t n = wire_get_u32(in); n && !in->bad; n--) {
		cleanup_free char *note = wire_get_str(in);

		point_add_note(r, note);
	}
}

static void get_fields(struct wire_reader *in, struct point *r)
{
	for (uint32_t n = wire_get_u32(in); n && !in->bad; n--) {
		bool number = wire_get_u8(in);
		cleanup_free char *key = wire_get_str(in);
		cleanup_free char *value = wire_get_str(in);

		if (number)
			point_add_number(r, key, strtoll(value, NULL, 10));
		else
			point_add_field(r, key, value);
	}
}

static void get_point(struct wire_reader *in, struct point *r, int depth);

static void get_subpoints(struct wire_reader *in, struct point *r, int depth)
{
	r->subpoints_at = wire_get_u32(in);
	r->subpoints_lost = wire_get_u32(in);
	for (uint32_t n = wire_get_u32(in); n && !in->bad; n--) {
		cleanup_free char *name = wire_get_str(in);
		struct point *sub = in->bad ? NULL : point_add_subpoint(r, name, VERDICT_FAILED);

		if (sub && depth < POINT_DEPTH_MAX)
			get_point(in, sub, depth + 1);
		else
			in->bad = true; /* more than a world sends */
	}
}

/* Fill in all but the name. */
static void get_point(struct wire_reader *in, struct point *r, int depth)
{
	r->verdict = wire_get_u8(in);
	r->reason = get_optional(in);
	r->at = get_optional(in);
	r->todo = get_optional(in);
	r->infra = wire_get_u8(in);
	r->notes_lost = wire_get_u32(in);
	get_notes(in, r);
	get_fields(in, r);
	get_subpoints(in, r, depth);
}

bool world_outcome_is_kept(const struct buf *in)
{
	return in->len && in->data[0];
}

int world_outcome_decode(const struct buf *in, struct world_outcome *o)
{
	struct wire_reader r = {.p = (const uint8_t *)in->data, .left = in->len};
	cleanup_free char *version = NULL;

	*o = (struct world_outcome){0};
	o->kept = get_optional(&r);
	o->not_kept = get_optional(&r);
	o->kvm_failed = get_optional(&r);
	o->unsaved = get_optional(&r);
	o->no_template = get_optional(&r);
	o->layer_failed = get_optional(&r);
	o->bail = get_optional(&r);
	o->unfinished = wire_get_u8(&r);
	o->came_up = wire_get_u8(&r);
	version = wire_get_str(&r);
	snprintf(o->qemu_version, sizeof(o->qemu_version), "%s", version);
	get_point(&r, &o->result, 0);
	o->result.trace = get_trace(&r);
	/* Nothing follows: another process that has the pipe may have written to it as well. */
	if (!r.bad && wire_get_u8(&r) == 1 && r.left == 0)
		return 0;
	world_outcome_free(o);
	return -1;
}

void world_outcome_free(struct world_outcome *o)
{
	point_free(&o->result);
	free(o->kept);
	free(o->bail);
	free(o->not_kept);
	free(o->kvm_failed);
	free(o->unsaved);
	free(o->no_template);
	free(o->layer_failed);
	*o = (struct world_outcome){0};
}
