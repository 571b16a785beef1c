/* compile.c - from a file to a script that can be run
 *
 * Theory of operation
 *
 * 1. source.c reads the file and what it uses, and hands tcc a copy in memory.
 * 2. A script that is not plain is compiled in a child first: guard.c says why.
 * 3. tcc compiles it as one unit with vmtap.h in front, with -g for the line
 *    table, and relocates it into this process.
 * 4. declare.c reads the sections that the macros of vmtap.h filled: tests,
 *    machines, networks. All that can be wrong with them is said now.
 * 5. thunks.c compiles the machines' functions as a second unit, once the
 *    machines are known, and fills the structures.
 *
 * One failed step ends it; its errors are all reported, as far as tcc goes on
 * after one. A script is never unloaded, so the strings and tables of tcc can
 * be pointed into.
 */
#include "script/compiled.h"

#include <string.h>

#include "base/mem.h"
#include "script/embed.h"
#include "script/guard.h"
#include "script/internals.h"
#include "script/traps.h"

/* Of the child that tries a script. A script of the largest size takes tcc under a second and about 100 MiB. */
#define TRY_MEMORY (1ul << 30) /* bytes */
#define TRY_CPU	   10	       /* s */
#define TRY_WALL   60	       /* s; more than TRY_CPU, because other processes run as well */

TCCState *compile_new_state(const char *options, struct diagnostics *d)
{
	TCCState *t = tcc_new();

	tcc_set_error_func(t, d, diagnose_tcc);
	tcc_set_options(t, options);
	tcc_set_output_type(t, TCC_OUTPUT_MEMORY);
	return t;
}

/* Step 3. Return: 0, or -1 with something in @d. */
static int compile_code(struct script *s, struct diagnostics *d)
{
	for (size_t i = 0; i < s->sources.n; i++) {
		const struct source *f = &s->sources.files[i];

		embed_add(f->path, f->cooked.data, f->cooked.len);
	}
	s->code = compile_new_state("-g -x c -include vmtap.h", d);
	libc_add_symbols(s->code);
	if (tcc_add_file(s->code, s->path) < 0 || d->count)
		return -1;
	if (tcc_relocate(s->code, TCC_RELOCATE_AUTO) < 0 || d->count)
		return -1;
	lines_read(&s->lines, s->code);
	return 0;
}

struct trap {
	struct diagnostics *d;
	const char *path;
};

static void tell_trap(void *arg, int line, const char *message)
{
	const struct trap *t = arg;

	diagnose(t->d, t->path, line, "%s", message);
}

/* Steps 3 to 5. Return: 0, or -1 with something in @d. */
static int compile_sources(struct script *s, struct diagnostics *d)
{
	if (compile_code(s, d) < 0)
		return -1;
	for (size_t i = 0; i < s->sources.n; i++)
		traps_find(buf_str(&s->sources.files[i].text), tell_trap, &(struct trap){d, s->sources.files[i].path});
	diagnose_sort(d);
	if (d->count)
		return -1;
	declare_read(s, d);
	if (d->count)
		return -1;
	return thunks_make(s, false, d);
}

/* In a child of its own (guard.h): send what is wrong with the script. */
static void try_sources(void *arg, struct buf *text)
{
	struct script *s = arg;
	struct diagnostics d = {.sources = &s->sources};
	struct err err = {0};

	compile_sources(s, &d);
	if (diagnose_result(&d, &err) < 0)
		buf_adds(text, err.text);
}

/* Step 2. Return: 0, or -1 with why the script is not to be compiled here. */
static int try_compile(struct script *s, struct err *err)
{
	static const struct guard_limits limits = {.memory = TRY_MEMORY, .cpu = TRY_CPU, .wall = TRY_WALL};
	cleanup_buf struct buf text = {0};
	int died = guard_try(try_sources, s, &limits, &text);

	if (!died && !text.len)
		return 0;
	if (!died && !strstr(buf_str(&text), "memory full")) /* tcc's words */
		return err_set(err, "%s", buf_str(&text));
	if (!died) {
		buf_clear(&text);
		buf_addf(&text, "needs more than %lu MiB of memory", TRY_MEMORY >> 20);
	}
	return err_set(err, "%s:1: error: the compiler %s on this script; look for deep nesting, macros that grow, "
			    "huge arrays and asm() that fills memory", s->path, buf_str(&text));
}

