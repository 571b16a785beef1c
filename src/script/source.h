/* source.h - the text of a script and of the scripts that it uses */
#ifndef SCRIPT_SOURCE_H
#define SCRIPT_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "script/script.h"

struct diagnostics;

/**
 * struct source - One file
 * @path:	As the user wrote it, or beside the file that uses it
 * @text:	As it is on the disk
 * @cooked:	What tcc sees, line by line the same: a first line with #! is
 *		a comment, use("x.c"); is #include "x.c", setup( is named_setup(
 */
struct source {
	char *path;
	struct buf text;
	struct buf cooked;
};

struct sources {
	struct source files[SCRIPT_FILES_MAX];
	size_t n;
};

/**
 * sources_load() - Read a script and all that it uses, each file once
 * @err:	Why @path itself cannot be read
 * @d:		Everything else: at its line
 *
 * Return: 0, or -1 when @path cannot be read; look at @d->count too
 */
int sources_load(struct sources *s, const char *path, struct diagnostics *d, struct err *err);
void sources_free(struct sources *s);

/* Copy a line of a file, without the white space around it and cut to @size; "" when there is none. No malloc. */
void sources_line(const struct sources *s, const char *file, int line, char *out, size_t size);

/* Look for a whole word, outside of comments, strings and a #! line. Return: whether it was found. */
bool sources_find_word(const struct sources *s, const char *word, const char **file, int *line);

/* The same for the name of a function: where it is called, or else where it stands at all. */
bool sources_find_call(const struct sources *s, const char *word, const char **file, int *line);

/*
 * Return: whether the text is short and has nothing by which a compiler could be made to overflow its stack, run for
 * ever or fill the memory: no macros of its own, no assembler, no deep nesting, no large numbers.
 */
bool sources_are_plain(const struct sources *s);

#endif
