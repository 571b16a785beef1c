/* internals.h - what libtcc knows but does not tell */
#ifndef SCRIPT_INTERNALS_H
#define SCRIPT_INTERNALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct TCCState;

/* Called for each place where the code of a line begins, in the order of the addresses within a function. */
typedef void internals_line_fn(void *arg, uintptr_t pc, const char *file, int line);

/**
 * internals_lines() - Tell which line each piece of the code comes from
 * @s:	Compiled with -g and relocated
 */
void internals_lines(struct TCCState *s, internals_line_fn *line, void *arg);

/* Tell where the code of a relocated state lies. */
void internals_code(struct TCCState *s, uintptr_t *start, uintptr_t *end);

/**
 * internals_section() - Find a data section of a relocated state
 * @n:	Set to its size in bytes; 0 when there is no such section
 *
 * Return: its start
 */
const void *internals_section(struct TCCState *s, const char *name, size_t *n);

/* Return: whether the code or data of a relocated state refers to a symbol, as by a call of the function. */
bool internals_refers(struct TCCState *s, const char *symbol);

/**
 * internals_names() - List the identifiers and macros that are in scope
 * @names:	Filled, and ended with NULL; borrowed, valid in the callback
 * @max:	Its elements
 *
 * Must be called from within tcc's error callback, during a compile.
 */
void internals_names(const char **names, size_t max);

#endif