/* All steps. Return: 0, or -1 with something in @d or, when there is nothing, in @err. */
static int compile(struct script *s, struct diagnostics *d, struct err *err)
{
	if (embed_check(err) < 0 || sources_load(&s->sources, s->path, d, err) < 0 || d->count)
		return -1;
	if (!sources_are_plain(&s->sources) && try_compile(s, err) < 0)
		return -1;
	return compile_sources(s, d);
}

/* Give back what a compile that failed has taken. */
static void discard(struct script *s)
{
	if (s->code)
		tcc_delete(s->code);
	if (s->thunks)
		tcc_delete(s->thunks);
	lines_free(&s->lines);
	sources_free(&s->sources);
	free(s->tests);
	free(s->bodies);
	free(s->setups);
	free(s->stages);
	free(s->stage_bodies);
	free(s->machines);
	free(s->objects);
	free(s->nets);
	free(s->path);
	free(s);
}

int script_compile(const char *path, const struct variant *variant, struct script **out, struct err *err)
{
	struct script *s = xcalloc(1, sizeof(*s));
	struct diagnostics d = {.sources = &s->sources};
	int r;

	s->path = xstrdup(path);
	s->variant = variant;
	r = compile(s, &d, err);
	embed_clear();
	if (d.count)
		r = diagnose_result(&d, err);
	diagnose_free(&d);
	if (r < 0)
		discard(s);
	else
		*out = s;
	return r;
}

bool script_has_setup(const struct script *s)
{
	return s->setup_count > 0;
}

size_t script_stage_count(const struct script *s)
{
	return s->stage_count;
}

const struct script_stage *script_stage(const struct script *s, size_t i)
{
	return &s->stages[i];
}

void script_add_key(const struct script *s, struct sha256 *key)
{
	for (size_t i = 0; i < s->sources.n; i++) {
		const struct source *f = &s->sources.files[i];

		sha256_add_str(key, f->path);
		sha256_add(key, buf_str(&f->text), f->text.len);
	}
}

bool script_uses_host(const struct script *s, const char **word, const char **file, int *line)
{
	/* localtime() and mktime() look at TZ */
	static const char *const functions[] = {"fopen", "env", "getenv", "time", "clock_gettime", "localtime", "mktime", "host", "accelerated", "slowness", "log_dir"};
	/* What __DATE__ says is no part of the text, nor is what a copy brings in; a copy to the host has to be made; the assembler can do anything. */
	static const char *const words[] = {"copy_from_host", "copy_from_machine", "__DATE__", "__TIME__", "asm", "__asm", "__asm__"};

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		*word = functions[i];
		if (!internals_refers(s->code, *word))
			continue;
		if (!sources_find_call(&s->sources, *word, file, line)) { /* the preprocessor put the name together */
			*file = s->path;
			*line = 1;
		}
		return true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		*word = words[i];
		if (sources_find_word(&s->sources, *word, file, line))
			return true;
	}
	return false;
}

bool script_may_interact(const struct script *s)
{
	const char *file;
	int line;

	return sources_find_word(&s->sources, "interact", &file, &line) ||
	       sources_find_word(&s->sources, "console_interact", &file, &line);
}

bool script_may_suspend(const struct script *s)
{
	static const char *const words[] = {"suspend", "wakeup", "system_wakeup"};
	const char *file;
	int line;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (sources_find_word(&s->sources, words[i], &file, &line))
			return true;
	return false;
}

bool script_brings_files(const struct script *s)
{
	const char *file;
	int line;

	return sources_find_word(&s->sources, "copy_from_host", &file, &line) || internals_refers(s->code, "host");
}

int script_line_count(const struct script *s)
{
	const char *text = buf_str(&s->sources.files[0].text);
	int n = 0;

	for (const char *p = text; *p; p += *p == '\n') {
		p += strcspn(p, "\n");
		n++;
	}
	return n;
}

size_t script_test_count(const struct script *s)
{
	return s->test_count;
}

const struct script_test *script_test(const struct script *s, size_t i)
{
	return &s->tests[i];
}

size_t script_machine_count(const struct script *s)
{
	return s->machine_count;
}

const struct script_machine *script_machine(const struct script *s, size_t i)
{
	return &s->machines[i];
}

size_t script_net_count(const struct script *s)
{
	return s->net_count;
}

const struct script_net *script_net(const struct script *s, size_t i)
{
	return &s->nets[i];
}
