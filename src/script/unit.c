/* unit.c - a line that was typed, compiled so that it sees the script and the lines before it
 *
 * Theory of operation
 *
 * What a line is, is tried out: the compiler knows C, and takes a millisecond. A declaration is compiled at file scope
 * as it stands; when its initializers are no constants, they become assignments. Anything else is the body of a
 * function. An expression is compiled with its value kept in a variable of its type, for which _Generic finds what
 * shows it: as a scalar; else as a structure; else as an array; else, being void, as a statement. What is told of a
 * line that does not compile are the errors of the last way to read it.
 *
 * A variable of a function is an address like any other. One that has the name of what the script declares is tried
 * under a name of its own, with a macro in front.
 *
 * What a unit defines is known to the units behind it in two lists, which nothing is ever removed from but what was
 * declared once more: the texts that declare, and the names with their addresses.
 */
#include "script/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "script/compiled.h"
#include "script/deadline.h"
#include "script/embed.h"
#include "script/internals.h"
#include "script/locals.h"
#include "script/outline.h"
#include "script/run.h"
#include "script/show.h"

#define ENTRY "vmtap_line" /* the function that runs a line */

/* What earlier lines have declared: @names as outline_names() has them. */
struct kept {
	char *text, *names;
};

struct symbol {
	char *name;
	uintptr_t address;
};

static struct {
	struct script *script;
	struct buf outlines[SCRIPT_FILES_MAX];
	struct buf prelude; /* in front of all: how values are shown, what the script declares */
	struct buf types;
	struct kept *kept;
	size_t nkept;
	struct symbol *symbols;
	size_t nsymbols;
	char *path; /* that the compiler knows a line by */
	void (*test)(const char *name);
	void (*tests)(void);
} unit;

/* ---- showing ---- */

static void print(const struct buf *text)
{
	(void)fd_write_all(STDOUT_FILENO, buf_str(text), text->len);
}

#define SHOWER(name)                                   \
	static void print_##name(const void *value)    \
	{                                              \
		cleanup_buf struct buf out = {0};      \
		show_##name(&out, value);              \
		print(&out);                           \
	}
#define SHOW(name, type, format) SHOWER(name)
#include "script/show.def"
#undef SHOW
SHOWER(bool)
SHOWER(text)
SHOWER(pointer)
SHOWER(result)

static void print_bytes(unsigned long n)
{
	cleanup_buf struct buf out = {0};

	buf_addf(&out, "a structure of %lu bytes\n", n);
	print(&out);
}

static const struct {
	const char *name, *type;
	void (*print)(const void *value);
} shown[] = {
#define SHOW(name, type, format) {#name, #type, print_##name},
#include "script/show.def"
#undef SHOW
	{"bool", "_Bool", print_bool},
	{"text", "char *", print_text},
	{"text", "const char *", print_text},
	{"pointer", "default", print_pointer},
	{"result", NULL, print_result},
};

/* ---- what there is ---- */

static void add_symbol(void *arg, const char *name, uintptr_t address)
{
	(void)arg;
	if (strcmp(name, ENTRY) == 0)
		return;
	for (size_t i = 0; i < unit.nsymbols; i++) {
		if (strcmp(unit.symbols[i].name, name) == 0) {
			unit.symbols[i].address = address;
			return;
		}
	}
	unit.symbols = xrealloc(unit.symbols, (unit.nsymbols + 1) * sizeof(*unit.symbols));
	unit.symbols[unit.nsymbols++] = (struct symbol){xstrdup(name), address};
}

/* Return: whether two lists of names have one in common. */
static bool share_name(const char *a, const char *b)
{
	for (size_t n; *a; a += n) {
		cleanup_free char *name = NULL;
		cleanup_free char *list = xasprintf(" %s", b);

		n = strcspn(a, " ") + 1;
		name = xasprintf(" %.*s", (int)n, a);
		if (strstr(list, name))
			return true;
	}
	return false;
}

/* Remember what a line has declared, in the place of what earlier lines have declared by the same name. */
static void keep(const char *text)
{
	cleanup_buf struct buf declared = {0}, names = {0};
	size_t n = 0;

	outline_declare(text, &declared);
	outline_names(text, &names);
	for (size_t i = 0; i < unit.nkept; i++)
		if (!share_name(buf_str(&names), unit.kept[i].names))
			unit.kept[n++] = unit.kept[i];
	unit.nkept = n;
	unit.kept = xrealloc(unit.kept, (n + 1) * sizeof(*unit.kept));
	if (strncmp(text + strspn(text, " \t\n"), "typedef", 7) == 0)
		buf_addf(&unit.types, " %s", buf_str(&names));
	unit.kept[unit.nkept++] = (struct kept){buf_steal(&declared), xstrdup(buf_str(&names))};
}

