/* making.h - the making of a template, in the process that template.c forks for it */
#ifndef STATE_MAKING_H
#define STATE_MAKING_H

#include "machine/machine.h"

/**
 * struct making_result - What became of it
 * @made:	The template is there
 * @loss:	Not LOSS_NONE: the machine did not come up, so a boot would not help;
 *		whose fault that is
 * @reason:	Why there is no template; owned
 * @console:	What the guest said; owned
 */
struct making_result {
	bool made;
	enum machine_loss loss;
	char *reason, *console;
};

/**
 * making_run() - Boot a machine with its memory in a file and save it
 * @base:	Folder of a template to begin from, which is then given its identity;
 *		NULL to boot
 * @dir:	Where its files go
 * @rehearse:	It comes to rest first, and does what every copy would; else it is
 *		saved as soon as it has booted
 * @out:	All but @made is filled when it fails
 *
 * Blocks, no longer than the boot, the .provision and the save may take; runs
 * an event loop of its own.
 *
 * Return: 0, or -1
 */
int making_run(const struct spec *w, size_t index, const char *base, const char *dir, bool rehearse,
	       struct making_result *out);

/**
 * making_freeze() - Begin a copy of a template, and freeze it
 * @base:	Folder of the template
 * @image:	The file, made here
 * @refused:	Set to why QEMU does not freeze this machine, and never will, and
 *		then there is no file; else to NULL. The caller frees it
 *
 * Blocks as making_run() does.
 *
 * Return: 0, or -1 with @out filled
 */
int making_freeze(const struct spec *w, size_t index, const char *base, const char *image, char **refused,
		  struct making_result *out);

#endif
