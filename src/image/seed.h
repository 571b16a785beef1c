/* seed.h - the volume by which the agent comes into a machine that boots from its own disk: an entry of the store
 *
 *	seed/KEY	seed.iso
 *
 * An ISO 9660 volume labelled as cloud-init looks for it (datasource NoCloud), with
 * what cloud-init reads (user-data, meta-data, network-config), the agent, and "start",
 * a shell script that starts it: cloud-init's bootcmd runs it, and so can anybody who
 * is root on the machine's console.
 */
#ifndef IMAGE_SEED_H
#define IMAGE_SEED_H

#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

/**
 * struct seed_file - A file of a volume
 * @name:	Upper-case letters, digits and '-'; Linux shows them in lower case
 */
struct seed_file {
	const char *name;
	const void *data;
	size_t n;
};

#define SEED_FILES_MAX 16

/* Append a volume with these files, @n of them in the order of their names, to @out, which is empty. Pure. */
void seed_write(const char *label, const struct seed_file *files, size_t n, struct buf *out);

/**
 * seed_prepare() - Make or find the volume
 * @agent:	The agent's ELF image, deflated by gzip(1), @agent_len bytes
 * @path:	Set to its path, which the caller frees
 *
 * Return: 0, or -1
 */
int seed_prepare(const char *store, const void *agent, size_t agent_len, char **path, struct err *err);

#endif
