/* methods.h - the functions behind the methods of a machine, made from methods.def
 *
 * Each is called by the thunk of a machine with that machine's number. It asks
 * the world, waits for the answer, and returns; or it reports a failure and
 * ends the subtest or test, and does not return.
 */
#ifndef SCRIPT_METHODS_H
#define SCRIPT_METHODS_H

#include <stdbool.h>

#include "script/types.h"

struct vm;

#define METHOD_PARAMETERS(...)			       , ##__VA_ARGS__
#define METHOD(type, name, parameters, arguments, doc) type method_##name(unsigned machine METHOD_PARAMETERS parameters);
#include "script/methods.def"

#define NET_METHOD(type, name, parameters, arguments, doc) type net_##name(unsigned net METHOD_PARAMETERS parameters);
#include "script/methods.def"

/* vmtap.h: start_all() */
void methods_start_all(void);
/* vmtap.h: join_all() */
void methods_join_all(void);

/* Return: what a method takes, "(const char *cmd)", or NULL when there is no such method. */
const char *methods_parameters(const char *name);

/* NULL-terminated, for "did you mean": the methods, those of networks alone, and all fields that follow a dot. */
extern const char *const methods_names[];
extern const char *const methods_of_networks[];
extern const char *const methods_fields[];

/* What struct vm_options, net_options and vmtap_test of types.h have that a script may set, for tables. */
#define METHODS_MACHINE_FIELDS                                                                                                         \
	"image", "kernel", "initrd", "append", "memory", "cpus", "cpu", "arch", "hostname", "clock", "nets", "files", "provision",      \
		"snapshot", "display", "qemu", "disks", "firmware", "users", "env", "ready", "keep", "root_size", "reboot_ok", "tpm"
#define METHODS_NET_FIELDS  "subnet", "mtu"
#define METHODS_TEST_FIELDS "timeout", "skip", "needs", "xfail", "health", "from"

#endif