static void make_prelude(struct buf *out)
{
	buf_adds(out, "#undef vm\n#undef vm_array\n#undef net\n"
		      "#define vm(id, ...) extern struct vm id\n"
		      "#define vm_array(id, count, ...) extern struct vm id[count]\n"
		      "#define net(id, ...) extern struct net id\n"
		      "void run_tests(void);\nvoid run_test(const char *name);\nvoid vmtap_show_bytes(unsigned long);\n"
		      "#define VMTAP_SHOW(v) _Generic((v)");
	for (size_t i = 0; i < ARRAY_SIZE(shown) && shown[i].type; i++)
		buf_addf(out, ", %s: vmtap_show_%s", shown[i].type, shown[i].name);
	buf_adds(out, ")(&(v))\n");
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++)
		buf_addf(out, "void vmtap_show_%s(const void *);\n", shown[i].name);
	buf_add(out, unit.outlines[0].data, unit.outlines[0].len);
}

static void find_types(void)
{
	for (size_t i = 0; i < unit.script->sources.n; i++) {
		for (const char *p = buf_str(&unit.outlines[i]); (p = strstr(p, "typedef ")); p += strlen("typedef ")) {
			cleanup_free char *item = xstrndup(p, strcspn(p, ";") + 1);

			buf_addc(&unit.types, ' ');
			outline_names(item, &unit.types);
		}
	}
}

void unit_init(struct script *s, void (*test)(const char *name), void (*tests)(void))
{
	struct diagnostics d = {.sources = &s->sources};

	unit.script = s;
	unit.test = test;
	unit.tests = tests;
	unit.path = xasprintf("%.*s(typed)", (int)(path_base(s->path) - s->path), s->path);
	for (size_t i = 0; i < s->sources.n; i++)
		outline_declare(buf_str(&s->sources.files[i].cooked), &unit.outlines[i]);
	make_prelude(&unit.prelude);
	find_types();
	internals_symbols(s->code, add_symbol, NULL);
	(void)thunks_make(s, true, &d);
	diagnose_free(&d);
}

void unit_no_test(const char *name, const char *const *names)
{
	const char *near = name ? text_nearest(name, names) : NULL;

	run_die(NULL, "there is no test \"%s\"%s%s%s", name ? name : "(null)", near ? "; did you mean \"" : "", near ? near : "",
		near ? "\"?" : "");
}

/* ---- the compiler ---- */

struct attempt {
	struct diagnostics d;
	int column; /* of the first error, or 0 */
};

static void note_error(void *opaque, const char *message)
{
	struct attempt *a = opaque;
	const size_t before = a->d.count;

	diagnose_tcc(&a->d, message);
	if (before == 0 && a->d.count == 1)
		a->column = internals_column();
}

/* @names: what @text declares anew */
static void add_text(struct buf *out, const char *names, const char *before, const char *text, const char *behind)
{
	buf_add(out, unit.prelude.data, unit.prelude.len);
	for (size_t i = 0; i < unit.nkept; i++)
		if (!share_name(names, unit.kept[i].names))
			buf_adds(out, unit.kept[i].text);
	buf_adds(out, before);
	buf_addf(out, "\n#line 1\n%s\n%s", text, behind);
}

static void link_unit(TCCState *t)
{
	for (size_t i = 0; i < unit.nsymbols; i++)
		if (!internals_defines(t, unit.symbols[i].name))
			tcc_add_symbol(t, unit.symbols[i].name, (const void *)unit.symbols[i].address);
	for (size_t i = 0; i < ARRAY_SIZE(shown); i++) {
		cleanup_free char *name = xasprintf("vmtap_show_%s", shown[i].name);

		tcc_add_symbol(t, name, (const void *)(uintptr_t)shown[i].print);
	}
	tcc_add_symbol(t, "vmtap_show_bytes", (const void *)(uintptr_t)print_bytes);
	tcc_add_symbol(t, "run_test", (const void *)(uintptr_t)unit.test);
	tcc_add_symbol(t, "run_tests", (const void *)(uintptr_t)unit.tests);
}

