/* diff.c - where two texts differ, for people
 *
 * Theory of operation
 *
 * Most texts that are compared are equal for long, so the lines that begin both
 * are passed over without being remembered. Of the rest DIFF_ROWS_MAX lines are
 * looked at; those that end both are taken away again, and of what is between,
 * the longest common subsequence is found with the table that every textbook has.
 * Where a text goes on behind them, what differs at their end is not told: it
 * may only be that one has moved.
 *
 * Rejected: Myers' algorithm, which needs less memory for long texts that are
 * nearly equal. Here both are bounded, and nobody reads more than a page.
 */
#include "script/diff.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

#define CONTEXT	  2  /* lines in front of a difference and behind it */
#define LEAD	  40 /* bytes in front of the first byte that differs, of a line that is too long */
#define CARET_MIN 20 /* a shorter line needs no '^' */

/* A line with its newline, if it has one. */
struct line {
	const char *s;
	size_t n;
};

struct side {
	struct line *lines;
	size_t n;
};

/* What a line is: ' ' in both, '-' only wanted, '+' only found. @number: of the found text, from 1. */
struct edit {
	char mark;
	const struct line *line;
	size_t number;
};

struct edits {
	struct edit *list;
	size_t n;
};

/* ---- text ---- */

bool diff_has_lines(const char *text)
{
	const char *newline = strchr(text, '\n');

	return newline && newline[1];
}

/* Append a character, of @left bytes at most. Return: its length. */
static size_t add_escaped(struct buf *out, const char *s, size_t left)
{
	static const char plain[] = "\n\t\r\"\\", escaped[] = "ntr\"\\";
	size_t n = text_utf8_length(s, left);
	const char *special = *s ? strchr(plain, *s) : NULL;

	if (special)
		buf_addf(out, "\\%c", escaped[special - plain]);
	else if (n && text_is_printable(s, n))
		buf_add(out, s, n);
	else
		buf_addf(out, "\\x%02x", (unsigned char)s[n = 0]);
	return n ? n : 1;
}

void diff_quote(struct buf *out, const char *s, size_t n)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < n;)
		i += add_escaped(out, s + i, n - i);
	buf_addc(out, '"');
}

static bool is_same(const struct line *a, const struct line *b)
{
	return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
}

/* Return: whether a byte is seen when it is printed. */
static bool is_visible(unsigned char c)
{
	return c > ' ' && c != 0x7F;
}

static bool differ_invisibly(const struct line *a, const struct line *b)
{
	size_t i = 0, k = 0;

	for (;; i++, k++) {
		while (i < a->n && !is_visible((unsigned char)a->s[i]))
			i++;
		while (k < b->n && !is_visible((unsigned char)b->s[k]))
			k++;
		if (i == a->n || k == b->n)
			return i == a->n && k == b->n;
		if (a->s[i] != b->s[k])
			return false;
	}
}

static bool has_controls(const struct line *l)
{
	for (size_t i = 0, n; i < l->n; i += n) {
		n = text_utf8_length(l->s + i, l->n - i);
		if (!n || (l->s[i] != '\n' && l->s[i] != '\t' && !text_is_printable(l->s + i, n)))
			return true;
	}
	return false;
}

/* ---- lines ---- */

/* Pass over the lines that begin both, but for CONTEXT of them. Return: how many. */
static size_t skip_same(const char **a, const char **b)
{
	const char *starts[CONTEXT + 1] = {*a};
	size_t lines = 0, kept, n = 0;

	for (; (*a)[n] && (*a)[n] == (*b)[n]; n++)
		if ((*a)[n] == '\n')
			starts[++lines % ARRAY_SIZE(starts)] = *a + n + 1;
	kept = lines < CONTEXT ? lines : CONTEXT;
	n = (size_t)(starts[(lines - kept) % ARRAY_SIZE(starts)] - *a);
	*a += n;
	*b += n;
	return lines - kept;
}

/* Return: whether there are more. */
static bool split(struct side *side, const char *text)
{
	side->lines = xcalloc(DIFF_ROWS_MAX, sizeof(*side->lines));
	while (*text && side->n < DIFF_ROWS_MAX) {
		size_t n = strcspn(text, "\n");

		n += text[n] == '\n';
		side->lines[side->n++] = (struct line){text, n};
		text += n;
	}
	return *text;
}

/* ---- what was changed ---- */

