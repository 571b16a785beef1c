/* modules.h - which kernel modules must be loaded, in which order
 *
 * Source: depmod(8) and modprobe.d(5) of kmod: the text files modules.dep,
 * modules.builtin, modules.builtin.modinfo, modules.alias, modules.softdep.
 */
#ifndef IMAGE_MODULES_H
#define IMAGE_MODULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "image/folder.h"

#define MODULES_INDEX_MAX (64u << 20) /* bytes of one of those files; Debian's largest has 1.5 million */
#define MODULE_BYTES_MAX  (64u << 20) /* of one module, inflated */
#define MODULES_MAX	  256	      /* modules in a closure */
#define MODULES_BUILTIN	  "modules.builtin"

/* A module to load. */
struct module_want {
	const char *name;    /* "-" and "_" are the same */
	const char *purpose; /* what a guest needs it for: "to mount its root" */
	bool optional;	     /* may be missing */
};

/**
 * struct module_list - Modules in load order
 * @paths:	Relative to the version's folder: "kernel/fs/erofs/erofs.ko"; owned
 */
struct module_list {
	char *paths[MODULES_MAX];
	size_t count;
};

/* Return: the modules' names in their order, with ", " between them, for people; the caller frees. */
char *module_list_names(const struct module_list *l);

void module_list_free(struct module_list *l);
#define cleanup_module_list __attribute__((cleanup(module_list_free)))

/**
 * modules_closure() - What must be loaded for some modules, dependencies first
 * @f:		Where the modules are
 * @dir:	Their version's folder: "lib/modules/6.1.0-56-cloud-amd64"
 * @want:	@n modules
 * @out:	Added to, what is in it already left out. What is built into the kernel is left out
 * @err:	a file of the index that is missing or damaged, a module that is
 *		neither built in nor there
 *
 * Soft dependencies are taken as optional, and left out when the kernel has
 * what they ask for built in.
 *
 * Return: 0, or -1
 */
int modules_closure(const struct folder *f, const char *dir, const struct module_want *want, size_t n,
		    struct module_list *out, struct err *err);

/**
 * module_name_length() - Bytes of a module's path without what tells of a compression
 */
size_t module_name_length(const char *path);

/**
 * module_read() - Read a module, uncompressed when it is a .ko.gz, .ko.xz or .ko.zst
 * @err:	The module is missing or damaged; there is no program on this host for
 *		its compression (decompress.h)
 * Return: 0, or -1
 */
int module_read(const struct folder *f, const char *dir, const char *path, struct buf *out, struct err *err);

#endif
