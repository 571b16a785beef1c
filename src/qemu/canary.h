/* canary.h - does /dev/kvm really accelerate? A guest loop and a stopwatch */
#ifndef QEMU_CANARY_H
#define QEMU_CANARY_H

#include <stddef.h>
#include <stdint.h>

/* How far up the ladder KVM came. The order is the ladder's. */
enum canary_rung {
	CANARY_NO_DEVICE,     /* open: ENOENT, ENODEV, ENXIO */
	CANARY_FORBIDDEN,     /* open: EACCES, EPERM */
	CANARY_NOT_KVM,	      /* KVM_GET_API_VERSION is not 12, or open failed otherwise */
	CANARY_NO_VM,	      /* KVM_CREATE_VM or its memory or vCPU was refused */
	CANARY_STUCK,	      /* the loop did not end within CANARY_KILL_MS, or its process died */
	CANARY_SLOW,	      /* the loop ended, but no hardware is that slow */
	CANARY_GOOD,
	CANARY_RUNGS,
};

/**
 * struct canary - The verdict
 * @error:	errno of the rung that failed, 0 if none
 * @us:		What the loop took (CANARY_SLOW and CANARY_GOOD), in microseconds
 */
struct canary {
	enum canary_rung rung;
	int error;
	uint64_t us;
};

/**
 * struct canary_loop - A guest of a few bytes that takes its time, for one processor (arch.h)
 * @code:	@size bytes: 65,536 turns of an instruction, then what ends KVM_RUN
 * @enter:	Set the registers of a new or ended vCPU so that it starts at address @at; 0, or -1 with errno
 * @exit_reason: What struct kvm_run says then
 */
struct canary_loop {
	const uint8_t *code;
	size_t size;
	int (*enter)(int vcpu, uint64_t at);
	uint32_t exit_reason;
};

/* Past this the loop counts as emulated: hardware takes well under 1 ms, kvm_pvm 28 ms. */
#define CANARY_LIMIT_US 5000
#define CANARY_KILL_MS	2000

/**
 * canary_run() - Climb the ladder up to a loop that is timed
 * @device:	Path of the KVM device, "/dev/kvm"
 * @limit_us:	CANARY_LIMIT_US, or more to trust a slow host
 * @loop:	The host's processor's
 *
 * The guest code runs in a child process of its own, which is killed after
 * CANARY_KILL_MS: a KVM module that hangs takes nothing else with it.
 */
struct canary canary_run(const char *device, uint64_t limit_us, const struct canary_loop *loop);

#endif
