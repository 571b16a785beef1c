/* texts.h - what a script declares about the inside of a guest, as the guest gets it */
#ifndef CMD_TEXTS_H
#define CMD_TEXTS_H

#include "base/buf.h"
#include "script/types.h"

/* Append what struct guest_spec (image/guest.h) calls users. */
void texts_users(const struct vm_options *o, struct buf *out);

/* Append what it calls env. */
void texts_env(const struct vm_options *o, struct buf *out);

#endif
