/* output.h - what a script prints, what it may open, and how it ends itself
 *
 * printf() and its kin become comments of the test, a line each.
 */
#ifndef SCRIPT_OUTPUT_H
#define SCRIPT_OUTPUT_H

#include <stdarg.h>
#include <stdio.h>

/* The functions that a script knows as printf, vprintf, puts, putchar, note, skip, todo, exit, abort and fopen. */
int output_printf(const char *format, ...);
int output_vprintf(const char *format, va_list args);
int output_puts(const char *s);
int output_putchar(int c);
void output_note(const char *text);
_Noreturn void output_skip(const char *why);
void output_todo(const char *why);
_Noreturn void output_bail_out(const char *why);
_Noreturn void output_exit(int status);
_Noreturn void output_abort(void);
FILE *output_fopen(const char *path, const char *mode);

/* Send the line that has no end yet. */
void output_flush(void);

#endif
