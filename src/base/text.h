/* text.h - making foreign bytes printable, and small string helpers */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/**
 * text_clean() - Append bytes of any origin as valid UTF-8 without control characters
 * @out:	Appended to
 * @bytes:	What a guest, a file or a process wrote
 * @n:		How many
 *
 * Newline and tab stay; carriage returns and ANSI escape sequences are dropped;
 * what else is not printable (below) and invalid UTF-8 become U+FFFD.
 */
void text_clean(struct buf *out, const char *bytes, size_t n);

/**
 * text_is_command() - Tell whether a line becomes a command of a CI service at a character
 * @line:	A line; only what is in front of @at is looked at
 * @at:		Index of the character
 *
 * The services read commands in a job's output, stdout and stderr, and obey:
 * GitHub Actions and Azure Pipelines to "##[command]" and "##vso[command]"
 * anywhere in a line, GitHub also to "::command::" behind nothing but blanks.
 *
 * Return: whether @at is the '[' of the former or the second ':' of the latter
 */
bool text_is_command(const char *line, size_t at);

/* Append a line of @n bytes with a blank in every such place, so that no service takes what a guest said for a command. */
void text_add_disarmed(struct buf *out, const char *line, size_t n);

/* Return: whether this process runs under a service that obeys such commands (GITHUB_ACTIONS or TF_BUILD is set). */
bool text_commands_count(void);

/**
 * text_utf8_length() - Measure the character at the start of some bytes
 *
 * Return: its length, 1 to 4; 0 when the bytes are not valid UTF-8 (Unicode 15,
 * table 3-7) or @left is 0
 */
size_t text_utf8_length(const char *bytes, size_t left);

/* Append the character @c of Unicode, which is neither a surrogate nor above U+10FFFF. */
void text_add_utf8(struct buf *out, uint32_t c);

/**
 * text_is_printable() - Tell whether a character may stand in a report
 * @bytes:	A character, as measured by text_utf8_length()
 *
 * False for what parsers of TAP, YAML or XML choke on: control characters
 * (newline and tab too), the line separators U+2028 and U+2029, which Java and
 * JavaScript take for the end of a line, and the non-characters U+FFFE, U+FFFF.
 */
bool text_is_printable(const char *bytes, size_t length);

/* Return: the largest length up to @max that does not cut a character of the valid UTF-8 of @n bytes at @s. */
size_t text_cut(const char *s, size_t n, size_t max);

/**
 * text_nearest() - The candidate that a mistyped word most likely meant
 * @word:	What was typed
 * @names:	NULL-terminated list
 *
 * Return: an element of @names, or NULL when none is near (more than one letter
 * and a third of the others differ)
 */
const char *text_nearest(const char *word, const char *const *names);

bool text_starts(const char *s, const char *prefix);
bool text_ends(const char *s, const char *suffix);

/**
 * text_tail() - The last lines of a text
 * @n:		Length of @text
 * @lines:	How many lines at most
 * @bytes:	How many bytes at most
 *
 * Return: where they start in @text, at a line's start unless @bytes cut one
 */
const char *text_tail(const char *text, size_t n, size_t lines, size_t bytes);

/**
 * text_next_line() - Go through a text line by line
 * @at:		Where to go on; moved behind the line and its newline
 * @line:	Set to the line, inside the text
 * @n:		Set to its length without the newline
 *
 *	for (const char *at = text; text_next_line(&at, &line, &n);)
 *		...
 *
 * Return: whether there was a line; a newline at the very end begins none
 */
bool text_next_line(const char **at, const char **line, size_t *n);

/* Append @arg so that a POSIX shell reads it as one word: 'it'\''s'. */
void text_quote_shell(struct buf *out, const char *arg);

/* The same for a person to read: as it is where a shell reads it as one word anyway. */
void text_add_word(struct buf *out, const char *word);

#endif
