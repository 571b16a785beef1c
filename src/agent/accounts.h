/* accounts.h - users and groups in the texts of /etc/passwd and its kin (pure) */
#ifndef AGENT_ACCOUNTS_H
#define AGENT_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/**
 * struct account - A user who is wanted; nothing is owned
 * @hash:	As in shadow(5), "" where no password is asked for; NULL: none was given
 * @groups:	Further groups, with commas between them, or ""
 * @home:	"" for the usual one
 * @shell:	"" for the usual one
 * @uid:	0 for the next one that is free
 */
struct account {
	const char *name, *hash, *groups, *home, *shell;
	uint32_t uid;
};

/**
 * struct accounts - The files; each text is owned
 * @has_gshadow: There is an /etc/gshadow
 */
struct accounts {
	struct buf passwd, shadow, group, gshadow;
	bool has_gshadow;
};

/**
 * accounts_add() - See to it that there is such a user, a member of those groups
 * @shell:	The usual one here
 *
 * One who is there already keeps what @u says nothing of. A new one has a group of
 * the same name, and no password is right unless one was given. Groups that do not
 * exist are made, as those of a system.
 */
void accounts_add(struct accounts *a, const struct account *u, const char *shell);

/**
 * accounts_field() - A field of a user's or a group's line
 * @f:		Which one: from 0, the name
 *
 * Return: the field, which the caller frees, or NULL
 */
char *accounts_field(const struct buf *file, const char *name, unsigned f);

void accounts_free(struct accounts *a);

#endif
