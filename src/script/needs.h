/* needs.h - what a test cannot do without, as .needs and needs() list it */
#ifndef SCRIPT_NEEDS_H
#define SCRIPT_NEEDS_H

#include <stdbool.h>

#define NEEDS_WORD_MAX 64 /* bytes of a word, its NUL included */

/**
 * needs_next() - Take the next word of a list
 * @at:		Where it is in "kvm, memory=4096"; moved on
 * @word:	Set to the word, cut at NEEDS_WORD_MAX
 *
 * Return: false at the end
 */
bool needs_next(const char **at, char word[NEEDS_WORD_MAX]);

/* Return: MiB of "memory=MiB"; 0 when it is another word, -1 when the number makes no sense. */
long needs_memory(const char *word);

/* Return: what is wrong with a list, which the caller frees, or NULL. */
char *needs_fault(const char *list);

/* Return: whether a list, or NULL, has a word. */
bool needs_has(const char *list, const char *word);

#endif
