/* edit.c - a line that is being typed: keys in, a line and what the terminal is to show out */
#include "cmd/edit.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#define CTRL(key) ((key) & 0x1F)
#define ESCAPE	  0x1B
#define RUBOUT	  0x7F

/* ---- characters ---- */

static bool is_rest(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

/* Return: where the character before @at begins. */
static size_t before(const struct edit *e, size_t at)
{
	while (at > 0 && is_rest(e->line.data[--at]))
		;
	return at;
}

static size_t behind(const struct edit *e, size_t at)
{
	if (at < e->line.len)
		at++;
	while (at < e->line.len && is_rest(e->line.data[at]))
		at++;
	return at;
}

/* Take [@from, @to) out; the cursor goes to @from. */
static void cut(struct edit *e, size_t from, size_t to)
{
	if (from == to)
		return;
	memmove(e->line.data + from, e->line.data + to, e->line.len - to + 1);
	e->line.len -= to - from;
	e->at = from;
}

static void insert(struct edit *e, const char *text, size_t n)
{
	if (e->line.len + n > EDIT_LINE_MAX)
		return;
	buf_reserve(&e->line, n + 1);
	memmove(e->line.data + e->at + n, e->line.data + e->at, e->line.len - e->at);
	memcpy(e->line.data + e->at, text, n);
	buf_commit(&e->line, n);
	e->at += n;
}

static void replace(struct edit *e, const char *text)
{
	buf_clear(&e->line);
	buf_adds(&e->line, text);
	e->at = e->line.len;
}

/* ---- history ---- */

static void step(struct edit *e, bool back)
{
	if (back ? e->back == e->nhistory : e->back == 0)
		return;
	if (e->back == 0) {
		free(e->set_aside);
		e->set_aside = xstrdup(buf_str(&e->line));
	}
	e->back += back ? 1 : (size_t)-1;
	replace(e, e->back ? e->history[e->nhistory - e->back] : e->set_aside);
}

void edit_remember(struct edit *e, const char *line)
{
	if (!line[strspn(line, " \t")] || (e->nhistory && strcmp(e->history[e->nhistory - 1], line) == 0))
		return;
	if (e->nhistory == EDIT_HISTORY_MAX) {
		free(e->history[0]);
		memmove(e->history, e->history + 1, (EDIT_HISTORY_MAX - 1) * sizeof(*e->history));
		e->nhistory--;
	}
	e->history[e->nhistory++] = xstrdup(line);
}

/* ---- completion ---- */

/* Return: bytes that all choices begin with; @n is set to how many there are. */
static size_t common(const struct buf *choices, size_t *n)
{
	const char *first = buf_str(choices);
	size_t same = strcspn(first, "\n");

	*n = 0;
	for (const char *p = first; *p; p += strcspn(p, "\n") + 1) {
		size_t i = 0;

		while (i < same && p[i] == first[i])
			i++;
		same = i;
		++*n;
	}
	return same;
}

static enum edit_event complete(struct edit *e)
{
	size_t start, same, n;

	buf_clear(&e->choices);
	if (!e->complete)
		return EDIT_MORE;
	start = e->complete(e->arg, buf_str(&e->line), e->at, &e->choices);
	same = common(&e->choices, &n);
	if (same > e->at - start) {
		cut(e, start, e->at);
		insert(e, buf_str(&e->choices), same);
		e->tab = false;
		return EDIT_MORE;
	}
	if (n > 1 && e->tab)
		return EDIT_LIST;
	e->tab = n > 1;
	return EDIT_MORE;
}

/* ---- keys ---- */

static size_t word_before(const struct edit *e)
{
	size_t at = e->at;

	while (at > 0 && isspace((unsigned char)e->line.data[at - 1]))
		at--;
	while (at > 0 && !isspace((unsigned char)e->line.data[at - 1]))
		at--;
	return at;
}

static void move_or_cut(struct edit *e, const char *sequence)
{
	if (strcmp(sequence, "[A") == 0 || strcmp(sequence, "OA") == 0)
		step(e, true);
	else if (strcmp(sequence, "[B") == 0 || strcmp(sequence, "OB") == 0)
		step(e, false);
	else if (strcmp(sequence, "[C") == 0 || strcmp(sequence, "OC") == 0)
		e->at = behind(e, e->at);
	else if (strcmp(sequence, "[D") == 0 || strcmp(sequence, "OD") == 0)
		e->at = before(e, e->at);
	else if (strcmp(sequence, "[H") == 0 || strcmp(sequence, "OH") == 0 || strcmp(sequence, "[1~") == 0 || strcmp(sequence, "[7~") == 0)
		e->at = 0;
	else if (strcmp(sequence, "[F") == 0 || strcmp(sequence, "OF") == 0 || strcmp(sequence, "[4~") == 0 || strcmp(sequence, "[8~") == 0)
		e->at = e->line.len;
	else if (strcmp(sequence, "[3~") == 0)
		cut(e, e->at, behind(e, e->at));
}

/* A byte of an escape sequence: ESC [ 1 ; 5 C, ESC O A. What is too long or unknown does nothing. */
static void take_sequence(struct edit *e, char byte)
{
	const size_t n = e->nsequence - 1; /* without the ESC */

	if (n < sizeof(e->sequence) - 1) {
		e->sequence[n] = byte;
		e->sequence[n + 1] = '\0';
	}
	e->nsequence++;
	if (n == 0 && (byte == '[' || byte == 'O'))
		return;
	if (n > 0 && (isdigit((unsigned char)byte) || byte == ';'))
		return;
	e->nsequence = 0;
	if (n > 0 && n < sizeof(e->sequence) - 1)
		move_or_cut(e, e->sequence);
}

static enum edit_event control(struct edit *e, char byte)
{
	switch (byte) {
	case '\r':
	case '\n':
		return EDIT_LINE;
	case CTRL('C'):
		return EDIT_CANCELLED;
	case CTRL('D'):
		if (!e->line.len)
			return EDIT_END;
		cut(e, e->at, behind(e, e->at));
		break;
	case CTRL('A'):
		e->at = 0;
		break;
	case CTRL('E'):
		e->at = e->line.len;
		break;
	case CTRL('B'):
		e->at = before(e, e->at);
		break;
	case CTRL('F'):
		e->at = behind(e, e->at);
		break;
	case CTRL('K'):
		cut(e, e->at, e->line.len);
		break;
	case CTRL('U'):
		cut(e, 0, e->at);
		break;
	case CTRL('W'):
		cut(e, word_before(e), e->at);
		break;
	case CTRL('L'):
		return EDIT_CLEAR;
	case CTRL('P'):
		step(e, true);
		break;
	case CTRL('N'):
		step(e, false);
		break;
	case CTRL('H'):
	case RUBOUT:
		cut(e, before(e, e->at), e->at);
		break;
	case ESCAPE:
		e->nsequence = 1;
		break;
	}
	return EDIT_MORE;
}

enum edit_event edit_key(struct edit *e, char byte)
{
	const unsigned char c = (unsigned char)byte;

	if (e->nsequence) {
		take_sequence(e, byte);
		return EDIT_MORE;
	}
	if (byte == '\t')
		return complete(e);
	e->tab = false;
	if (c < ' ' || c == RUBOUT)
		return control(e, byte);
	insert(e, &byte, 1);
	return EDIT_MORE;
}

/* ---- the row ---- */

static unsigned width(const char *p, size_t n)
{
	unsigned columns = 0;

	for (size_t i = 0; i < n; i++)
		columns += !is_rest(p[i]);
	return columns;
}

void edit_show(const struct edit *e, unsigned columns, struct buf *out)
{
	const unsigned prompt = width(e->prompt, strlen(e->prompt));
	const unsigned room = columns > prompt + 1 ? columns - prompt - 1 : 1; /* the last column would wrap */
	size_t start = 0, end;

	while (width(buf_str(&e->line) + start, e->at - start) > room)
		start = behind(e, start);
	for (end = start; end < e->line.len && width(e->line.data + start, end - start) < room;)
		end = behind(e, end);
	buf_addf(out, "\r%s", e->prompt);
	for (size_t i = start; i < end; i++) /* of an older line, or pasted: a tab would move the cursor */
		buf_addc(out, (unsigned char)e->line.data[i] < ' ' ? ' ' : e->line.data[i]);
	buf_addf(out, "\x1b[K\r\x1b[%uC", prompt + width(buf_str(&e->line) + start, e->at - start));
}

void edit_begin(struct edit *e, const char *prompt)
{
	e->prompt = prompt;
	buf_clear(&e->line);
	e->at = e->back = e->nsequence = 0;
	e->tab = false;
}

void edit_free(struct edit *e)
{
	while (e->nhistory)
		free(e->history[--e->nhistory]);
	free(e->set_aside);
	e->set_aside = NULL;
	buf_free(&e->line);
	buf_free(&e->choices);
}
