/* environment.h - what every command is run with: variables and a folder */
#ifndef AGENT_ENVIRONMENT_H
#define AGENT_ENVIRONMENT_H

#include "base/buf.h"

/**
 * environment_take() - Have what a container's image says instead of, and besides, our own
 * @run:	Content of BOOT_RUN (wire/boot.h), which becomes ours; empty leaves all as it is
 */
void environment_take(struct buf *run);

/**
 * environment_suit_root() - Have a PATH that finds programs in the root that / is by now
 *
 * NixOS has none in /usr/bin and /bin but sh and env. A container's image that was made of Nix packages says itself where
 * they are, and is left alone.
 */
void environment_suit_root(void);

/* Return: the variables of commands, for execve(2); never freed. */
const char *const *environment_get(void);

/* Return: the same with another TERM, which the caller frees, but not its strings. @term: "TERM=..." */
const char **environment_with(const char *term);

/* Return: the folder of commands, or NULL: / for those of a test, home for a person. */
const char *environment_folder(void);

#endif
