/* shape.h - what is wrong with how a script declares its machines, networks, tests and setups, and with its brackets */
#ifndef SCRIPT_SHAPE_H
#define SCRIPT_SHAPE_H

/**
 * shape_find() - Look why a script does not compile
 * @text:	C, at file scope
 * @line:	Set to where that is, from 1
 *
 * What a compiler says of a macro's inside helps nobody. Not for a text that compiles: what #if leaves out is looked at too.
 *
 * Return: what is wrong with the first declaration that is not written as vmtap.h takes it, to be freed; NULL when all are
 */
char *shape_find(const char *text, int *line);

/*
 * Find a bracket that is never closed: in another that is, or at file scope. Return: its line, from 1, and the bracket that is
 * @missing; 0 when there is none.
 */
int shape_open_bracket(const char *text, char *missing);

#endif
