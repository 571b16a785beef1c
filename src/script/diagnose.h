/* diagnose.h - what is wrong with a script, for the user */
#ifndef SCRIPT_DIAGNOSE_H
#define SCRIPT_DIAGNOSE_H

#include "base/buf.h"
#include "base/err.h"
#include "script/source.h"

/**
 * struct diagnostics - The errors of one compile
 * @text:	"FILE:LINE: error: MESSAGE\n" for each
 * @sources:	For the line of what tcc's linker complains about
 *
 * Start with = {.sources = ...}, end with diagnose_free().
 */
struct diagnostics {
	struct buf text;
	size_t count;
	struct sources *sources;
};

void diagnose_free(struct diagnostics *d);

/* Add an error at a line of a file; the message becomes one line. Return: -1 always. */
int diagnose(struct diagnostics *d, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * diagnose_tcc() - Add what tcc says, in our words; its error callback
 * @opaque:	The struct diagnostics
 * @message:	"FILE:LINE: error: ..." or "... warning: ..."
 *
 * tcc only warns about much that C calls an error; see the table of what is
 * one here.
 */
void diagnose_tcc(void *opaque, const char *message);

/* Put the errors in the order of the files, and of the lines within each. */
void diagnose_sort(struct diagnostics *d);

/* Put all that was added into @err, whole lines. Return: 0 when there was nothing, else -1. */
int diagnose_result(const struct diagnostics *d, struct err *err);

#endif
