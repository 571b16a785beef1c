/* unready.h - why a guest did not boot, as far as its console and its settings tell */
#ifndef MACHINE_UNREADY_H
#define MACHINE_UNREADY_H

#include <stdbool.h>
#include <stddef.h>

/**
 * unready_cause() - Guess why a guest has not come up
 * @console:	What its console said, @n bytes and a NUL
 * @memory:	MiB that it has
 * @heard:	Its agent has spoken
 *
 * Return: one or more lines, the first of which begins with "probably", that the
 * caller frees; NULL when nothing is known
 */
char *unready_cause(const char *console, size_t n, int memory, bool heard);

#endif
