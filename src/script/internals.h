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

/**
 * struct internals_variable - A variable of a function, or the name of a type
 * @text:	As in stabs.h: "name:type"
 * @start, @size: The code that sees it; @size is 0 of a type, and of what is outside of all functions
 * @offset:	Where it is, in bytes from the frame pointer of its function
 */
struct internals_variable {
	const char *text;
	uintptr_t start;
	size_t size;
	int offset;
};

typedef void internals_variable_fn(void *arg, const struct internals_variable *v);

/*
 * Tell the types and variables of a state that was compiled with -g and relocated: of a function's blocks the outer one
 * first. tcc says nothing of a function's static variables.
 */
void internals_variables(struct TCCState *s, internals_variable_fn *variable, void *arg);

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

/* Called for each function and variable of a state that has a name. */
typedef void internals_symbol_fn(void *arg, const char *name, uintptr_t address);

/* Tell the functions and variables of a relocated state, those that are static as well, but none that begins with '_'. */
void internals_symbols(struct TCCState *s, internals_symbol_fn *symbol, void *arg);

/* Return: whether a state that is not relocated yet defines a function or variable of that name. */
bool internals_defines(struct TCCState *s, const char *name);

/* Return: how many bytes of its line tcc has read, or 0. Must be called from within tcc's error callback. */
int internals_column(void);

#endif
