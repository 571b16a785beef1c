/* embed.h - the files that tcc may open, all in memory
 *
 * tcc opens everything by name: headers, its run-time library, sources. Its
 * open() is ours (see libtcc.c here) and knows only this table: the header
 * files and the archive that are linked into vmtap, and the scripts that
 * source.c has read. So a script cannot include what is on the disk, and
 * vmtap needs no file of its own there.
 */
#ifndef SCRIPT_EMBED_H
#define SCRIPT_EMBED_H

#include <stddef.h>

#include "base/err.h"

#define EMBED_ROOT "/vmtap/tcc" /* CONFIG_TCCDIR of vendor/rules/tcc */

/**
 * embed_add() - Make tcc see a file
 * @path:	Name that it will be opened by; copied
 * @text:	Content; borrowed until embed_clear()
 *
 * Return: 0, or -1 when the table is full
 */
int embed_add(const char *path, const char *text, size_t n);

/* Look whether embed_open() can make descriptors at all: tcc tells its failure as a file that is not there. */
int embed_check(struct err *err);

/* Forget what embed_add() added. */
void embed_clear(void);

/* open(2) as tcc sees it. Return: a descriptor at the start of the content, or -1 with errno. */
int embed_open(const char *path, int flags, ...);

/* Return: the text of vmtap.h, the dialect's header; @n is set to its length. */
const char *embed_header(size_t *n);

#endif
