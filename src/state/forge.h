/* forge.h - the making of a template, in the process that template.c forks for it */
#ifndef STATE_FORGE_H
#define STATE_FORGE_H

#include "state/template.h"

/**
 * forge_run() - Boot a machine with its memory in a file and save it
 * @base:	Folder of a template to begin from, which is then given its identity;
 *		NULL to boot
 * @dir:	Where its files go
 * @out:	@lost, @infra, @reason and @console are filled when it fails
 *
 * Blocks; runs an event loop of its own.
 *
 * Return: 0, or -1
 */
int forge_run(const struct world_spec *w, size_t index, const char *base, const char *dir, struct forge_result *out);

#endif