/* Compile @text between two others. Return: the function that runs it, or NULL with the errors in @a. */
static void (*attempt(struct attempt *a, const char *names, const char *before, const char *text, const char *behind))(void)
{
	cleanup_buf struct buf all = {0};
	TCCState *t;
	uintptr_t start, end;
	void (*code)(void) = NULL;

	diagnose_free(&a->d);
	*a = (struct attempt){.d.sources = &unit.script->sources};
	add_text(&all, names, before, text, behind);
	embed_add(unit.path, buf_str(&all), all.len);
	for (size_t i = 1; i < unit.script->sources.n; i++)
		embed_add(unit.script->sources.files[i].path, buf_str(&unit.outlines[i]), unit.outlines[i].len);
	t = compile_new_state("-x c -include vmtap.h", &a->d);
	tcc_set_error_func(t, a, note_error);
	libc_add_symbols(t);
	if (tcc_add_file(t, unit.path) == 0 && !a->d.count) {
		link_unit(t);
		if (tcc_relocate(t, TCC_RELOCATE_AUTO) == 0 && !a->d.count)
			code = (void (*)(void))(uintptr_t)tcc_get_symbol(t, ENTRY);
	}
	embed_clear();
	if (code) {
		internals_symbols(t, add_symbol, NULL);
		internals_code(t, &start, &end);
		deadline_add_code(start, end);
	} else {
		tcc_delete(t);
	}
	return code;
}

/* ---- what is wrong ---- */

/* A mark below the byte at @column, or below the word that ends there. */
static void add_mark(struct buf *out, const char *text, int column)
{
	int end = column < (int)strcspn(text, "\n") ? column : (int)strcspn(text, "\n"), start;

	while (end > 0 && strchr(" \t", text[end - 1]))
		end--;
	start = end > 0 ? end - 1 : 0;
	while (start > 0 && text_utf8_length(text + start, 1) == 0)
		start--;
	buf_addf(out, "  %.*s\n  ", (int)strcspn(text, "\n"), text);
	for (int i = 0; i < start; i++)
		buf_addc(out, text[i] == '\t' ? '\t' : ' ');
	buf_adds(out, "^\n");
}

/* Where the word that a message quotes stands, which is better than how far the compiler has read. */
static int find_word(const char *message, const char *text, int column)
{
	const char *quote = strchr(message, '\'');
	size_t n = quote ? strcspn(quote + 1, "'\n") : 0;
	cleanup_free char *word = n ? xstrndup(quote + 1, n) : NULL;
	const char *at = word ? strstr(text, word) : NULL;

	return at ? (int)(at - text) + 1 : column;
}

/* Return: bytes of a message's line, without what it says of the text that we have put behind the person's. */
static size_t said(const char *message)
{
	const size_t n = strcspn(message, "\n");
	static const char ours[] = " (got \"void\")";

	return n >= sizeof(ours) && strncmp(message + n - (sizeof(ours) - 1), ours, sizeof(ours) - 1) == 0 ? n - (sizeof(ours) - 1) : n;
}

static void complain(const struct attempt *a, const char *text)
{
	cleanup_buf struct buf out = {0};
	const size_t path = strlen(unit.path);
	const bool one_line = !strchr(text, '\n') || !strchr(text, '\n')[1];
	bool marked = !one_line;

	for (const char *p = buf_str(&a->d.text); *p; p += strcspn(p, "\n") + 1) {
		const char *colon = strncmp(p, unit.path, path) == 0 && p[path] == ':' ? p + path + 1 : NULL;
		const char *message = strstr(p, ": error: ");

		if (!colon || !message) {
			buf_addf(&out, "error: %.*s\n", (int)strcspn(p, "\n"), p);
			continue;
		}
		message += strlen(": error: ");
		if (!marked)
			add_mark(&out, text, find_word(message, text, a->column));
		marked = true;
		if (!one_line)
			buf_addf(&out, "line %d: ", atoi(colon));
		buf_addf(&out, "error: %.*s\n", (int)said(message), message);
	}
	(void)fd_write_all(STDERR_FILENO, buf_str(&out), out.len);
}

/* ---- ways to read a line ---- */

static void (*declaration(struct attempt *a, const char *text))(void)
{
	static const char nothing[] = "void " ENTRY "(void) { }\n";
	cleanup_buf struct buf names = {0};
	void (*code)(void);

	outline_names(text, &names);
	code = attempt(a, buf_str(&names), "", text, nothing);

	if (!code && strstr(buf_str(&a->d.text), "constant")) {
		cleanup_buf struct buf definitions = {0}, assignments = {0};
		cleanup_free char *behind = NULL;

		outline_split(text, &definitions, &assignments);
		behind = xasprintf("void " ENTRY "(void) {\n#line 1\n%s}\n", buf_str(&assignments));
		code = attempt(a, buf_str(&names), "", buf_str(&definitions), behind);
	}
	if (code)
		keep(text);
	return code;
}

