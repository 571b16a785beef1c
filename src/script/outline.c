/* outline.c - what a text in C declares, seen well enough to declare it again elsewhere
 *
 * Theory of operation
 *
 * The text is cut into tokens: words, quoted texts, single marks; white space and comments go with the token before.
 * At file scope the tokens form items. An item ends with a ';' outside of all brackets, with the '}' of a body (a '{'
 * behind a ')', or behind the word setup, before any '='), or with its line when it begins with '#'.
 *
 * This is no parser: a macro that hides a declaration is not seen through, and then the compiler says so.
 */
#include "script/outline.h"

#include <ctype.h>
#include <string.h>

#include "base/mem.h"

/* ---- tokens ---- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static const char *skip_comment(const char *p)
{
	const char *end = p[1] == '*' ? strstr(p + 2, "*/") : strchr(p, '\n');

	return end ? end + (p[1] == '*' ? 2 : 0) : p + strlen(p);
}

const char *outline_skip_space(const char *p)
{
	for (;;) {
		if (isspace((unsigned char)*p) || (*p == '\\' && p[1] == '\n'))
			p++;
		else if (*p == '/' && (p[1] == '*' || p[1] == '/'))
			p = skip_comment(p);
		else
			return p;
	}
}

const char *outline_skip_token(const char *p)
{
	const char quote = *p;

	if (is_word(*p)) {
		while (is_word(*p))
			p++;
		return p;
	}
	if (quote != '"' && quote != '\'')
		return *p ? p + 1 : p;
	for (p++; *p && *p != quote && *p != '\n'; p++)
		p += *p == '\\' && p[1];
	return p + (*p == quote);
}

static void go(struct token *at, const char *to)
{
	for (to = outline_skip_space(to); at->p < to; at->p++)
		at->line += *at->p == '\n';
}

struct token outline_begin(const char *text)
{
	struct token at = {.p = text, .line = 1};

	go(&at, text);
	return at;
}

void outline_step(struct token *at)
{
	go(at, outline_skip_token(at->p));
}

void outline_skip_line(struct token *at)
{
	go(at, outline_line_end(at->p));
}

int outline_nesting(char c)
{
	return (c == '(' || c == '[' || c == '{') - (c == ')' || c == ']' || c == '}');
}

bool outline_is(const char *p, const char *word)
{
	size_t n = strlen(word);

	return strncmp(p, word, n) == 0 && !is_word(p[n]);
}

bool outline_is_one_of(const char *p, const char *const *words)
{
	for (; *words; words++)
		if (outline_is(p, *words))
			return true;
	return false;
}

