/* edit.h - a line that is being typed: keys in, a line and what the terminal is to show out
 *
 * A state machine without a terminal. Bytes come as the terminal sends them; a character is one or more bytes of UTF-8
 * and counts as one column. The line is shown in one row: of a longer one, the part around the cursor.
 *
 *	struct edit e = {.complete = find, .arg = me};
 *
 *	edit_begin(&e, "> ");
 *	while ((event = edit_key(&e, byte)) == EDIT_MORE)
 *		edit_show(&e, columns, &out);
 */
#ifndef CMD_EDIT_H
#define CMD_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define EDIT_HISTORY_MAX 500   /* lines */
#define EDIT_LINE_MAX	 16384 /* bytes; more keys are ignored */

enum edit_event {
	EDIT_MORE,	/* the line goes on */
	EDIT_LINE,	/* it is complete: edit.line */
	EDIT_CANCELLED, /* ^C */
	EDIT_END,	/* ^D on an empty line */
	EDIT_CLEAR,	/* ^L: the screen is to be cleared, the line goes on */
	EDIT_LIST,	/* edit.choices is to be shown, the line goes on */
};

/**
 * struct edit - The line, and the lines before it
 * @complete:	Appends to @choices, each with a new line behind it, what the word that ends at @at could become; returns
 *		where that word begins. NULL: there is no completion
 * @line:	So far
 * @at:		The cursor: bytes of @line
 * @choices:	See EDIT_LIST
 */
struct edit {
	size_t (*complete)(void *arg, const char *line, size_t at, struct buf *choices);
	void *arg;
	const char *prompt;
	struct buf line, choices;
	size_t at;

	char *history[EDIT_HISTORY_MAX];
	size_t nhistory, back; /* how many lines back the line is */
	char *set_aside;       /* what was typed before the first step back */
	char sequence[8];      /* of an escape sequence, so far */
	size_t nsequence;
	bool tab; /* the last key was one that found more than one choice */
};

/* Begin an empty line. @prompt is kept. */
void edit_begin(struct edit *e, const char *prompt);

/* Take a byte. */
enum edit_event edit_key(struct edit *e, char byte);

/* Add what shows the line as it is now, in a terminal of that many columns, whose cursor is in the line's row. */
void edit_show(const struct edit *e, unsigned columns, struct buf *out);

/* Remember a line, unless it is empty or as the last one. */
void edit_remember(struct edit *e, const char *line);

void edit_free(struct edit *e);

#endif
