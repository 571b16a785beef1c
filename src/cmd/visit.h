/* visit.h - a person comes to the machines of a script: what shell and repl have in common */
#ifndef CMD_VISIT_H
#define CMD_VISIT_H

#include "cmd/options.h"
#include "cmd/plan.h"

/**
 * struct visit_options - As given
 * @accel:	What machines run on, or NULL
 * @cold:	Boot; use and make no templates
 * @no_setup:	As booted, without the script's setup
 * @verbose:	Consoles on stderr
 */
struct visit_options {
	const char *accel;
	int cold, no_setup, verbose;
};

extern const struct option visit_options[];

/* Keep the text of a script in memory. Return: a path to it, which is never freed and holds in this process; or NULL. */
char *visit_keep_script(const char *text, struct err *err);

/* Append a C string literal that means @text. */
void visit_quote_c(struct buf *out, const char *text);

/**
 * visit_prepare() - Make ready the world of a script that was described: it ends when the person does
 * @accel:	Filled, and kept by the world
 *
 * Return: 0, or -1 when a machine cannot be had
 */
int visit_prepare(struct plan_file *f, const struct settings *s, const struct visit_options *o, struct accel *accel, struct err *err);

/* Have the machines of the only script as its setup leaves them, if it has one. A setup that fails is told, and no error. */
void visit_set_up(struct plan *p, const struct visit_options *o);

#endif
