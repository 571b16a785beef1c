/* fields_guest.h - what the fields of vm() may say that are about the inside of the guest */
#ifndef SCRIPT_FIELDS_GUEST_H
#define SCRIPT_FIELDS_GUEST_H

#include "script/diagnose.h"
#include "script/types.h"

/* Check .users, .env, .ready and .tpm; errors go to @d. */
void fields_check_guest(const struct vmtap_machine *m, struct diagnostics *d);

#endif
