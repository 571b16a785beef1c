/* outline.h - what a text in C declares, seen well enough to declare it again elsewhere
 *
 * The text of a script, and what a person types at a prompt, is compiled once. What is compiled later has to see its
 * functions and variables without making them anew:
 *
 *	static int twice(int x) { return 2 * x; }	int twice(int x);
 *	int a = 5, *p = &a;				extern int a, *p;
 *	struct point { int x, y; };			struct point { int x, y; };
 *	test("one") { ... }
 */
#ifndef SCRIPT_OUTLINE_H
#define SCRIPT_OUTLINE_H

#include <stdbool.h>

#include "base/buf.h"

enum outline_kind {
	OUTLINE_NOTHING,     /* white space and comments */
	OUTLINE_DIRECTIVE,   /* #define ... */
	OUTLINE_DECLARATION, /* of functions, variables, types */
	OUTLINE_TEST,	     /* test, setup, vm, vm_array, net, use: only a script has them */
	OUTLINE_EXPRESSION,  /* without a ';' at its end */
	OUTLINE_STATEMENTS,
};

/**
 * outline_kind() - Tell what was typed
 * @types:	Names of types, each between spaces, besides those of C and vmtap.h
 */
enum outline_kind outline_kind(const char *text, const char *types);

/* Return: whether no bracket, comment or continued line is open, and no loop or function lacks its body. */
bool outline_is_complete(const char *text);

/* Add declarations of all that the text at file scope declares or defines. */
void outline_declare(const char *text, struct buf *out);

/* Add the names that the text at file scope declares, each with a space behind it. A macro's has a '#' in front. */
void outline_names(const char *text, struct buf *out);

/* Take the initializers away from the variables that a text at file scope defines: they become assignments. */
void outline_split(const char *text, struct buf *definitions, struct buf *assignments);

/* ---- tokens: words, quoted texts, single marks ---- */

/* Return: the first token at or behind @p; comments are white space. */
const char *outline_skip_space(const char *p);
/* Return: what is behind the token at @p, which is no white space. */
const char *outline_skip_token(const char *p);
/* A token of a text, and its line, from 1. */
struct token {
	const char *p;
	int line;
};

/* Return: the first token of a text. */
struct token outline_begin(const char *text);
/* Go to the next token, to the NUL behind the last. */
void outline_step(struct token *at);
/* The same with the line that @at is in, and all that continue it. */
void outline_skip_line(struct token *at);
/* Return: the end of the line, or of all that continue it. */
const char *outline_line_end(const char *p);
/* Return: whether the token at @p is a word, or one of @words, which end with NULL. */
bool outline_is(const char *p, const char *word);
bool outline_is_one_of(const char *p, const char *const *words);
/* Return: whether nothing but blanks is in front of @p in its line. */
bool outline_starts_line(const char *text, const char *p);
/* Return: 1 for a bracket that opens, -1 for one that closes, else 0. */
int outline_nesting(char c);

#endif
