/* locals.c - the variables of the functions that are being executed
 *
 * Theory of operation
 *
 * tcc -g tells of each block of a function where its code begins and ends, and of each variable in it how far it is from
 * the frame pointer, but for static ones. tcc never keeps a variable in a register, so that is where it is, at every line. The saved frame
 * pointers lead from the innermost function to those that have called it (lines.h); what belongs to vmtap in between has
 * no debugging information, and is passed over.
 *
 * An inner block's variables come before those of the block around it, and a function's before those of its caller: so
 * the first one of a name is the one that is meant.
 */
#include "script/locals.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/compiled.h"
#include "script/internals.h"
#include "script/stabs.h"

#define FRAMES_MAX 64 /* functions that are looked into: an endless recursion has millions */

/* One function that is being executed. */
struct look {
	struct locals *out;
	struct stabs types;
	uintptr_t pc, frame;
	size_t before; /* variables of functions further in */
	bool inner, found;
};

static void learn_type(void *arg, const struct internals_variable *v)
{
	struct look *l = arg;

	if (!v->size)
		stabs_learn(&l->types, v->text);
}

/* The blocks of a function come from the outside in: a later one hides an earlier one. */
static void put(struct look *l, struct local v)
{
	struct locals *o = l->out;

	for (size_t i = l->before; i < o->n; i++) {
		if (strcmp(o->list[i].name, v.name) != 0)
			continue;
		o->list[i] = v; /* of a block further in; once a visit: not freed */
		return;
	}
	o->list = xrealloc(o->list, (o->n + 1) * sizeof(*o->list));
	o->list[o->n++] = v;
}

/* Return: whether a function further in has a variable of that name. */
static bool is_hidden(const struct look *l, const char *name)
{
	for (size_t i = 0; i < l->before; i++)
		if (strcmp(l->out->list[i].name, name) == 0)
			return true;
	return false;
}

static void add_variable(void *arg, const struct internals_variable *v)
{
	struct look *l = arg;
	const char *colon = strchr(v->text, ':');
	cleanup_free char *name = colon ? xstrndup(v->text, (size_t)(colon - v->text)) : NULL;
	cleanup_buf struct buf plain = {0}, aliased = {0};
	cleanup_free char *alias = NULL;

	if (!v->size || l->pc < v->start || l->pc >= v->start + v->size)
		return;
	l->found = true;
	if (!name || !*name || *name == '_' || text_starts(name, "vmtap_") || is_hidden(l, name))
		return;
	alias = xasprintf("vmtap_local_%s", name);
	colon += 1 + (colon[1] == 'p');
	buf_adds(&plain, "extern ");
	buf_adds(&aliased, "extern ");
	if (!stabs_declare(&l->types, colon, name, &plain) || !stabs_declare(&l->types, colon, alias, &aliased))
		return;
	put(l, (struct local){.name = steal(name),
			      .alias = steal(alias),
			      .declaration = buf_steal(&plain),
			      .aliased = buf_steal(&aliased),
			      .address = l->frame + (uintptr_t)(intptr_t)v->offset,
			      .inner = l->inner});
}

/* Frames are read as they are: what is in them is not for a sanitizer to judge. */
__attribute__((no_sanitize_address)) void locals_find(const struct script *s, uintptr_t frame, uintptr_t top, struct locals *out)
{
	struct look l = {.out = out, .inner = true};
	int n = 0;

	*out = (struct locals){0};
	internals_variables(s->code, learn_type, &l);
	while (n < FRAMES_MAX && frame % sizeof(frame) == 0 && frame < top && frame + 2 * sizeof(frame) <= top) {
		const uintptr_t *words = (const uintptr_t *)frame; /* the caller's frame, the return address */

		l.pc = words[1] - 1;
		l.frame = words[0];
		l.before = out->n;
		l.found = false;
		if (l.frame <= frame)
			break;
		if (l.pc >= s->lines.start && l.pc < s->lines.end) {
			internals_variables(s->code, add_variable, &l);
			l.inner &= !l.found;
			n++;
		}
		frame = words[0];
	}
	stabs_free(&l.types);
}
