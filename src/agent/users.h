/* users.h - the users that the script declared: written into the image before its init runs */
#ifndef AGENT_USERS_H
#define AGENT_USERS_H

#include "agent/boot.h"

/**
 * users_make() - Make the users of BOOT_USERS in the root that we are in
 * @list:	What that file has (wire/boot.h)
 *
 * Their homes are made of /etc/skel, unless they are there. What cannot be done is
 * a warning, by the user's name.
 */
void users_make(const struct buf *list, struct boot *b);

#endif
