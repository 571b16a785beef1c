/* lines.c - from an address in the script's code to its file and line */
#include "script/lines.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "script/internals.h"

static void add_line(void *arg, uintptr_t pc, const char *file, int line)
{
	struct lines *l = arg;

	if (l->n == l->cap) {
		l->cap = l->cap ? l->cap * 2 : 256;
		l->table = xrealloc(l->table, l->cap * sizeof(*l->table));
	}
	l->table[l->n++] = (struct line){pc, file, line};
}

void lines_read(struct lines *l, struct TCCState *s)
{
	/* tcc lays functions out in the order of the source: the table comes sorted. */
	internals_lines(s, add_line, l);
	internals_code(s, &l->start, &l->end);
}

void lines_free(struct lines *l)
{
	free(l->table);
	*l = (struct lines){0};
}

struct place lines_find(const struct lines *l, uintptr_t pc)
{
	size_t low = 0, high = l->n;

	if (pc < l->start || pc >= l->end)
		return (struct place){0};
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (l->table[middle].pc <= pc)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? (struct place){l->table[low - 1].file, l->table[low - 1].line} : (struct place){0};
}

void chain_add(struct chain *c, struct place p)
{
	const struct place *last = c->n ? &c->places[c->n - 1] : NULL;

	if (!p.file || (last && last->line == p.line && strcmp(last->file, p.file) == 0))
		return;
	if (c->n < CHAIN_MAX)
		c->n++;
	else
		c->lost++;
	c->places[c->n - 1] = p;
}

/* Frames are read as they are: what is in them is not for a sanitizer to judge. */
__attribute__((no_sanitize_address)) void lines_chain(const struct lines *l, uintptr_t frame, uintptr_t top, struct chain *c)
{
	while (frame % sizeof(frame) == 0 && frame < top && frame + 2 * sizeof(frame) <= top) {
		const uintptr_t *words = (const uintptr_t *)frame; /* the caller's frame, the return address */

		chain_add(c, lines_find(l, words[1] - 1));
		if (words[0] <= frame)
			break;
		frame = words[0];
	}
}

__attribute__((no_sanitize_address)) struct place lines_scan(const struct lines *l, uintptr_t from, uintptr_t top)
{
	from = (from + sizeof(from) - 1) & ~(sizeof(from) - 1);
	for (; from + sizeof(from) <= top; from += sizeof(from)) {
		struct place p = lines_find(l, *(const uintptr_t *)from - 1);

		if (p.file)
			return p;
	}
	return (struct place){0};
}
