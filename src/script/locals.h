/* locals.h - the variables of the functions that are being executed, as declarations and addresses */
#ifndef SCRIPT_LOCALS_H
#define SCRIPT_LOCALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct script;

/**
 * struct local - One
 * @name:	In the script
 * @alias:	Another name for it, which nothing else has
 * @declaration: "extern char *name;"
 * @aliased:	The same with @alias
 * @address:	Where it is on the stack
 * @inner:	It is of the innermost function, and hides what is outside of all functions by the same name
 */
struct local {
	char *name, *alias, *declaration, *aliased;
	uintptr_t address;
	bool inner;
};

struct locals {
	struct local *list;
	size_t n;
};

/**
 * locals_find() - Look which functions of a script are being executed, and what they see
 * @frame:	Frame pointer to begin with: __builtin_frame_address(0)
 * @top:	Where the stack ends
 *
 * Of several variables of one name there is the innermost one. One whose type has no name that could be written is left
 * out, as is a static one, and one that begins with '_' or "vmtap_".
 *
 * Should be given frames of the running stack only.
 */
void locals_find(const struct script *s, uintptr_t frame, uintptr_t top, struct locals *out);

#endif
