/* show.h - the value of an expression, as a person at a prompt sees it */
#ifndef SCRIPT_SHOW_H
#define SCRIPT_SHOW_H

#include "base/buf.h"

/* Add @n bytes of a guest: what would command a terminal is written as \x1b; new lines and tabs stay. */
void show_bytes(struct buf *out, const char *bytes, size_t n);

/*
 * Each adds the value at @value, of the type in its name, with a new line at the end. Of a pointer to text it is the
 * text, and nothing when that is empty; of a struct result what there is in it.
 */
#define SHOW(name, type, format) void show_##name(struct buf *out, const void *value);
#include "script/show.def"
#undef SHOW
void show_bool(struct buf *out, const void *value);
void show_text(struct buf *out, const void *value);
void show_pointer(struct buf *out, const void *value);
void show_result(struct buf *out, const void *value);

#endif
