/* source.c - the text of a script and of the scripts that it uses
 *
 * Theory of operation
 *
 * use("x.c"); cannot be a macro, because a macro cannot include a file, and a
 * script should stay plain C for editors. So the text is scanned once, just
 * well enough to know what is a comment, a string or a word, and the statement
 * becomes an #include in tcc's copy. Nor can setup be a macro both without
 * arguments and with them: setup( becomes named_setup(. Lines stay lines: every
 * message of tcc has the right number without any #line.
 */
#include "script/source.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "script/diagnose.h"

/*
 * A script within these cannot hurt the compiler. Parentheses: the checks of
 * vmtap.h repeat their arguments, so a check in a check in a check ... grows
 * by a factor a level. Digits: the sizes of an array multiply, and so do those
 * of arrays of structures that have arrays; the data of a script is in memory
 * while it is compiled.
 */
#define PLAIN_SIZE     8192    /* bytes of all files together: the parser recurses once a byte at worst */
#define PLAIN_DEPTH    8       /* parentheses in parentheses */
#define PLAIN_DIGITS   6       /* of all sizes of one array */
#define PLAIN_NESTED   4       /* of all sizes in a text that makes types of its own */
#define PLAIN_ELEMENTS 1000000 /* of all arrays together */

/* A place in a text, moved over by next_token(). */
struct scan {
	const char *p;
	int line;
	bool line_start;  /* only white space before on this line */
	bool directive;   /* on a line that begins with '#', where text may be anything */
	int unterminated; /* line of the first string without an end, 0: none */
	int open_comment; /* line of the comment without an end, 0: none */
};

static bool word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static size_t word_length(const char *p)
{
	size_t n = 0;

	while (word_char(p[n]))
		n++;
	return n;
}

static void step(struct scan *s)
{
	if (*s->p == '\n') {
		s->line++;
		s->line_start = true;
		s->directive = false;
	} else if (!isspace((unsigned char)*s->p)) {
		s->directive |= s->line_start && *s->p == '#';
		s->line_start = false;
	}
	s->p++;
}

static void skip_word(struct scan *s, size_t n)
{
	s->p += n;
	s->line_start = false;
}

/* Move behind a string or character constant, or to the end of the line that leaves it open. */
static void skip_quoted(struct scan *s)
{
	const char quote = *s->p, *p = s->p + 1;

	for (; *p && *p != quote && *p != '\n'; p++) {
		if (*p != '\\' || !p[1])
			continue;
		p++;
		if (*p == '\n') {
			s->line++;
			s->directive = false;
		}
	}
	s->p = p + (*p == quote);
	s->line_start = false;
	if (*p == quote)
		return;
	if (quote == '"' && !s->directive && !s->unterminated)
		s->unterminated = s->line;
}

static void skip_comment(struct scan *s)
{
	const bool block = s->p[1] == '*';
	const int line = s->line;

	step(s);
	step(s);
	while (*s->p && (block ? !(s->p[0] == '*' && s->p[1] == '/') : *s->p != '\n'))
		step(s);
	if (block && *s->p) {
		step(s);
		step(s);
	} else if (block) {
		s->open_comment = line;
	}
}

/* Move to the next word that is neither in a comment nor in a constant. Return: its length, 0 at the end. */
static size_t next_word(struct scan *s)
{
	while (*s->p && !word_char(*s->p)) {
		if (*s->p == '"' || *s->p == '\'')
			skip_quoted(s);
		else if (s->p[0] == '/' && (s->p[1] == '*' || s->p[1] == '/'))
			skip_comment(s);
		else
			step(s);
	}
	return word_length(s->p);
}

static const char *skip_blanks(const char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* Match `("x.c");` and nothing but a comment behind it. Return: what is behind it, NULL for no match. */
static const char *match_use(const char *p, const char **name, size_t *n)
{
	p = skip_blanks(p);
	if (*p != '(')
		return NULL;
	p = skip_blanks(p + 1);
	if (*p != '"')
		return NULL;
	*name = p + 1;
	*n = strcspn(*name, "\"\\\n");
	p = *name + *n;
	if (*p != '"' || *n == 0)
		return NULL;
	p = skip_blanks(p + 1);
	if (*p != ')')
		return NULL;
	p = skip_blanks(p + 1);
	if (*p != ';')
		return NULL;
	p = skip_blanks(p + 1);
	return strchr("\r\n", *p) || strncmp(p, "//", 2) == 0 || strncmp(p, "/*", 2) == 0 ? p : NULL;
}

/* As tcc looks for "name" from a file: beside it. */
static char *beside(const char *path, const char *name)
{
	return xasprintf("%.*s%s", name[0] == '/' ? 0 : (int)(path_base(path) - path), path, name);
}

static bool is_loaded(const struct sources *s, const char *path)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->files[i].path, path) == 0)
			return true;
	return false;
}

static void load(struct sources *s, char *path, struct buf *text, struct diagnostics *d);

