/* stabs.h - the types of variables, from tcc's debugging information back to C
 *
 * tcc -g writes stabs (https://sourceware.org/gdb/current/onlinedocs/stabs.html), of which it uses little: types have
 * numbers, and "s:25=26=*2" is a variable s whose type is a pointer to the second one:
 *
 *	int:t1=r1;-2147483648;2147483647;	a type of C
 *	point:T28=s8x:1,0,32;y:1,32,32;;	struct point
 *	a:29=ar1;0;2;28				struct point a[3];
 */
#ifndef SCRIPT_STABS_H
#define SCRIPT_STABS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/**
 * struct stabs - The types that are known
 * @names:	In C, by number; NULL for one that has none, as a structure that only a typedef names
 */
struct stabs {
	char **names;
	size_t n;
};

/* Take a text that defines a type; others say nothing. */
void stabs_learn(struct stabs *s, const char *text);

/* Add a declaration, with its ';'. @type: what is behind the ':' of a variable. Return: whether the type is known. */
bool stabs_declare(const struct stabs *s, const char *type, const char *name, struct buf *out);

void stabs_free(struct stabs *s);

#endif
