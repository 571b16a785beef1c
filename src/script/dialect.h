/* dialect.h - the functions of vmtap.h that are not methods, as the host defines them
 *
 * The script calls them by the name behind "vmtap.h:"; libc.c is where the two
 * names meet. Each may end the subtest or test instead of returning.
 */
#ifndef SCRIPT_DIALECT_H
#define SCRIPT_DIALECT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "script/types.h"

/* blocks.c */
bool block_enter_subtest(struct vmtap_block *b); /* vmtap.h: vmtap_enter_subtest */
bool block_enter_within(struct vmtap_block *b);  /* vmtap.h: vmtap_enter_within */
void block_leave(struct vmtap_block *b); /* vmtap.h: vmtap_leave */

/* checks.c; @expression is the text of what is checked. */
bool check_ok(int holds, const char *condition, const char *why);				/* vmtap_ok */
bool check_integer(long long got, long long want, int equal, const char *expression);		/* vmtap_is_integer */
bool check_number(double got, double want, int equal, const char *expression);			/* vmtap_is_number */
bool check_text(const char *got, const char *want, int equal, const char *expression);		/* vmtap_is_text */
bool check_like(const char *text, const char *regex, int matches, const char *expression);	/* vmtap_like */

/* format.c */
char *text_format(const char *format, ...); /* vmtap.h: fmt */
char *text_trim(const char *text);	    /* vmtap.h: trim */
bool text_contains(const char *text, const char *part);
const char *text_environment(const char *name); /* vmtap.h: env */

/* output.c: printf and its kin, files that are only read, and the ways to end. */
int output_printf(const char *format, ...);
int output_vprintf(const char *format, va_list args);
int output_puts(const char *s);
int output_putchar(int c);
void output_note(const char *text);
_Noreturn void output_skip(const char *why);
_Noreturn void output_exit(int status);
_Noreturn void output_abort(void);
FILE *output_fopen(const char *path, const char *mode);

/* methods.c */
void methods_start_all(void); /* vmtap.h: start_all */

#endif
