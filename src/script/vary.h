/* vary.h - one script over a matrix: other values for fields of its machines than it gives
 *
 *	struct varies v;
 *
 *	varies_read(&v, (const char *[]){"server.image=a.tar,b.tar", "memory=128,256"}, 2, &err);
 *
 * are four variants of a script that has a machine "server", and two of one that
 * has not. Each is compiled for itself (script.h), so that its values are checked
 * like those that the script gives.
 */
#ifndef SCRIPT_VARY_H
#define SCRIPT_VARY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

#define VARIES_MAX   16  /* fields at the same time */
#define VARIANTS_MAX 256 /* of one script: more is a mistake, and each is compiled before anything runs */

struct script;
struct vmtap_machine; /* types.h */
struct vary_field;

/**
 * struct vary - What one field of a machine is to be, one after the other
 * @text:	As the user wrote it
 * @machine:	As in the script: of an array its name or that of one element; NULL: all machines
 */
struct vary {
	const char *text;
	char *machine;
	const struct vary_field *field;
	char **values;
	size_t nvalues;
};

struct varies {
	struct vary list[VARIES_MAX];
	size_t count;
};

/**
 * struct variant - One value for each field that is varied in a script
 */
struct variant {
	struct variant_value {
		const struct vary *vary;
		const char *value;
	} values[VARIES_MAX];
	size_t count;
};

/**
 * varies_read() - Read "MACHINE.FIELD=A,B" or "FIELD=A,B"
 * @texts:	@n of them, which must stay
 * @err:	no such field, with what was probably meant; a list or a value of it that is empty or there twice; no number
 *
 * Return: 0, or -1
 */
int varies_read(struct varies *v, const char *const *texts, size_t n, struct err *err);

/* Return: whether a script has a machine that @v is about. */
bool vary_concerns(const struct vary *v, const struct script *s);

/**
 * variant_make() - Choose values for a script
 * @s:		It, compiled
 * @number:	From 0; the last field changes fastest
 *
 * Return: whether there is one of that number
 */
bool variant_make(const struct varies *v, const struct script *s, size_t number, struct variant *out);

/* Append "server.image=a.tar, memory=128". */
void variant_describe(const struct variant *v, struct buf *out);

/**
 * variant_apply() - A machine as it is declared, with the values of a variant
 * @v:		Variant, or NULL
 * @name:	Of the element of an array, or the machine's own
 *
 * Return: @m when nothing of it is varied, else a copy that is never freed
 */
const struct vmtap_machine *variant_apply(const struct variant *v, const struct vmtap_machine *m, const char *name);

#endif