/* A use() at @at: read the file and put the #include. Return: where to go on. */
static const char *cook_use(struct sources *s, struct source *f, const struct scan *at, struct diagnostics *d)
{
	const char *name, *rest = match_use(at->p + 3, &name, &(size_t){0});
	cleanup_free char *included = NULL, *path = NULL;
	cleanup_buf struct buf text = {0};
	struct err err = {0};
	struct stat st;

	if (!rest || !at->line_start) {
		diagnose(d, f->path, at->line, "use(\"file.c\"); must be alone on its line, outside of functions");
		return at->p + 3;
	}
	included = xstrndup(name, strcspn(name, "\""));
	path = beside(f->path, included);
	if (is_loaded(s, path))
		return rest;
	if (s->n == SCRIPT_FILES_MAX) {
		diagnose(d, f->path, at->line, "more than %d files are used", SCRIPT_FILES_MAX);
	} else if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) { /* a FIFO could wait for ever */
		diagnose(d, f->path, at->line, "cannot use '%s': not a regular file", path);
	} else if (file_read(path, SCRIPT_SIZE_MAX, &text, &err) < 0) {
		diagnose(d, f->path, at->line, "%s", err.text);
	} else {
		buf_addf(&f->cooked, "#include \"%s\"", included);
		load(s, steal(path), &text, d);
	}
	return rest;
}

static void cook(struct sources *s, struct source *f, struct diagnostics *d)
{
	struct scan at = {.p = buf_str(&f->text), .line = 1, .line_start = true};
	const char *done = at.p;
	size_t n;

	if (strncmp(at.p, "#!", 2) == 0) {
		buf_adds(&f->cooked, "//");
		done += 2;
		skip_comment(&at);
	}
	while ((n = next_word(&at)) > 0) {
		if (n == 3 && strncmp(at.p, "use", 3) == 0 && *skip_blanks(at.p + 3) == '(') {
			buf_add(&f->cooked, done, (size_t)(at.p - done));
			done = cook_use(s, f, &at, d);
			while (at.p < done)
				step(&at);
		} else if (n == 5 && strncmp(at.p, "setup", 5) == 0 && *skip_blanks(at.p + 5) == '(') {
			buf_add(&f->cooked, done, (size_t)(at.p - done));
			buf_adds(&f->cooked, "named_");
			done = at.p;
			skip_word(&at, n);
		} else {
			skip_word(&at, n);
		}
	}
	buf_adds(&f->cooked, done);
	if (at.unterminated) /* tcc would go on and complain at the end of the file */
		diagnose(d, f->path, at.unterminated, "missing terminating \" character");
	if (at.open_comment)
		diagnose(d, f->path, at.open_comment, "the comment that begins here is not closed");
}

/* Editors of some systems begin a text with the mark of UTF-8, which is no part of it. */
static void drop_mark(struct buf *text)
{
	if (text_starts(buf_str(text), "\xEF\xBB\xBF"))
		buf_consume(text, 3);
}

/* Take a file that was read into the list, then what it uses. */
static void load(struct sources *s, char *path, struct buf *text, struct diagnostics *d)
{
	struct source *f = &s->files[s->n++];
	const char *nul;

	*f = (struct source){.path = path, .text = *text};
	*text = (struct buf){0};
	drop_mark(&f->text);
	nul = f->text.len ? memchr(f->text.data, '\0', f->text.len) : NULL;
	if (nul) {
		int line = 1;

		for (const char *p = f->text.data; p < nul; p++)
			line += *p == '\n';
		diagnose(d, path, line, "not a script: there is a NUL byte in it");
	} else if (buf_str(&f->text)[strspn(buf_str(&f->text), " \t\r\n")] == '\0') {
		diagnose(d, path, 1, "the file is empty");
	} else {
		cook(s, f, d);
	}
}

int sources_load(struct sources *s, const char *path, struct diagnostics *d, struct err *err)
{
	cleanup_buf struct buf text = {0};

	if (file_read(path, SCRIPT_SIZE_MAX, &text, err) < 0)
		return -1;
	load(s, xstrdup(path), &text, d);
	return 0;
}

void sources_free(struct sources *s)
{
	while (s->n) {
		struct source *f = &s->files[--s->n];

		free(f->path);
		buf_free(&f->text);
		buf_free(&f->cooked);
	}
}

/* Return: where line @line of @text begins, NULL when it is shorter. */
static const char *line_start(const char *text, int line)
{
	while (--line > 0) {
		text = strchr(text, '\n');
		if (!text)
			return NULL;
		text++;
	}
	return text;
}

void sources_line(const struct sources *s, const char *file, int line, char *out, size_t size)
{
	*out = '\0';
	for (size_t i = 0; i < s->n; i++) {
		const char *p = line_start(buf_str(&s->files[i].text), line);
		size_t n;

		if (strcmp(s->files[i].path, file) != 0 || !p)
			continue;
		p = skip_blanks(p);
		n = strcspn(p, "\r\n");
		while (n > 0 && isspace((unsigned char)p[n - 1]))
			n--;
		if (n >= size)
			n = size - 1;
		memcpy(out, p, n);
		out[n] = '\0';
		return;
	}
}

