/* accel.h - KVM or TCG: the choice and its reason */
#ifndef QEMU_ACCEL_H
#define QEMU_ACCEL_H

#include <stdbool.h>

#include "base/err.h"
#include "qemu/canary.h"

enum accel_kind { ACCEL_TCG, ACCEL_KVM, ACCEL_KINDS };

/* Indexed by enum accel_kind: "tcg", "kvm". */
extern const char *const accel_names[ACCEL_KINDS];

#define ACCEL_TEXT_MAX 320 /* bytes of a reason */

/**
 * struct accel - What machines run on
 * @reason:	Why: "KVM works here (0.1 ms)", "/dev/kvm is there but does not accelerate: ..."
 * @hint:	What would bring KVM, or ""
 * @demanded:	"kvm" was asked for: no falling back later either
 * @slow:	Factor on every default deadline: 1 for KVM, 4 for TCG, or VMTAP_SLOW
 */
struct accel {
	enum accel_kind kind;
	bool demanded;
	char reason[ACCEL_TEXT_MAX];
	char hint[ACCEL_TEXT_MAX];
	double slow;
};

/**
 * accel_choose() - Climb the ladder: the device, its API, a machine of it, and the canary
 * @wanted:	"auto", "kvm", "tcg"; NULL takes VMTAP_ACCEL, else "auto"
 * @state_dir:	Where a verdict against KVM is remembered until the host reboots (remember.h; may not exist)
 * @err:	"kvm" was demanded and does not work, or the word is unknown
 *
 * VMTAP_KVM names another device than /dev/kvm; VMTAP_CANARY_MS sets another
 * limit for the canary, for hosts that are slow but sound.
 *
 * Return: 0, or -1
 */
int accel_choose(const char *wanted, const char *state_dir, struct accel *out, struct err *err);

/**
 * accel_check() - Tell whether accel_choose() would understand what it is given
 * @wanted:	As for accel_choose()
 * @err:	The word, VMTAP_SLOW or VMTAP_CANARY_MS makes no sense
 *
 * Touches no device: a wrong command line is told before anything is tried.
 *
 * Return: 0, or -1
 */
int accel_check(const char *wanted, struct err *err);

/**
 * accel_remember_failure() - QEMU died or the guest stayed silent under KVM
 *
 * Writes @why for this boot of the host, so that the next run goes straight
 * to TCG; and turns @a into TCG now. A state folder that cannot be written
 * only costs the next run its retry.
 */
void accel_remember_failure(struct accel *a, const char *state_dir, const char *why);

/* Let the next accel_choose() measure KVM again, instead of recalling that it was slow since the host booted. */
void accel_forget_canary(const char *state_dir);

/**
 * accel_explain() - The canary's verdict in words
 *
 * Pure. Sets @a's kind, reason, hint and default slowness.
 */
void accel_explain(struct accel *a, const char *device, const struct canary *c);

#endif
