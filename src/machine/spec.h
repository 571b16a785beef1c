/* spec.h - what a world is made of: the declarations, resolved
 *
 * Pure data. The runner fills it before the world's process is forked, so a
 * missing image or a bad subnet is known without any machine.
 */
#ifndef MACHINE_SPEC_H
#define MACHINE_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/glimpse.h"
#include "net/address.h"
#include "qemu/accel.h"
#include "qemu/command.h"

#define SPEC_MACHINES_MAX 64
#define SPEC_NETS_MAX	   16

/**
 * struct net_spec - A network
 */
struct net_spec {
	const char *name;
	struct subnet subnet;
	int mtu;
};

/**
 * struct spec_disk - A disk of a machine; every text is owned
 * @path:	The file; NULL: it is blank
 * @format:	QEMU's word for the file's format: "raw"
 * @serial:	By which the agent finds it (wire/boot.h)
 * @read_only:	For the guest, too
 * @size:	Bytes of a disk that the machine writes to in a file of its own, which goes with it (disks.h), so that
 *		@path is never written; or 0
 */
struct spec_disk {
	char *path, *format, *serial;
	bool read_only;
	uint64_t size;
};

/**
 * struct machine_spec - A machine
 * @broken:	Why it cannot be booted ("cannot open 'web.tar': ..."), or NULL; owned
 * @prepared:	What it boots from is known
 * @kernel:	As guest_prepare() resolved it; owned, and so are @initrd and the disks. NULL: the machine boots from its
 *		first disk, by its firmware
 * @words:	What the kernel is told besides, before @append, or NULL
 * @firmware, @variables: Of UEFI (qemu/firmware.h), static; NULL: a BIOS
 * @memory:	MiB
 * @nets:	Indices into the world's networks, in the order of its cards
 * @extra:	Further QEMU arguments, NULL-terminated, or NULL
 * @provision:	Shell text to run once, when the machine has first booted, or NULL
 * @ready:	What counts as booted (wire/ready.h), or NULL
 * @cold:	Always boot, never from a template
 * @virtual_clock: It is emulated, and its time jumps to the next timer whenever its processors are idle
 * @display:	It has a screen and a keyboard
 * @tpm:	Its TPM
 * @changes:	MiB of the disk that what is changed of its root goes to; 0: it goes to memory
 * @keep:	That disk stays what it is when the machine is started again
 * @may_reboot:	Its guest may do so by itself
 */
struct machine_spec {
	const char *name, *hostname;
	char *broken;
	bool prepared;
	char *kernel, *initrd, *words;
	const char *firmware, *variables;
	struct spec_disk disks[COMMAND_DISKS_MAX];
	size_t ndisks;
	const char *append, *cpu, *provision, *ready;
	int memory, cpus;
	int nets[COMMAND_NICS_MAX];
	size_t nnets;
	char *const *extra;
	bool cold, virtual_clock, display, keep, may_reboot;
	enum tpm_kind tpm;
	long changes;
};

/**
 * struct spec_visits - People who come to the machines (world/visitors.h)
 * @title:	What they are told that this is: the test's name
 * @script:	Path of its script, or NULL
 * @seconds:	For how long it is waited for them; 0: no limit
 * @keep:	A failed test's machines stay for them
 * @keep_infra:	... also when the infrastructure has failed the test
 * @permits:	A pipe that does not block: each byte lets one world of the run be kept
 * @most:	How many bytes there were
 */
struct spec_visits {
	const char *title, *script;
	double seconds;
	bool keep, keep_infra;
	int permits, most;
};

/**
 * struct spec - All of it
 * @qemu:	Path of the binary, or NULL when there is none
 * @qemu_missing: What to say then
 * @sandbox:	QEMU can filter its own system calls here (qemu/confine.h)
 * @freezer:	QEMU can freeze machines that are emulated (qemu/freezer.h)
 * @store:	The cache folder, for templates
 * @finish_later: Somebody else has templates finished (template_finish()); until then what there is of them is copied
 * @cold:	No templates at all
 * @record:	Calls and consoles are kept for a report, and of machines in a failed test the journal
 * @pictures:	So are the pictures of screens that the script takes
 * @check_health: Machines are asked at the end whether all is well; @health: what of that is allowed not to be, or NULL
 * @seed:	What networks draw by, see net/faults.h
 * @layer:	Folder of what setup left (layer.h), where the machines that it used begin; or NULL
 * @save_to:	Folder where this world, which runs a setup, leaves its machines; or NULL
 * @doing:	Where the world says which call it sees through, for a person who waits; or NULL
 * @visits:	Who may come
 * @boot_timeout: Seconds from QEMU's start to a usable machine, already scaled
 * @call_timeout: Seconds for one call, already scaled
 * @test_timeout: Seconds for the whole test, already scaled
 */
struct spec {
	const struct accel *accel;
	const char *qemu, *qemu_missing;
	bool sandbox, freezer, finish_later;
	const char *store;
	bool cold, record, pictures, check_health;
	const char *health;
	uint64_t seed;
	const char *layer, *save_to;
	struct glimpse *doing;
	struct machine_spec *machines;
	size_t nmachines;
	struct net_spec *nets;
	size_t nnets;
	struct spec_visits visits;
	double boot_timeout, call_timeout, test_timeout;
};

/**
 * spec_command() - QEMU's description of a machine
 * @generic:	As its template is made: with no identity of its own
 */
void spec_command(const struct spec *w, size_t index, bool generic, struct command *out);

/* Add a disk; the texts are copied. */
void spec_add_disk(struct machine_spec *m, const struct spec_disk *d);

/* Return: whether its firmware boots it from its first disk. */
bool spec_boots_itself(const struct machine_spec *m);

/* The MAC address of card @card in a template: what a copy has until it is told its own. */
void spec_generic_mac(size_t card, char out[ADDRESS_TEXT]);

/**
 * spec_hosts() - Lines for /etc/hosts that name every machine
 *
 * Each has its host name, the same with the network's name after a dot, and, as
 * long as no other machine is called so, the part of its host name before the
 * first dot and its name in the script.
 *
 * Return: the lines, which the caller frees
 */
char *spec_hosts(const struct spec *w);

#endif
