/* fields.h - what the fields of vm(), vm_array() and net() may say */
#ifndef SCRIPT_FIELDS_H
#define SCRIPT_FIELDS_H

#include <stdbool.h>

#include "script/diagnose.h"
#include "script/types.h"

/**
 * fields_given() - Look for a field among the fields as they were written
 * @given:	".memory = 512, .image = \"a.tar\""
 * @field:	"memory"
 *
 * Return: what stands behind its '=' and blanks, inside @given; NULL when it is not given
 */
const char *fields_given(const char *given, const char *field);

/* Check what vm() was given, but for the inside of the guest (fields_guest.h); errors go to @d. The names of its networks must be set before. */
void fields_check_machine(const struct vmtap_machine *m, struct diagnostics *d);

/* Check what net() was given, but for the subnet; errors go to @d. */
void fields_check_net(const struct vmtap_net *n, struct diagnostics *d);

#endif
