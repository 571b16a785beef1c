/* hosts.h - editing and reading the text of /etc/hosts (pure) */
#ifndef AGENT_HOSTS_H
#define AGENT_HOSTS_H

#include "base/buf.h"

#define HOSTS_MAX   (1 << 20) /* bytes of a guest's /etc/hosts that are read */
#define HOSTS_BEGIN "# vmtap begin"
#define HOSTS_END   "# vmtap end"

/**
 * hosts_edit() - Put our lines into a hosts file
 * @out:	Appended to: the new text
 * @text:	The old text, "" when there is none
 * @lines:	Ours; they replace what an earlier call put between the two markers
 *
 * A file that has no line for 127.0.0.1 gets one that says localhost.
 */
void hosts_edit(struct buf *out, const char *text, const char *lines);

/**
 * hosts_lookup() - Find the first address of a name
 *
 * Return: the address as it is written, which the caller frees, or NULL
 */
char *hosts_lookup(const char *text, const char *name);

#endif
