/* password.h - a password as a guest keeps it */
#ifndef IMAGE_PASSWORD_H
#define IMAGE_PASSWORD_H

#include "base/buf.h"
#include "base/err.h"

/**
 * password_hash() - Hash a password for shadow(5)
 *
 * By SHA-512 (crypt(5), $6$), which every libc and BusyBox of a guest knows, with
 * as few rounds as it has: a guest may be emulated, and nothing is protected by
 * what stands in a script. The salt is made of the user's name, so that the same
 * script gives the same guest.
 *
 * Return: 0 with the hash appended to @out, or -1
 */
int password_hash(const char *user, const char *password, struct buf *out, struct err *err);

#endif
