/* passwd.h - the number of a user, from the text of /etc/passwd (pure) */
#ifndef AGENT_PASSWD_H
#define AGENT_PASSWD_H

#include <stdbool.h>
#include <sys/types.h>

#define PASSWD_MAX (1 << 20) /* bytes of a guest's /etc/passwd that are read */

/**
 * passwd_find() - Find a user by name, or by a number that the file has
 * @text:	Text of /etc/passwd (passwd(5))
 *
 * Return: whether there is one, with @uid set
 */
bool passwd_find(const char *text, const char *user, uid_t *uid);

#endif
