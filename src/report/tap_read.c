/* tap_read.c - the TAP of another program: versions 12 to 14, KTAP, and kselftest's "# ok 1 name" */
#include "report/tap_read.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "base/text.h"

static const char digits[] = "0123456789";

bool tap_read_has_failed(const struct tap_read_point *p)
{
	return !p->ok && p->directive == TAP_NONE;
}

/* Takes over @name and @why. */
static void add(struct tap_read *t, char *name, char *why, size_t column, bool ok, enum tap_directive directive)
{
	struct tap_read_point p = {.name = name, .why = why, .column = column, .ok = ok, .directive = directive};

	t->failed += tap_read_has_failed(&p);
	if (t->npoints == TAP_READ_POINTS_MAX) {
		t->lost++;
		free(name);
		free(why);
		return;
	}
	if ((t->npoints & (t->npoints - 1)) == 0)
		t->points = xrealloc(t->points, (t->npoints ? 2 * t->npoints : 1) * sizeof(*t->points));
	t->points[t->npoints++] = p;
}

/* What stands to the right of @column is over: were the plans kept? */
static void end_plans(struct tap_read *t, size_t column)
{
	for (size_t c = column; c < TAP_READ_COLUMNS; c++) {
		size_t wanted = t->planned[c], found = t->counted[c];

		t->planned[c] = t->counted[c] = 0;
		if (wanted && wanted != found + 1)
			add(t, xasprintf("plan of %zu points, but %zu came", wanted - 1, found), xstrdup(""), c, false, TAP_NONE);
	}
}

/* The points in front, further to the right, are part of one whose name this is. */
static void adopt(struct tap_read *t, const char *name, size_t column)
{
	for (size_t i = t->npoints; i > 0 && t->points[i - 1].column > column; i--) {
		struct tap_read_point *p = &t->points[i - 1];
		cleanup_free char *whole = xasprintf("%s / %s", name, p->name);

		free(p->name);
		p->name = xstrndup(whole, TAP_READ_NAME_MAX);
	}
}

/* Return: the directive behind a '#', whose reason @text is moved to. */
static enum tap_directive read_directive(const char **text)
{
	static const struct {
		const char *word;
		enum tap_directive is;
	} known[] = {{"SKIP", TAP_SKIP}, {"TODO", TAP_TODO}, {"XFAIL", TAP_TODO}};

	*text += strspn(*text, "# \t");
	for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
		if (strncasecmp(*text, known[i].word, strlen(known[i].word)) != 0)
			continue;
		*text += strcspn(*text, " \t:");
		*text += strspn(*text, " \t:");
		return known[i].is;
	}
	return TAP_NONE;
}

/* @p is behind "ok" or "not ok". */
static void read_point(struct tap_read *t, const char *p, size_t column, bool ok)
{
	const char *hash;
	enum tap_directive directive;
	size_t n;
	char *name;

	p += strspn(p, " \t");
	p += strspn(p, digits);
	p += strspn(p, " \t");
	p += strspn(p, "-");
	p += strspn(p, " \t");
	hash = p + strcspn(p, "#");
	while (*hash && hash > p && hash[-1] == '\\')
		hash += 1 + strcspn(hash + 1, "#");
	for (n = (size_t)(hash - p); n && strchr(" \t", p[n - 1]);)
		n--;
	name = n ? xstrndup(p, n < TAP_READ_NAME_MAX ? n : TAP_READ_NAME_MAX) : xstrdup("(no name)");
	directive = read_directive(&hash);
	end_plans(t, column + 1);
	adopt(t, name, column);
	t->counted[column]++;
	add(t, name, xstrdup(hash), column, ok, directive);
}

static void read_plan(struct tap_read *t, const char *p, size_t column)
{
	char *end;
	unsigned long n = strtoul(p, &end, 10);
	const char *rest = end;

	if (end == p || *(end + strspn(end, " \t")) == '.' || n > 1000000)
		return;
	if (n == 0 && read_directive(&rest) == TAP_SKIP)
		add(t, xstrdup("all"), xstrdup(rest), column, true, TAP_SKIP);
	else
		t->planned[column] = n + 1;
}

/* A line without its indentation; @loose: it has none. Further in, a word of a text is not to be mistaken for a point. */
static void read_line(struct tap_read *t, const char *p, size_t column, bool loose)
{
	bool ok = !text_starts(p, "not ok");
	const char *behind = p + (ok ? 2 : 6);

	if (text_starts(p, "1.."))
		read_plan(t, p + 3, column);
	else if (text_starts(p, "Bail out!"))
		add(t, xstrndup(p, TAP_READ_NAME_MAX), xstrdup(""), column, false, TAP_NONE);
	else if ((!ok || text_starts(p, "ok")) &&
		 ((loose && (!*behind || strchr(" \t", *behind))) || (*behind == ' ' && strchr(digits, behind[1]) && behind[1])))
		read_point(t, behind, column, ok);
}

static void note(struct tap_read *t, const char *line)
{
	struct buf *notes = t->npoints ? &t->points[t->npoints - 1].notes : NULL;

	if (notes && notes->len + strlen(line) < TAP_READ_NOTES_MAX)
		buf_addf(notes, "%s%s", notes->len ? "\n" : "", line);
}

/* Names that came before get a number. */
static void make_unique(struct tap_read *t)
{
	for (size_t i = 0; i < t->npoints; i++) {
		size_t same = 1;

		for (size_t k = i + 1; k < t->npoints; k++) {
			char *old = t->points[k].name;

			if (strcmp(t->points[i].name, old) != 0)
				continue;
			t->points[k].name = xasprintf("%s (%zu)", old, ++same);
			free(old);
		}
	}
}

void tap_read(struct tap_read *t, const char *text, size_t n)
{
	const char *end = text + n;
	bool yaml = false;

	*t = (struct tap_read){0};
	for (const char *p = text; p < end;) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		cleanup_free char *line = xstrndup(p, (size_t)((newline ? newline : end) - p));
		size_t column = strspn(line, "# \t");

		p = newline ? newline + 1 : end;
		line[strcspn(line, "\r")] = '\0';
		if (strcmp(line + column, yaml ? "..." : "---") == 0)
			yaml = !yaml;
		else if (yaml)
			note(t, line + column);
		else if (column < TAP_READ_COLUMNS)
			read_line(t, line + column, column, column == 0);
	}
	end_plans(t, 0);
	make_unique(t);
}

void tap_read_free(struct tap_read *t)
{
	for (size_t i = 0; i < t->npoints; i++) {
		free(t->points[i].name);
		free(t->points[i].why);
		buf_free(&t->points[i].notes);
	}
	free(t->points);
	*t = (struct tap_read){0};
}
