/* spec.h - what a world is made of: the declarations, resolved
 *
 * Pure data. The runner fills it before the world's process is forked, so a
 * missing image or a bad subnet is known without any machine.
 */
#ifndef WORLD_SPEC_H
#define WORLD_SPEC_H

#include <stddef.h>

#include "net/address.h"
#include "qemu/accel.h"
#include "qemu/command.h"

#define WORLD_MACHINES_MAX 64
#define WORLD_NETS_MAX	   16

/**
 * struct net_spec - A network
 */
struct net_spec {
	const char *name;
	struct subnet subnet;
	int mtu;
};

/**
 * struct machine_spec - A machine
 * @broken:	Why it cannot be booted ("cannot open 'web.tar': ..."), or NULL; owned
 * @kernel:	As guest_prepare() resolved them; owned, and so are the next three
 * @memory:	MiB
 * @nets:	Indices into the world's networks, in the order of its cards
 * @extra:	Further QEMU arguments, NULL-terminated, or NULL
 */
struct machine_spec {
	const char *name, *hostname;
	char *broken;
	char *kernel, *initrd, *root, *modules;
	const char *append, *cpu;
	int memory, cpus;
	int nets[COMMAND_NICS_MAX];
	size_t nnets;
	char *const *extra;
};

/**
 * struct world_spec - All of it
 * @qemu:	Path of the binary, or NULL when there is none
 * @qemu_missing: What to say then
 * @boot_timeout: Seconds from QEMU's start to a usable machine, already scaled
 * @call_timeout: Seconds for one call, already scaled
 * @test_timeout: Seconds for the whole test, already scaled
 */
struct world_spec {
	const struct accel *accel;
	const char *qemu, *qemu_missing;
	struct machine_spec *machines;
	size_t nmachines;
	struct net_spec *nets;
	size_t nnets;
	double boot_timeout, call_timeout, test_timeout;
};

/* Fill in QEMU's description of machine @index. @macs is storage for the cards' addresses. */
void spec_command(const struct world_spec *w, size_t index, char macs[COMMAND_NICS_MAX][ADDRESS_TEXT],
		  struct command *out);

/* Return: lines for /etc/hosts that name every machine; the caller frees it. */
char *spec_hosts(const struct world_spec *w);

#endif
