/* remember.h - what was found out about this host, until it boots again
 *
 * DIR/host/NAME is a file whose first line is the boot's id, and whose rest is
 * what was found out. A file of another boot tells nothing and is replaced by
 * the next finding, so there is never more than one of a name. Hosts that share
 * a folder replace each other's, and find out again.
 *
 * All of it may be lost at any time: what cannot be read is not known, and what
 * cannot be written is found out again by the next run.
 */
#ifndef QEMU_REMEMBER_H
#define QEMU_REMEMBER_H

#include <stdbool.h>

#include "base/buf.h"

/* Read what was found out since this host booted, at most @limit bytes. Return: whether there is something. */
bool remember_get(const char *dir, const char *name, size_t limit, struct buf *out);

/* Keep @text; DIR is made if need be. */
void remember_put(const char *dir, const char *name, const char *text);

void remember_forget(const char *dir, const char *name);

/* Return: the file, for messages; the caller frees it. */
char *remember_path(const char *dir, const char *name);

#endif