bool outline_starts_line(const char *text, const char *p)
{
	while (p > text && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return p == text || p[-1] == '\n';
}

/* ---- items ---- */

struct item {
	const char *start, *end; /* [start, end) */
	const char *body;	 /* the '{' of a function, or NULL */
};

static const char *const only_in_scripts[] = {"test", "setup", "vm", "vm_array", "net", "use", NULL};

const char *outline_line_end(const char *p)
{
	for (; *p && *p != '\n'; p++)
		p += *p == '\\' && p[1];
	return p;
}

/* Find the next item at @p. Return: whether there is one. */
static bool next_item(const char *p, struct item *it)
{
	bool assigned = false, behind = false;
	int depth = 0;

	*it = (struct item){.start = outline_skip_space(p)};
	p = it->start;
	it->end = outline_line_end(p);
	if (*p == '#')
		return true;
	behind = outline_is(p, "setup");
	while (*p) {
		if (*p == '{' && depth == 0 && behind && !assigned)
			it->body = p;
		assigned |= *p == '=' && depth == 0;
		behind = *p == ')' || (behind && is_word(*p) && p == it->start);
		depth += outline_nesting(*p);
		it->end = p + 1;
		if (depth <= 0 && (*p == ';' || (*p == '}' && it->body)))
			return true;
		it->end = outline_skip_token(p);
		p = outline_skip_space(it->end);
	}
	return it->end > it->start && *it->start;
}

/* ---- declarations ---- */

static bool is_type_alone(const struct item *it)
{
	const char *p = it->start;
	static const char *const tagged[] = {"struct", "union", "enum", NULL};

	if (outline_is(p, "typedef") || outline_is(p, "_Static_assert"))
		return true;
	if (!outline_is_one_of(p, tagged))
		return false;
	p = outline_skip_space(outline_skip_token(p));
	if (is_word(*p))
		p = outline_skip_space(outline_skip_token(p));
	if (*p == '{')
		for (int depth = 0; *p && p < it->end; p = outline_skip_space(outline_skip_token(p))) {
			depth += outline_nesting(*p);
			if (depth == 0) {
				p = outline_skip_space(p + 1);
				break;
			}
		}
	return *p == ';';
}

/* Return: the ',' or ';' behind the initializer at @p. */
static const char *skip_initializer(const char *p, const char *end)
{
	for (int depth = 0; *p && p < end; p = outline_skip_space(outline_skip_token(p))) {
		if (depth == 0 && (*p == ',' || *p == ';'))
			break;
		depth += outline_nesting(*p);
	}
	return p;
}

/* Add the tokens of [@p, @end) without initializers, and without words that would make a name invisible elsewhere. */
static void add_declarators(const char *p, const char *end, struct buf *out)
{
	static const char *const local[] = {"static", "inline", "extern", "register", NULL};
	int depth = 0;

	while (*p && p < end) {
		const char *next = outline_skip_token(p);

		if (depth == 0 && *p == '=') {
			p = skip_initializer(p, end);
			continue;
		}
		depth += outline_nesting(*p);
		if (!(depth == 0 && outline_is_one_of(p, local))) {
			buf_add(out, p, (size_t)(next - p));
			buf_addc(out, ' ');
		}
		p = outline_skip_space(next);
	}
	if (out->len && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
}

static void declare_item(const struct item *it, struct buf *out)
{
	static const char *const macros[] = {"vm", "vm_array", "net", NULL};

	if (*it->start == '#' || is_type_alone(it) || outline_is_one_of(it->start, macros)) {
		buf_add(out, it->start, (size_t)(it->end - it->start));
	} else if (outline_is_one_of(it->start, only_in_scripts)) {
		return;
	} else if (it->body) {
		add_declarators(it->start, it->body, out);
		buf_addc(out, ';');
	} else {
		buf_adds(out, "extern ");
		add_declarators(it->start, it->end, out);
	}
	buf_addc(out, '\n');
}

void outline_declare(const char *text, struct buf *out)
{
	struct item it;

	for (const char *p = text; next_item(p, &it); p = it.end)
		declare_item(&it, out);
}

/* ---- names ---- */

static void add_name(struct buf *out, const char *name)
{
	buf_add(out, name, (size_t)(outline_skip_token(name) - name));
	buf_addc(out, ' ');
}

static void name_directive(const char *p, struct buf *out)
{
	p = outline_skip_space(p + 1);
	if (!outline_is(p, "define") && !outline_is(p, "undef"))
		return;
	p = outline_skip_space(outline_skip_token(p));
	buf_addc(out, '#');
	add_name(out, p);
}

/* The names between @p and @end: the last word before a mark that ends a declarator, or "(*word". */
static void name_declarators(const char *p, const char *end, struct buf *out)
{
	const char *last = NULL;
	int depth = 0;

	while (*p && p < end) {
		if (depth == 0 && is_word(*p) && !isdigit((unsigned char)*p))
			last = p;
		if (depth == 0 && *p == '(' && *outline_skip_space(p + 1) == '*') {
			last = outline_skip_space(outline_skip_space(p + 1) + 1);
		} else if (depth == 0 && last && strchr("=[,;(", *p)) {
			add_name(out, last);
			last = NULL;
			p = skip_initializer(p, end);
			continue;
		}
		depth += outline_nesting(*p);
		p = outline_skip_space(outline_skip_token(p));
	}
	if (last)
		add_name(out, last);
}

void outline_names(const char *text, struct buf *out)
{
	struct item it;

	for (const char *p = text; next_item(p, &it); p = it.end) {
		if (*it.start == '#')
			name_directive(it.start, out);
		else if (!outline_is_one_of(it.start, only_in_scripts))
			name_declarators(it.start, it.body ? it.body : it.end, out);
	}
}

/* ---- initializers ---- */

static void split_item(const struct item *it, struct buf *definitions, struct buf *assignments)
{
	const char *p = it->start, *last = NULL;
	int depth = 0;

	while (p < it->end) {
		const char *end = *p == '=' && depth == 0 ? skip_initializer(p, it->end) : outline_skip_space(outline_skip_token(p));
		const bool moves = depth == 0 && *p == '=' && last && *outline_skip_space(p + 1) != '{';

		if (depth == 0 && is_word(*p))
			last = p;
		else if (depth == 0 && *p == '[') /* an array cannot be assigned to */
			last = NULL;
		if (moves) {
			add_name(assignments, last);
			buf_add(assignments, p, (size_t)(end - p));
			buf_adds(assignments, ";\n");
		} else {
			buf_add(definitions, p, (size_t)(end - p));
		}
		depth += outline_nesting(*p);
		p = end;
	}
}

void outline_split(const char *text, struct buf *definitions, struct buf *assignments)
{
	struct item it;

	for (const char *p = text; next_item(p, &it); p = it.end) {
		if (it.body || *it.start == '#')
			buf_add(definitions, it.start, (size_t)(it.end - it.start));
		else
			split_item(&it, definitions, assignments);
		buf_addc(definitions, '\n');
	}
}

/* ---- what was typed ---- */

static bool is_listed(const char *p, const char *names)
{
	cleanup_free char *name = xasprintf(" %.*s ", (int)(outline_skip_token(p) - p), p);

	return strstr(names, name) != NULL;
}

static bool begins_declaration(const char *p, const char *types)
{
	static const char *const words[] = {
		"void", "char", "short", "int", "long", "float", "double", "signed", "unsigned", "bool", "_Bool", "const",
		"volatile", "static", "extern", "inline", "struct", "union", "enum", "typedef", "_Static_assert", "size_t",
		"ssize_t", "FILE", "va_list", "time_t", "clockid_t", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t", "uint16_t",
		"uint32_t", "uint64_t", "intptr_t", "uintptr_t", "__typeof__", "typeof", NULL};

	return is_word(*p) && !isdigit((unsigned char)*p) && (outline_is_one_of(p, words) || is_listed(p, types));
}

static const char *const with_body[] = {"for", "while", "if", "switch", "subtest", "within", NULL};

/* Return: whether it begins as only a statement does. */
static bool begins_statement(const char *p)
{
	static const char *const words[] = {"do", "return", "goto", "break", "continue", NULL};

	return *p == '{' || outline_is_one_of(p, with_body) || outline_is_one_of(p, words);
}

static bool has_semicolon(const char *p)
{
	for (; *p; p = outline_skip_space(outline_skip_token(p)))
		if (*p == ';')
			return true;
	return false;
}

enum outline_kind outline_kind(const char *text, const char *types)
{
	const char *p = outline_skip_space(text);

	if (!*p)
		return OUTLINE_NOTHING;
	if (*p == '#')
		return OUTLINE_DIRECTIVE;
	if (outline_is_one_of(p, only_in_scripts) && !strchr("=.[-+", *outline_skip_space(outline_skip_token(p))))
		return OUTLINE_TEST;
	if (begins_declaration(p, types))
		return OUTLINE_DECLARATION;
	return begins_statement(p) || has_semicolon(p) ? OUTLINE_STATEMENTS : OUTLINE_EXPRESSION;
}

/* Return: whether a comment that begins in [@p, @end) is still open at the end of the text, or its line goes on. */
static bool is_open_between(const char *p, const char *end)
{
	for (; p < end; p++) {
		if (*p == '\\' && p[1] == '\n' && !p[2])
			return true;
		if (p[0] != '/' || (p[1] != '*' && p[1] != '/'))
			continue;
		if (p[1] == '*' && !strstr(p + 2, "*/"))
			return true;
		p = skip_comment(p) - 1;
	}
	return false;
}

bool outline_is_complete(const char *text)
{
	const char *first = outline_skip_space(text), *p = first, *before = text;
	char last = 0;
	int depth = 0;

	if (*first == '#')
		return !is_open_between(text, text + strlen(text));
	for (;; before = p, p = outline_skip_space(p)) {
		if (is_open_between(before, p))
			return false;
		if (!*p)
			break;
		depth += outline_nesting(*p);
		last = *p;
		p = outline_skip_token(p);
	}
	if (depth > 0)
		return false;
	return !(last == ')' && (outline_is_one_of(first, with_body) || begins_declaration(first, "")));
}
