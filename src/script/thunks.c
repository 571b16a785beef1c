/* thunks.c - the functions that make server.succeed("...") know its machine
 *
 * Theory of operation
 *
 * A method is a plain function pointer in struct vm: C has no `this`. So each
 * machine gets functions of its own, one a method, which do nothing but call
 * the common function with the machine's number. They are generated as C text
 * from methods.def and compiled by the same tcc as the script:
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
#undef METHOD
};

/* Behind the opening bracket of "(const char *cmd)": what follows the machine's number. */
static void add_rest(struct buf *out, const char *list)
{
	if (strcmp(list, "()") != 0)
		buf_adds(out, ", ");
	buf_adds(out, list + 1);
}

static void add_prototypes(struct buf *out, const bool *wanted)
{
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		if (!wanted[r - rows])
			continue;
		buf_addf(out, "%s method_%s(unsigned", r->type, r->name);
		add_rest(out, r->parameters);
		buf_adds(out, ";\n");
	}
}

static void add_machine(struct buf *out, const bool *wanted, size_t number)
{
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		if (!wanted[r - rows])
			continue;
		buf_addf(out, "static %s m%zu_%s%s { %smethod_%s(%zu", r->type, number, r->name,
			 strcmp(r->parameters, "()") ? r->parameters : "(void)",
			 strcmp(r->type, "void") ? "return " : "", r->name, number);
		add_rest(out, r->arguments);
		buf_adds(out, "; }\n");
	}
	buf_addf(out, "void *const m%zu[] = {", number);
	for (const struct row *r = rows; r < rows + ARRAY_SIZE(rows); r++) {
		if (wanted[r - rows])
			buf_addf(out, "m%zu_%s, ", number, r->name);
		else
			buf_adds(out, "0, ");
	}
	buf_adds(out, "};\n");
}

static void add_symbols(TCCState *t)
{
#define METHOD(type, name, parameters, arguments, doc) tcc_add_symbol(t, "method_" #name, (void *)(uintptr_t)method_##name);
#include "script/methods.def"
#undef METHOD
	tcc_add_symbol(t, "memmove", (void *)(uintptr_t)memmove); /* tcc's way to copy a structure */
	tcc_add_symbol(t, "memcpy", (void *)(uintptr_t)memcpy);
}

/* A method that is not named in the text cannot be called; one that is named in a comment only costs its thunk. */
static void find_wanted(const struct script *s, bool all, bool *wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		wanted[i] = all;
		for (size_t f = 0; f < s->sources.n && !wanted[i]; f++)
			wanted[i] = strstr(buf_str(&s->sources.files[f].text), rows[i].name) != NULL;
	}
}

/* Return: whether a wanted method returns a structure, whose declaration is needed then. */
static bool needs_types(const bool *wanted)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (wanted[i] && text_starts(rows[i].type, "struct "))
			return true;
	return false;
}

int thunks_make(struct script *s, bool all, struct diagnostics *d)
{
	cleanup_buf struct buf text = {0};
	bool wanted[ARRAY_SIZE(rows)];

	if (!s->machine_count)
		return 0;
	find_wanted(s, all, wanted);
	s->thunks = compile_new_state(needs_types(wanted) ? "-nostdlib -include vmtap-types.h" : "-nostdlib", d);
	add_symbols(s->thunks);
	buf_reserve(&text, THUNKS_TEXT * (s->machine_count + 1));
	if (!needs_types(wanted))
		buf_adds(&text, "typedef _Bool bool;\ntypedef unsigned long size_t;\nstruct net;\n");
	add_prototypes(&text, wanted);
	for (size_t i = 0; i < s->machine_count; i++)
		add_machine(&text, wanted, i);
	if (tcc_compile_string(s->thunks, buf_str(&text)) < 0 ||
	    tcc_relocate(s->thunks, TCC_RELOCATE_AUTO) < 0)
		return diagnose(d, s->path, 1, "the machines' functions do not compile: a bug in vmtap");

	for (size_t i = 0; i < s->machine_count; i++) {
		struct vm *o = s->objects[i];
		char symbol[32];

		snprintf(symbol, sizeof(symbol), "m%zu", i);
		o->name = s->machines[i].name;
		memcpy(o->methods, tcc_get_symbol(s->thunks, symbol), sizeof(o->methods));
	}
	return 0;
}
