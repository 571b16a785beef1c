/* names.c - what a script can name behind a dot */
#include "script/names.h"

#include <stddef.h>
#include <string.h>

#define VM_FIELDS                                                                                                                      \
	"image", "kernel", "initrd", "append", "memory", "cpus", "cpu", "arch", "hostname", "clock", "nets", "files", "provision",      \
		"snapshot", "display", "qemu", "disks", "firmware", "users", "env", "ready", "keep", "root_size", "reboot_ok", "tpm"
#define NET_FIELDS  "subnet", "mtu"
#define TEST_FIELDS "timeout", "skip", "needs", "xfail", "health", "from"

const char *const names_vm_fields[] = {VM_FIELDS, NULL};
const char *const names_net_fields[] = {NET_FIELDS, NULL};
const char *const names_test_fields[] = {TEST_FIELDS, NULL};

const char *const names_methods[] = {
#define METHOD(type, name, parameters, arguments, doc)	   #name,
#define NET_METHOD(type, name, parameters, arguments, doc) #name,
#include "script/methods.def"
	NULL,
};

const char *const names_net_methods[] = {
#define METHOD(type, name, parameters, arguments, doc)
#define NET_METHOD(type, name, parameters, arguments, doc) #name,
#include "script/methods.def"
	NULL,
};

const char *const names_fields[] = {
#define METHOD(type, name, parameters, arguments, doc)	   #name,
#define NET_METHOD(type, name, parameters, arguments, doc) #name,
#include "script/methods.def"
	VM_FIELDS, NET_FIELDS, TEST_FIELDS,
	/* struct vm, vm_disk, vm_user and result of types.h */
	"name", "size", "file", "readonly", "password", "groups", "home", "shell", "uid",
	"status", "signal", "timed_out", "out", "out_len", "err", "err_len", "seconds", NULL,
};

bool names_has(const char *const *names, const char *word)
{
	for (; *names; names++)
		if (strcmp(*names, word) == 0)
			return true;
	return false;
}

const char *names_parameters(const char *method)
{
	static const char *const parameters[] = {
#define METHOD(type, name, parameters, arguments, doc) #parameters,
#define NET_METHOD				       METHOD
#include "script/methods.def"
#undef METHOD
	};

	for (size_t i = 0; names_methods[i]; i++)
		if (strcmp(names_methods[i], method) == 0)
			return parameters[i];
	return NULL;
}
