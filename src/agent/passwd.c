/* passwd.c - the number of a user, from the text of /etc/passwd (pure) */
#include "agent/passwd.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* "alice:x:1000:1000::/home/alice:/bin/sh" */
bool passwd_find(const char *text, const char *user, uid_t *uid)
{
	size_t length = strlen(user), n;
	const char *line;

	while (text_next_line(&text, &line, &n)) {
		const char *end = line + n, *password = memchr(line, ':', n);
		const char *number = password ? memchr(password + 1, ':', (size_t)(end - password - 1)) : NULL;
		char *after;
		unsigned long id;

		if (!number || ++number == end)
			continue;
		id = strtoul(number, &after, 10);
		if (after == number || after >= end || *after != ':')
			continue;
		if (((size_t)(password - line) == length && memcmp(line, user, length) == 0) ||
		    ((size_t)(after - number) == length && memcmp(number, user, length) == 0)) {
			*uid = (uid_t)id;
			return true;
		}
	}
	return false;
}
