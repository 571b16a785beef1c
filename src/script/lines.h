/* lines.h - from an address in the script's code to its file and line */
#ifndef SCRIPT_LINES_H
#define SCRIPT_LINES_H

#include <stddef.h>
#include <stdint.h>

struct TCCState;

/* Where a line's code begins. */
struct line {
	uintptr_t pc;
	const char *file; /* in tcc's own table */
	int line;
};

/**
 * struct lines - All lines of a script, by address
 * @start, @end: Where the code lies
 */
struct lines {
	struct line *table;
	size_t n, cap;
	uintptr_t start, end;
};

/**
 * struct place - A line of a script
 * @file:	Path as in the messages; NULL: not known
 */
struct place {
	const char *file;
	int line;
};

/* Read the table of a state that was compiled with -g and relocated. */
void lines_read(struct lines *l, struct TCCState *s);
void lines_free(struct lines *l);

/* Return: the line of the instruction at @pc; .file is NULL when it is not of the script. */
struct place lines_find(const struct lines *l, uintptr_t pc);

#define CHAIN_MAX 8 /* lines of a chain of calls: the innermost ones, and the outermost, which is a test's */

/**
 * struct chain - The lines of a script that are being executed, one within the other
 * @places:	The innermost first. A line that calls itself, or several functions in turn, is there once in a row
 * @lost:	How many are left out in front of the last one
 */
struct chain {
	struct place places[CHAIN_MAX];
	size_t n, lost;
};

/* Add the line that has called the last one; nothing when it is not known. */
void chain_add(struct chain *c, struct place p);

/**
 * lines_chain() - Add the lines of the script that are being executed
 * @frame:	Frame pointer to begin with: __builtin_frame_address(0)
 * @top:	Where the stack ends: no frame lies above
 *
 * Follows the saved frame pointers: tcc's code always has them, ours in this
 * folder is compiled with -fno-omit-frame-pointer.
 *
 * Should be given frames of the running stack only; a broken chain ends it.
 */
void lines_chain(const struct lines *l, uintptr_t frame, uintptr_t top, struct chain *c);

/* The same without frame pointers: the first return address on the stack between @from and @top. */
struct place lines_scan(const struct lines *l, uintptr_t from, uintptr_t top);

#endif
