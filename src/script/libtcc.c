/* libtcc.c - libtcc itself, as a part of this program
 *
 * Theory of operation
 *
 * tcc's own sources are compiled here as one unit (vendor/rules/tcc lays them
 * out; the build gives their folder with -isystem, which also keeps our
 * warnings off them). That gives three things that a linked libtcc.a cannot:
 *
 * 1. Its open() is embed_open(): no file of tcc is on the disk.
 * 2. Its line table can be read. tcc's own fault handler would print it to
 *    stderr and knows nothing of tests.
 * 3. Its symbol table can be read in the middle of an error, for "did you
 *    mean".
 *
 * The rejected alternative is a patched tcc: every line below works on the
 * source as Debian and others ship it.
 */
#include <fcntl.h>
#include <string.h>

#include "script/embed.h"
#include "script/internals.h"

#define open embed_open
#include <libtcc.c>
#undef open
/* tcc.h redirects these so that tcc's own files cannot use them. */
#undef malloc
#undef free
#undef realloc
#undef strdup

/*
 * Stabs, as tccgen.c writes them: N_SO and N_SOL name the file, N_FUN starts a
 * function, N_SLINE gives a line at an offset from it. Addresses are cut to 32
 * bits. (The state is called s1 because tcc.h makes text_section and
 * stab_section macros that mean members of a variable of that name.)
 */
void internals_lines(TCCState *s1, internals_line_fn *line, void *arg)
{
	const Stab_Sym *sym = (const Stab_Sym *)stab_section->data;
	const Stab_Sym *end = (const Stab_Sym *)(stab_section->data + stab_section->data_offset);
	const char *strings = (const char *)stabstr_section->data;
	uintptr_t text = text_section->sh_addr, function = text;
	const char *path = "";

	for (; sym < end; sym++) {
		switch (sym->n_type) {
		case N_SO:
		case N_SOL:
		case N_BINCL:
			if (sym->n_strx)
				path = strings + sym->n_strx;
			break;
		case N_FUN:
			function = text + (uint32_t)(sym->n_value - (uint32_t)text);
			line(arg, function, path, sym->n_desc);
			break;
		case N_SLINE:
			line(arg, function + sym->n_value, path, sym->n_desc);
			break;
		}
	}
}

/* Return: the N_RBRAC of the block that an N_LBRAC begins, or @end. */
static const Stab_Sym *end_of_block(const Stab_Sym *sym, const Stab_Sym *end)
{
	int depth = 0;

	for (; sym < end; sym++) {
		depth += (sym->n_type == N_LBRAC) - (sym->n_type == N_RBRAC);
		if (depth == 0)
			return sym;
	}
	return end;
}

/*
 * The blocks of a function come behind its lines, each as its variables, N_LBRAC, the blocks in it, N_RBRAC; where its
 * code is is told from the function's beginning. Types come anywhere.
 */
void internals_variables(TCCState *s1, internals_variable_fn *variable, void *arg)
{
	const Stab_Sym *sym = (const Stab_Sym *)stab_section->data;
	const Stab_Sym *end = (const Stab_Sym *)(stab_section->data + stab_section->data_offset);
	const char *strings = (const char *)stabstr_section->data;
	const uintptr_t text = text_section->sh_addr;
	uintptr_t function = text;
	const Stab_Sym *first = NULL; /* of the variables of the next block */

	for (; sym < end; sym++) {
		const Stab_Sym *last = sym->n_type == N_LBRAC ? end_of_block(sym, end) : end;

		if (sym->n_type == N_FUN)
			function = text + (uint32_t)(sym->n_value - (uint32_t)text);
		if (sym->n_type == N_LSYM && sym->n_strx)
			variable(arg, &(struct internals_variable){.text = strings + sym->n_strx});
		for (; last < end && first && first < sym; first++) {
			if (first->n_type == N_LSYM || first->n_type == N_PSYM)
				variable(arg, &(struct internals_variable){
						      .text = strings + first->n_strx,
						      .start = function + sym->n_value,
						      .size = last->n_value - sym->n_value,
						      .offset = (int32_t)first->n_value,
					      });
		}
		if (sym->n_type == N_FUN || sym->n_type == N_LBRAC || sym->n_type == N_RBRAC || sym->n_type == N_SLINE)
			first = sym + 1;
	}
}

void internals_code(TCCState *s1, uintptr_t *start, uintptr_t *end)
{
	*start = text_section->sh_addr;
	*end = *start + text_section->data_offset;
}

const void *internals_section(TCCState *s1, const char *name, size_t *n)
{
	for (int i = 1; i < s1->nb_sections; i++) {
		if (strcmp(s1->sections[i]->name, name) == 0) {
			*n = s1->sections[i]->data_offset;
			return (const void *)s1->sections[i]->sh_addr;
		}
	}
	*n = 0;
	return NULL;
}

bool internals_refers(TCCState *s1, const char *symbol)
{
	const size_t wanted = (size_t)find_elf_sym(symtab_section, symbol);

	for (int i = 1; wanted && i < s1->nb_sections; i++) {
		const Section *s = s1->sections[i]->reloc;
		const ElfW_Rel *rel = s ? (const ElfW_Rel *)s->data : NULL;

		for (; s && rel < (const ElfW_Rel *)(s->data + s->data_offset); rel++)
			if (ELFW(R_SYM)(rel->r_info) == wanted)
				return true;
	}
	return false;
}

void internals_names(const char **names, size_t max)
{
	size_t n = 0;

	for (int i = 0; i < tok_ident - TOK_IDENT && n + 1 < max; i++) {
		const TokenSym *t = table_ident[i];

		if ((t->sym_identifier || t->sym_define) && t->str[0] != '_')
			names[n++] = t->str;
	}
	names[n] = NULL;
}

static bool is_defined(const ElfW(Sym) *sym)
{
	return sym->st_shndx != SHN_UNDEF && sym->st_shndx < SHN_LORESERVE;
}

void internals_symbols(TCCState *s1, internals_symbol_fn *symbol, void *arg)
{
	const ElfW(Sym) *sym = (const ElfW(Sym) *)symtab_section->data;
	const ElfW(Sym) *end = (const ElfW(Sym) *)(symtab_section->data + symtab_section->data_offset);
	const char *strings = (const char *)symtab_section->link->data;

	for (; sym < end; sym++) {
		const char *name = strings + sym->st_name;

		/* "L.12" is a text, and what begins with '_' is the linker's: _etext, _GLOBAL_OFFSET_TABLE_ */
		if (is_defined(sym) && *name && *name != '_' && !strchr(name, '.'))
			symbol(arg, name, sym->st_value);
	}
}

bool internals_defines(TCCState *s1, const char *name)
{
	const int i = find_elf_sym(symtab_section, name);

	return i && is_defined(&((const ElfW(Sym) *)symtab_section->data)[i]);
}

int internals_column(void)
{
	const unsigned char *p = file ? file->buf_ptr : NULL;
	int n = 0;

	for (; p && p > file->buffer && p[-1] != '\n'; p--)
		n++;
	return n;
}
