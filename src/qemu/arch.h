/* arch.h - guests' processors: a row each, with all that QEMU and a kernel are told for one only
 *
 * Another processor is another arch_NAME.c and its line in arch.c; what its
 * kernel files look like is image/kernel.h's, and what our own code must know
 * of the processor that it is compiled for is base/cpu.h's.
 */
#ifndef QEMU_ARCH_H
#define QEMU_ARCH_H

#include "qemu/accel.h"

/**
 * struct arch - A processor
 * @name:	As uname -m prints it
 * @qemu:	The name of QEMU's binary
 * @package:	Debian's package with that binary
 * @machine:	Value of -machine: the board, with all off that no driver of ours needs
 * @headless:	What of it is off as well when there is no screen and no keyboard
 * @screen, @keyboard: Devices for machines that have them
 * @bus:	What virtio devices are on: the end of their names ("pci" of "virtio-net-pci")
 * @cpu:	Value of -cpu for each accelerator, when the script gives none
 * @console:	The kernel's name for the first -serial
 * @kernel_words: What its kernels are told beside what all are (command.c)
 * @wake:	Commands of QEMU's monitor that put right what the firmware has not after a sleep (machine/waking.h),
 *		with a NULL at the end; or NULL for none
 * @wake_save, @wake_restore: The command that tells what those change and must not, and the one, but for a value,
 *		that puts it back
 * @canary:	Tells whether KVM runs guests of it; NULL when the host is another processor
 */
struct arch {
	const char *name;
	const char *qemu, *package;
	const char *machine, *headless, *bus;
	const char *screen, *keyboard;
	const char *cpu[ACCEL_KINDS];
	const char *console, *kernel_words;
	const char *const *wake;
	const char *wake_save, *wake_restore;
	const struct canary_loop *canary;
};

extern const struct arch arch_x86_64;

/* Return: the row of the processor that vmtap is compiled for, which is the guests' too. */
const struct arch *arch_host(void);

#endif