static void add_edit(struct edits *e, char mark, const struct line *line, size_t number)
{
	e->list[e->n++] = (struct edit){mark, line, number};
}

/* Set cell (i, k) to the longest common subsequence of the lines from @i of @a and from @k of @b on. */
static uint16_t *fill_table(const struct side *a, const struct side *b)
{
	size_t width = b->n + 1;
	uint16_t *t = xcalloc((a->n + 1) * width, sizeof(*t));

	for (size_t i = a->n; i-- > 0;)
		for (size_t k = b->n; k-- > 0;) {
			uint16_t down = t[(i + 1) * width + k], right = t[i * width + k + 1];

			t[i * width + k] = is_same(&a->lines[i], &b->lines[k]) ? (uint16_t)(t[(i + 1) * width + k + 1] + 1)
					   : down > right			? down
										: right;
		}
	return t;
}

/* @first: number of the first line. */
static void compare(struct edits *e, const struct side *a, const struct side *b, size_t first)
{
	uint16_t *t = fill_table(a, b);
	size_t i = 0, k = 0, width = b->n + 1;

	while (i < a->n || k < b->n) {
		if (i < a->n && k < b->n && is_same(&a->lines[i], &b->lines[k])) {
			add_edit(e, ' ', &b->lines[k], first + k);
			i++;
			k++;
		} else if (i < a->n && (k == b->n || t[(i + 1) * width + k] >= t[i * width + k + 1])) {
			add_edit(e, '-', &a->lines[i++], first + k);
		} else {
			add_edit(e, '+', &b->lines[k], first + k);
			k++;
		}
	}
	free(t);
}

static void find_edits(struct edits *e, const struct side *a, const struct side *b, size_t first)
{
	size_t head = 0, tail = 0, least = a->n < b->n ? a->n : b->n;
	struct side x, y;

	while (head < least && is_same(&a->lines[head], &b->lines[head]))
		head++;
	while (tail < least - head && is_same(&a->lines[a->n - 1 - tail], &b->lines[b->n - 1 - tail]))
		tail++;
	e->list = xcalloc(a->n + b->n + 1, sizeof(*e->list));
	for (size_t i = 0; i < head; i++)
		add_edit(e, ' ', &b->lines[i], first + i);
	x = (struct side){a->lines + head, a->n - head - tail};
	y = (struct side){b->lines + head, b->n - head - tail};
	compare(e, &x, &y, first + head);
	for (size_t i = b->n - tail; i < b->n; i++)
		add_edit(e, ' ', &b->lines[i], first + i);
}

/* ---- how it looks ---- */

static size_t text_length(const struct line *l)
{
	return l->n - (l->n && l->s[l->n - 1] == '\n');
}

/* Append [@from, @to) of a line, as it is or escaped; "..." for what is left out. @literal: with its newline. */
static void add_part(struct buf *out, const struct line *l, size_t from, size_t to, bool literal)
{
	buf_adds(out, from ? "..." : "");
	if (literal)
		buf_addc(out, '"');
	for (size_t i = from; i < to;) {
		if (literal)
			i += add_escaped(out, l->s + i, l->n - i);
		else
			buf_addc(out, l->s[i++]);
	}
}

/* The beginning of a character, at @at or in front of it. */
static size_t cut_at(const struct line *l, size_t at)
{
	while (at > 0 && at < l->n && ((unsigned char)l->s[at] & 0xC0) == 0x80)
		at--;
	return at;
}

static void add_line(struct buf *out, char mark, const struct line *l, size_t from, bool literal)
{
	size_t length = literal ? l->n : text_length(l), to;

	from = from < length ? from : 0;
	to = length - from > DIFF_WIDTH ? cut_at(l, from + DIFF_WIDTH) : length;
	buf_addf(out, "%c ", mark);
	add_part(out, l, from, to, literal);
	buf_addf(out, "%s%s\n", literal ? "\"" : "", to < length ? "..." : "");
}

/* Append a '^' below byte @at of a line that is shown from @from on. */
static void add_caret(struct buf *out, const struct line *l, size_t from, size_t at, bool literal)
{
	cleanup_buf struct buf front = {0};

	add_part(&front, l, from, at, literal);
	buf_adds(out, "  ");
	for (size_t i = 0; i < front.len; i++)
		if (((unsigned char)front.data[i] & 0xC0) != 0x80)
			buf_addc(out, front.data[i] == '\t' ? '\t' : ' ');
	buf_addf(out, "^ byte %zu\n", at + 1);
}

