/* options.h - command lines by table: one row an option */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stddef.h>

#include "base/err.h"

#define OPTIONS_MAX 32 /* rows of one command's table */

enum option_kind {
	OPTION_FLAG,	/* no value; an int that counts how often it is given */
	OPTION_TEXT,	/* a const char * */
	OPTION_TEXTS,	/* a struct option_texts: may be given again and again */
	OPTION_SECONDS, /* a double above 0 */
	OPTION_COUNT,	/* an int above 0 */
	OPTION_MAYBE_SECONDS, /* the same as SECONDS, but "--name" alone is OPTION_NO_SECONDS */
};

#define OPTION_NO_SECONDS (-1.0)

/* What an option was given, @count times; never freed. */
struct option_texts {
	const char **list;
	size_t count;
};

/**
 * struct option - A row
 * @name:	Without the dashes
 * @letter:	Short form, or 0
 * @value:	What the help calls its value, or NULL for a flag
 * @offset:	Of the member that it sets, in the command's own structure
 * @help:	One line
 */
struct option {
	const char *name;
	char letter;
	enum option_kind kind;
	const char *value;
	size_t offset;
	const char *help;
};

/**
 * options_parse() - Read "--name=value", "--name value", "-l value", "-lvalue", "-abl value" and operands
 * @table:	Rows, ended by one without a name
 * @to:		The command's structure
 * @argv:	NULL-terminated, without the command's own name. Operands are moved
 *		to its front and it is NULL-terminated again after them; what
 *		follows "--" is an operand
 *
 * Return: the number of operands, or -1 ("unknown option '--acel'", with what
 * was probably meant)
 */
int options_parse(const struct option *table, void *to, char **argv, struct err *err);

/* Print the rows of a table as help text. */
void options_print(const struct option *table);

#endif
