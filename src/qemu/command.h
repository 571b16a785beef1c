/* command.h - a machine's description to QEMU's command line, and nothing else */
#ifndef QEMU_COMMAND_H
#define QEMU_COMMAND_H

#include <stddef.h>
#include <stdint.h>

#include "qemu/arch.h"

#define COMMAND_NICS_MAX  8  /* network cards of a machine */
#define COMMAND_DISKS_MAX 8  /* disks of a machine */
#define COMMAND_BASES_MAX 2 /* files that a frozen machine is mapped from besides its own (vendor/qemu/frozen.h) */
#define COMMAND_MAC_MAX	  24 /* bytes of a card's address as text, with its NUL */

/* Descriptor numbers in QEMU: what the parent passes and the command line names. */
enum command_fd {
	COMMAND_FD_QMP = 3,
	COMMAND_FD_AGENT = 4,
	COMMAND_FD_CONSOLE = 5,
	COMMAND_FD_NIC = 6, /* and the following ones */
	COMMAND_FD_STATE = COMMAND_FD_NIC + COMMAND_NICS_MAX, /* the saved state to resume from, or the file to thaw */
	COMMAND_FD_FREEZER, /* where our own QEMU is asked to freeze a machine */
	COMMAND_FD_TPM,	    /* its control channel, where QEMU does without a socket's name */
	COMMAND_FD_BASE,    /* the first base of the file to thaw, and the following ones */
	COMMAND_FD_CHANGES = COMMAND_FD_BASE + COMMAND_BASES_MAX, /* the disk that a guest changes its root on, open for both */
	COMMAND_FDS,
};

/* A TPM: its version, which decides how it is reached. */
enum tpm_kind { TPM_NONE, TPM_1_2 /* TIS */, TPM_2_0 /* CRB */ };

/**
 * struct command_disk - A disk; every pointer is borrowed
 * @id:		QEMU's name for it, another one for each disk of the machine
 * @path:	The file; NULL with @overlay: a blank disk
 * @format:	QEMU's driver for the file's format ("qcow2"), or NULL for a raw image
 * @overlay:	A qcow2 image that takes what the guest writes (overlay.h), so that @path is opened for reading only; or NULL
 * @before:	Another one, which lies between both and is only read; or NULL
 * @serial:	By which the guest finds it
 * @read_only:	For the guest; the file is then opened for reading only
 * @boots:	The firmware boots from it
 * @kernel_words: What the kernel's command line says of it, or NULL
 *
 * No other file is ever opened for a disk: what an image says that it is based on is ignored.
 */
struct command_disk {
	const char *id, *path, *format, *overlay, *before, *serial, *kernel_words;
	bool read_only, boots;
};

/* A network card. @mac: "52:54:00:..." */
struct command_nic {
	char mac[COMMAND_MAC_MAX];
};

/**
 * struct command - All that shapes a machine; every pointer is borrowed
 * @arch:	The guest's processor
 * @binary:	QEMU
 * @sandbox:	QEMU takes confine_sandbox (confine.h)
 * @kernel:	What QEMU loads itself; NULL: the firmware boots from a disk
 * @firmware:	Code of UEFI, or NULL for the board's own BIOS; @variables: a copy of its own
 * @memory:	MiB
 * @cpu:	QEMU CPU model, or NULL for the accelerator's default
 * @words, @append: Added to the kernel command line, in this order, or NULL
 * @disks:	The first @ndisks
 * @nics:	The first @nnics
 * @ram:	File that holds the guest's memory, or NULL for memory of its own
 * @ram_shared:	Writes go to @ram (a template in the making), else to a private copy
 * @incoming:	Do not boot: wait for QMP's migrate-incoming
 * @freezer:	It can be frozen into a file (freezer.h)
 * @virtual_clock: Time is what was executed, and jumps to the next timer when nothing is; with ACCEL_TCG only
 * @display:	A screen and a keyboard
 * @tpm:	A TPM, behind COMMAND_FD_TPM
 * @changes:	A disk for what the guest changes of its root: COMMAND_FD_CHANGES
 * @extra:	NULL-terminated arguments added at the end, or NULL
 */
struct command {
	const struct arch *arch;
	const char *binary;
	enum accel_kind accel;
	bool sandbox;
	const char *name;
	int memory, cpus;
	const char *cpu;
	const char *kernel, *initrd, *words, *append;
	const char *firmware, *variables;
	size_t ndisks, nnics;
	struct command_disk disks[COMMAND_DISKS_MAX];
	struct command_nic nics[COMMAND_NICS_MAX];
	const char *ram;
	bool ram_shared, incoming, freezer, virtual_clock, display, changes;
	enum tpm_kind tpm;
	char *const *extra;
};

/**
 * command_initrd_top() - Where in a guest's memory its initramfs must end
 *
 * QEMU puts it 160 KiB below the end of the memory under 4 GiB, where it takes the
 * ACPI tables to be; but with a TPM's log, of 64 KiB, they begin lower, and are
 * overwritten (hw/i386/x86.c and pc.c's acpi_data_size, in 7.2 as in 9.2).
 *
 * Return: an address, or 0: QEMU's own choice is right
 */
uint32_t command_initrd_top(enum tpm_kind tpm, int memory);

/**
 * command_argv() - Write the command line
 *
 * Pure: the same description gives the same arguments, and nothing is looked
 * up or opened. Works with QEMU 7.2 and newer. A `-sandbox` in @c->extra takes
 * the place of ours: QEMU would obey both.
 *
 * Return: NULL-terminated array that the caller frees with command_argv_free()
 */
char **command_argv(const struct command *c);

/*
 * The command line of a machine that is thawed from the file that QEMU has as COMMAND_FD_STATE, which has so many bases;
 * freed like the other. @name: only for those who look at processes
 */
char **command_thaw(const char *binary, const char *name, int bases);
void command_argv_free(char **argv);

#endif