static void (*expression(struct attempt *a, const char *text))(void)
{
	static const char *const ways[][2] = {
		{"void " ENTRY "(void) { __typeof__(", "; (void)!vmtap_value; VMTAP_SHOW(vmtap_value); }\n"},
		{"void " ENTRY "(void) { __typeof__(",
		 "; struct result *vmtap_result = &vmtap_value; vmtap_show_result(vmtap_result); }\n"},
		{"void " ENTRY "(void) { __typeof__(", "; vmtap_show_bytes(sizeof(vmtap_value)); }\n"},
		{"void " ENTRY "(void) { __typeof__(&*(", "; (void)!vmtap_value; VMTAP_SHOW(vmtap_value); }\n"},
	};
	void (*code)(void) = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(ways) && !code; i++) {
		const char *close = i == 3 ? "))" : ")";
		cleanup_free char *before = xasprintf("%s%s\n%s vmtap_value = (", ways[i][0], text, close);
		cleanup_free char *behind = xasprintf(")%s", ways[i][1]);

		code = attempt(a, "", before, text, behind);
	}
	return code ? code : attempt(a, "", "void " ENTRY "(void) {", text, "\n;}\n");
}

void (*unit_compile(const char *text))(void)
{
	struct attempt a = {0};
	void (*code)(void) = NULL;

	switch (outline_kind(text, buf_str(&unit.types))) {
	case OUTLINE_NOTHING:
		code = attempt(&a, "", "void " ENTRY "(void) {", "", "}\n");
		break;
	case OUTLINE_DIRECTIVE:
	case OUTLINE_DECLARATION:
		code = declaration(&a, text);
		break;
	case OUTLINE_TEST:
		diagnose(&a.d, unit.path, 1, "tests, machines and networks are declared in the script, not at its prompt");
		break;
	case OUTLINE_EXPRESSION:
		code = expression(&a, text);
		break;
	case OUTLINE_STATEMENTS:
		code = attempt(&a, "", "void " ENTRY "(void) {", text, "}\n");
		break;
	}
	if (!code)
		complain(&a, text);
	diagnose_free(&a.d);
	return code;
}

/* ---- variables of functions ---- */

/* Return: whether a line still compiles. */
static bool try_nothing(void)
{
	struct attempt a = {0};
	bool good = attempt(&a, "", "void " ENTRY "(void) {", "", "}\n") != NULL;

	diagnose_free(&a.d);
	return good;
}

static void keep_as(char *text, char *names)
{
	unit.kept = xrealloc(unit.kept, (unit.nkept + 1) * sizeof(*unit.kept));
	unit.kept[unit.nkept++] = (struct kept){text, names};
}

/* Return: whether the script declares something of that name outside of functions. */
static bool is_declared(const char *name)
{
	for (size_t i = 0; i < unit.nsymbols; i++)
		if (strcmp(unit.symbols[i].name, name) == 0)
			return true;
	return false;
}

/* Return: whether lines can use it. */
static bool add_local(const struct local *v)
{
	if (is_declared(v->name) && !v->inner)
		return false;
	if (!is_declared(v->name)) {
		add_symbol(NULL, v->name, v->address);
		keep_as(xasprintf("%s\n", v->declaration), xasprintf("%s ", v->name));
		if (try_nothing())
			return true;
		unit.nkept--;
		unit.nsymbols--; /* it is the name of a function of vmtap's */
	}
	add_symbol(NULL, v->alias, v->address);
	keep_as(xasprintf("%s\n#define %s %s\n", v->aliased, v->name, v->alias), xasprintf("%s #%s ", v->name, v->name));
	if (try_nothing())
		return true;
	unit.nkept--;
	return false;
}

void unit_add_locals(struct locals *here)
{
	size_t n = 0;

	for (size_t i = 0; i < here->n; i++)
		if (add_local(&here->list[i]))
			here->list[n++] = here->list[i];
	here->n = n;
}

/* ---- names ---- */

struct namer {
	void (*name)(void *arg, const char *name);
	void *arg;
};

static void give_name(void *arg, const char *name, uintptr_t address)
{
	const struct namer *n = arg;

	(void)address;
	if (*name != '_' && !text_starts(name, "vmtap_"))
		n->name(n->arg, name);
}

void unit_names(const struct script *s, void (*name)(void *arg, const char *name), void *arg)
{
	static const char *const ours[] = {"run_test(", "run_tests()", "start_all()", "join_all()", "subtest(", "within(", "struct result", "printf(",
					   "note(", "fmt(", "trim(", "contains(", "like(", "unlike(", "isnt(", NULL};
	struct namer n = {name, arg};

	internals_symbols(s->code, give_name, &n);
	for (size_t i = 0; ours[i]; i++)
		name(arg, ours[i]);
}