/* Look for a word; @call: only where a '(' follows. */
static bool find(const struct sources *s, const char *word, bool call, const char **file, int *line)
{
	for (size_t i = 0; i < s->n; i++) {
		struct scan at = {.p = buf_str(&s->files[i].text), .line = 1, .line_start = true};
		size_t n;

		if (strncmp(at.p, "#!", 2) == 0)
			skip_comment(&at);
		while ((n = next_word(&at)) > 0) {
			if (n == strlen(word) && strncmp(at.p, word, n) == 0 &&
			    (!call || *skip_blanks(at.p + n) == '(')) {
				*file = s->files[i].path;
				*line = at.line;
				return true;
			}
			skip_word(&at, n);
		}
	}
	return false;
}

bool sources_find_word(const struct sources *s, const char *word, const char **file, int *line)
{
	return find(s, word, false, file, line);
}

bool sources_find_call(const struct sources *s, const char *word, const char **file, int *line)
{
	return find(s, word, true, file, line) || find(s, word, false, file, line);
}

/* What of the texts decides whether they are plain. */
struct plainness {
	int depth;	   /* parentheses that are open */
	int brackets;	   /* that are open */
	int digits;	   /* in the brackets of the declaration, or expression, that is being read */
	int all_digits;	   /* in all brackets */
	unsigned elements; /* of the arrays so far, at most */
	bool nests;	   /* there is a word that makes types of types */
	bool broken;
};

static bool is_among(const char *const *words, const char *p, size_t n)
{
	for (; *words; words++)
		if (**words == *p && n == strlen(*words) && strncmp(p, *words, n) == 0)
			return true;
	return false;
}

/* In brackets a small letter begins a variable, a capital may begin a constant of vmtap.h. */
static void note_size(struct plainness *p, const char *word, size_t n)
{
	const size_t digits = strspn(word, "0123456789");

	if (digits == n) {
		p->digits += (int)n;
		p->all_digits += (int)n;
		p->broken |= p->digits > PLAIN_DIGITS;
	} else { /* 0x7fffffff, 1u, INT_MAX, sizeof */
		p->broken |= digits > 0 || isupper((unsigned char)*word) || (n == 6 && strncmp(word, "sizeof", n) == 0);
	}
}

static void note_word(struct plainness *p, const char *word, size_t n)
{
	static const char *const risky[] = {"asm", "define", "enum", "alignas", "vm_array", NULL};
	static const char *const nesting[] = {"struct", "union", "typedef", NULL};

	/* What begins with '_' is the compiler's own: __attribute__, _Alignas, __asm__. */
	p->broken |= *word == '_' || is_among(risky, word, n);
	p->nests |= is_among(nesting, word, n);
	if (p->brackets)
		note_size(p, word, n);
}

/* The array that was being read, if it was one, is complete. */
static void end_array(struct plainness *p)
{
	unsigned elements = 1;

	for (; p->digits > 0; p->digits--)
		elements *= 10;
	p->elements += elements > 1 ? elements : 0;
	p->broken |= p->elements > PLAIN_ELEMENTS;
}

static void note_mark(struct plainness *p, char mark)
{
	/* Sums and products of what has few digits are small; a shift, a cast or a complement is not. */
	p->broken |= p->brackets && !isspace((unsigned char)mark) && !strchr("[]+-*.>", mark);
	switch (mark) {
	case '(':
		p->depth++;
		break;
	case ')':
		p->depth--;
		break;
	case '[':
		p->brackets++;
		break;
	case ']':
		p->brackets--;
		break;
	case ';':
	case ',':
	case '=':
	case '{':
	case '}':
		end_array(p);
		break;
	}
	/* A line that goes on can hide a word. */
	p->broken |= mark == '\\' || p->depth > PLAIN_DEPTH || p->brackets < 0;
}

static void note_text(struct plainness *p, const char *text)
{
	struct scan at = {.p = text, .line = 1, .line_start = true};

	while (*at.p && !p->broken) {
		if (*at.p == '"' || *at.p == '\'') {
			p->broken |= p->brackets > 0;
			skip_quoted(&at);
		} else if (at.p[0] == '/' && (at.p[1] == '*' || at.p[1] == '/')) {
			skip_comment(&at);
		} else if (word_char(*at.p)) {
			size_t n = word_length(at.p);

			note_word(p, at.p, n);
			at.p += n;
		} else {
			note_mark(p, *at.p++);
		}
	}
	end_array(p);
}

bool sources_are_plain(const struct sources *s)
{
	struct plainness p = {0}; /* of all files: one may nest the arrays of another */
	size_t total = 0;

	for (size_t i = 0; i < s->n; i++)
		total += s->files[i].text.len;
	if (total > PLAIN_SIZE)
		return false;
	for (size_t i = 0; i < s->n; i++)
		note_text(&p, buf_str(&s->files[i].cooked));
	return !p.broken && !(p.nests && p.all_digits > PLAIN_NESTED);
}
