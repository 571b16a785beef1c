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

#endif