/* One line that stands for one other. */
static void add_pair(struct buf *out, const struct line *a, const struct line *b, bool literal)
{
	size_t at = 0, from;

	while (at < a->n && at < b->n && a->s[at] == b->s[at])
		at++;
	at = cut_at(a, at);
	from = at > DIFF_WIDTH / 2 ? cut_at(a, at - LEAD) : 0;
	add_line(out, '-', a, from, literal);
	add_line(out, '+', b, from, literal);
	if (a->n > CARET_MIN && b->n > CARET_MIN && at <= text_length(b))
		add_caret(out, b, from, at, literal);
}

/* Return: the first edit behind those with this mark. */
static size_t run_of(const struct edits *e, size_t i, char mark)
{
	while (i < e->n && e->list[i].mark == mark)
		i++;
	return i;
}

/* Lines of the one from @i on, then lines of the other from @middle on, to @end. */
static void add_block(struct buf *out, const struct edits *e, size_t i, size_t middle, size_t end)
{
	bool literal = false;

	for (size_t k = i; k < end; k++)
		literal |= has_controls(e->list[k].line);
	for (size_t k = 0; i + k < middle && middle + k < end; k++)
		literal |= differ_invisibly(e->list[i + k].line, e->list[middle + k].line);
	if (middle - i == 1 && end - middle == 1) {
		add_pair(out, e->list[i].line, e->list[middle].line, literal);
		return;
	}
	for (; i < end; i++)
		add_line(out, e->list[i].mark, e->list[i].line, 0, literal);
}

/* A text goes on: leave out what differs at the end, unless that is all. */
static void drop_end(struct edits *e)
{
	size_t n = e->n;
	bool any = false;

	while (n > 0 && e->list[n - 1].mark != ' ')
		n--;
	for (size_t i = 0; i < n; i++)
		any |= e->list[i].mark != ' ';
	if (any)
		e->n = n;
}

/* Return: whether an unchanged line is near one that is not. */
static bool is_near(const struct edits *e, size_t i)
{
	for (size_t k = i > CONTEXT ? i - CONTEXT : 0; k <= i + CONTEXT && k < e->n; k++)
		if (e->list[k].mark != ' ')
			return true;
	return false;
}

static void add_edits(struct buf *out, const struct edits *e)
{
	bool gap = true;

	for (size_t i = 0, middle, end; i < e->n; i = end) {
		middle = run_of(e, i, '-');
		end = run_of(e, middle, '+');
		if (end == i) {
			end = i + 1;
			if (!is_near(e, i)) {
				gap = true;
				continue;
			}
		}
		if (gap)
			buf_addf(out, "@@ line %zu @@\n", e->list[i].number);
		gap = false;
		if (e->list[i].mark == ' ')
			add_line(out, ' ', e->list[i].line, 0, false);
		else
			add_block(out, e, i, middle, end);
	}
}

/* What nobody would read to its end. */
static void limit_lines(struct buf *out, size_t start)
{
	size_t lines = 0, kept = 0, i = start;

	for (size_t k = start; k < out->len; k++)
		lines += out->data[k] == '\n';
	if (lines <= DIFF_LINES_MAX)
		return;
	while (kept < DIFF_LINES_MAX)
		kept += out->data[i++] == '\n';
	out->len = i;
	out->data[i] = '\0';
	buf_addf(out, "(%zu lines left out)\n", lines - kept);
}

bool diff_texts(struct buf *out, const char *wanted, const char *found)
{
	struct side a = {0}, b = {0};
	struct edits e = {0};
	size_t skipped, start;
	bool more;

	if (strcmp(wanted, found) == 0 || (!diff_has_lines(wanted) && !diff_has_lines(found) &&
					   strlen(wanted) <= DIFF_SHORT && strlen(found) <= DIFF_SHORT))
		return false;
	buf_adds(out, "- wanted, + found\n");
	start = out->len;
	skipped = skip_same(&wanted, &found);
	more = split(&a, wanted);
	more |= split(&b, found);
	find_edits(&e, &a, &b, skipped + 1);
	if (more)
		drop_end(&e);
	add_edits(out, &e);
	limit_lines(out, start);
	free(a.lines);
	free(b.lines);
	free(e.list);
	return true;
}
