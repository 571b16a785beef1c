/* carried.h - .files: what was just built, packed for the machine that it is put into
 *
 * An entry of the store, files/KEY/files, with the bytes of BOOT_FILES (wire/boot.h). The key is made of names, modes
 * and contents: what was built again and came out the same costs nothing.
 */
#ifndef CMD_CARRIED_H
#define CMD_CARRIED_H

#include <stdint.h>

#include "base/err.h"

#define CARRIED_MAX (512u << 20) /* bytes of all files of a machine */

/**
 * carried_pack() - Make or find the pack
 * @store:	The cache folder
 * @script:	Path of the script that declares them: patterns are relative to its folder, else to the current one
 * @files:	"host path:guest path", with a NULL at the end; checked by script/fields.c
 * @path:	Set to the file, which the caller frees
 * @size:	Set to its size, bytes
 * @err:	"'build/app' (.files) is not there", or which file cannot be read
 *
 * Return: 0, or -1
 */
int carried_pack(const char *store, const char *script, const char *const *files, char **path, uint64_t *size,
		 struct err *err);

/* The same as far as to what is to be packed. Return: 0, or -1: what is not there. */
int carried_look(const char *script, const char *const *files, struct err *err);

#endif
