/* freezer.h - whether a QEMU can freeze its machine into a file: ours can (vendor/qemu/frozen.h) */
#ifndef QEMU_FREEZER_H
#define QEMU_FREEZER_H

#include <stdbool.h>

#include "base/sha256.h"

/**
 * freezer_works() - Tell whether QEMU has the device that command_argv()'s @freezer stands for
 * @state_dir:	Where the answer is remembered until the host reboots (may not exist)
 * @qemu:	Absolute path of the binary
 *
 * As confine_sandbox_works(): starts QEMU once, which ends before it is one.
 */
bool freezer_works(const char *state_dir, const char *qemu);

/* Feed what this processor can do and which kernel runs, on which it depends whether a frozen machine can be thawed here. */
void freezer_add_host(struct sha256 *key);

#endif
