/* thunks.c - the functions that make server.succeed("...") know its machine
 *
 * Theory of operation
 *
 * A method is a plain function pointer in struct vm: C has no `this`. So each
 * machine gets functions of its own, one a method, which do nothing but call
 * the common function with the machine's number. They are generated as C text
 * from methods.def and compiled by the same tcc as the script; likewise for networks:
 *
 *	static char *m3_succeed(const char *cmd) { return method_succeed(3, cmd); }
 *
 * Only the methods whose names stand somewhere in the script are made, because
 * compiling all of them would take as long as compiling the script.
 * Rejected: a patched compiler that passes a hidden argument (scripts would no
 * longer be C for gcc and clang), and machine code written by hand for each
 * processor.
 */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "script/compiled.h"
#include "script/methods.h"

#define THUNKS_TEXT 1024 /* bytes of one machine's functions, about */

struct row {
	const char *type, *name, *parameters, *arguments;
};

static const struct row rows[] = {
#define METHOD(type, name, parameters, arguments, doc) {#type, #name, #parameters, #arguments},
#include "script/methods.def"
};

static const struct row net_rows[] = {
#define NET_METHOD(type, name, parameters, arguments, doc) {#type, #name, #parameters, #arguments},
#include "script/methods.def"
};

/* What has methods: its letter in the names of thunks, and the beginning of the functions' behind them. */
static const struct kind {
	char letter;
	const char *function;
	const struct row *rows;
	size_t count;
} kinds[] = {
	{'m', "method", rows, ARRAY_SIZE(rows)},
	{'n', "net", net_rows, ARRAY_SIZE(net_rows)},
};

enum { OF_MACHINES, OF_NETS, KINDS };

#define ROWS_MAX (ARRAY_SIZE(rows) > ARRAY_SIZE(net_rows) ? ARRAY_SIZE(rows) : ARRAY_SIZE(net_rows))

/* Which rows of each kind are to be made. */
typedef bool wants[KINDS][ROWS_MAX];

/* Behind the opening bracket of "(const char *cmd)": what follows the machine's number. */
static void add_rest(struct buf *out, const char *list)
{
	if (strcmp(list, "()") != 0)
		buf_adds(out, ", ");
	buf_adds(out, list + 1);
}

static void add_prototypes(struct buf *out, const struct kind *k, const bool *wanted)
{
	for (size_t i = 0; i < k->count; i++) {
		if (!wanted[i])
			continue;
		buf_addf(out, "%s %s_%s(unsigned", k->rows[i].type, k->function, k->rows[i].name);
		add_rest(out, k->rows[i].parameters);
		buf_adds(out, ";\n");
	}
}

static void add_object(struct buf *out, const struct kind *k, const bool *wanted, size_t number)
{
	for (size_t i = 0; i < k->count; i++) {
		const struct row *r = &k->rows[i];

		if (!wanted[i])
			continue;
		buf_addf(out, "static %s %c%zu_%s%s { %s%s_%s(%zu", r->type, k->letter, number, r->name,
			 strcmp(r->parameters, "()") ? r->parameters : "(void)",
			 strcmp(r->type, "void") ? "return " : "", k->function, r->name, number);
		add_rest(out, r->arguments);
		buf_adds(out, "; }\n");
	}
	buf_addf(out, "void *const %c%zu[] = {", k->letter, number);
	for (size_t i = 0; i < k->count; i++) {
		if (wanted[i])
			buf_addf(out, "%c%zu_%s, ", k->letter, number, k->rows[i].name);
		else
			buf_adds(out, "0, ");
	}
	buf_adds(out, "};\n");
}

static void add_symbols(TCCState *t)
{
#define METHOD(type, name, parameters, arguments, doc)	   tcc_add_symbol(t, "method_" #name, (void *)(uintptr_t)method_##name);
#define NET_METHOD(type, name, parameters, arguments, doc) tcc_add_symbol(t, "net_" #name, (void *)(uintptr_t)net_##name);
#include "script/methods.def"
	tcc_add_symbol(t, "memmove", (void *)(uintptr_t)memmove); /* tcc's way to copy a structure */
	tcc_add_symbol(t, "memcpy", (void *)(uintptr_t)memcpy);
}

static bool is_named(const struct script *s, const char *name)
{
	for (size_t f = 0; f < s->sources.n; f++)
		if (strstr(buf_str(&s->sources.files[f].text), name))
			return true;
	return false;
}

/* A method that is not named in the text cannot be called; one that is named in a comment only costs its thunk. */
static void find_wanted(const struct script *s, bool all, wants wanted)
{
	for (size_t k = 0; k < KINDS; k++)
		for (size_t i = 0; i < kinds[k].count; i++)
			wanted[k][i] = all || is_named(s, kinds[k].rows[i].name);
}

/* Return: whether a wanted method returns a structure, whose declaration is needed then. */
static bool needs_types(const bool *wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (wanted[i] && text_starts(rows[i].type, "struct "))
			return true;
	return false;
}

/* Put the functions of object @number into its structure. */
static void fill_in(struct script *s, const struct kind *k, size_t number, void **methods)
{
	char symbol[32];

	snprintf(symbol, sizeof(symbol), "%c%zu", k->letter, number);
	memcpy(methods, tcc_get_symbol(s->thunks, symbol), k->count * sizeof(*methods));
}

int thunks_make(struct script *s, bool all, struct diagnostics *d)
{
	const size_t counts[KINDS] = {[OF_MACHINES] = s->machine_count, [OF_NETS] = s->net_count};
	cleanup_buf struct buf text = {0};
	wants wanted = {{false}};

	if (!s->machine_count && !s->net_count)
		return 0;
	find_wanted(s, all, wanted);
	s->thunks = compile_new_state(needs_types(wanted[OF_MACHINES]) ? "-nostdlib -include vmtap-types.h" : "-nostdlib", d);
	add_symbols(s->thunks);
	buf_reserve(&text, THUNKS_TEXT * (s->machine_count + 1));
	if (!needs_types(wanted[OF_MACHINES]))
		buf_adds(&text, "typedef _Bool bool;\ntypedef unsigned long size_t;\n");
	buf_adds(&text, "struct vm;\nstruct net;\n");
	for (size_t k = 0; k < KINDS; k++) {
		add_prototypes(&text, &kinds[k], wanted[k]);
		for (size_t i = 0; i < counts[k]; i++)
			add_object(&text, &kinds[k], wanted[k], i);
	}
	if (tcc_compile_string(s->thunks, buf_str(&text)) < 0 ||
	    tcc_relocate(s->thunks, TCC_RELOCATE_AUTO) < 0)
		return diagnose(d, s->path, 1, "the machines' functions do not compile: a bug in vmtap");

	for (size_t i = 0; i < s->machine_count; i++) {
		s->objects[i]->name = s->machines[i].name;
		fill_in(s, &kinds[OF_MACHINES], i, s->objects[i]->methods);
	}
	for (size_t i = 0; i < s->net_count; i++)
		fill_in(s, &kinds[OF_NETS], i, s->net_objects[i]->methods);
	return 0;
}
