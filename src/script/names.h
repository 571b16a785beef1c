/* names.h - what a script can name behind a dot: for "did you mean", and to tell what belongs to what */
#ifndef SCRIPT_NAMES_H
#define SCRIPT_NAMES_H

#include <stdbool.h>

/* All are NULL-terminated. The methods, of machines and networks: */
extern const char *const names_methods[];
/* ... of networks alone: */
extern const char *const names_net_methods[];
/* ... and these and all fields: */
extern const char *const names_fields[];

/* The fields that vm(), net() and test() take: what struct vm_options, net_options and vmtap_test of types.h have for scripts. */
extern const char *const names_vm_fields[];
extern const char *const names_net_fields[];
extern const char *const names_test_fields[];

bool names_has(const char *const *names, const char *word);

/* Return: what a method takes, "(const char *cmd)", or NULL when there is no such method. */
const char *names_parameters(const char *method);

#endif
