/* canary.c - does /dev/kvm really accelerate? A guest loop and a stopwatch
 *
 * Theory of operation
 *
 * A module can offer /dev/kvm and the whole API without hardware behind it
 * (kvm_pvm, nested setups): QEMU aborts under it or a stock kernel hangs for
 * ever, while TCG would have booted in two seconds. API checks do not notice.
 * Time does: 65,536 iterations of a loop of one instruction take
 * 0.1 ms on hardware and tens of milliseconds where instructions are emulated.
 * Booting a real kernel as the canary was rejected: it costs seconds exactly
 * where the answer is no.
 */
#include "qemu/canary.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/proc.h"

#define TRIES	   3	  /* a host that has better things to do may be slow once */
#define GUEST_PAGE 4096
#define GUEST_CODE 0x1000 /* guest physical address of the loop */

static struct canary fell(enum canary_rung rung)
{
	return (struct canary){.rung = rung, .error = errno};
}

static struct canary time_loop(int vcpu, struct kvm_run *run, uint64_t limit_us, const struct canary_loop *loop)
{
	uint64_t best = UINT64_MAX;

	for (int i = 0; i < TRIES && best > limit_us; i++) {
		uint64_t start = clock_now();
		int r = loop->enter(vcpu, GUEST_CODE) < 0 ? -1 : ioctl(vcpu, KVM_RUN, 0);
		uint64_t us = (clock_now() - start) / 1000;

		if (r < 0 || run->exit_reason != loop->exit_reason)
			return fell(CANARY_STUCK);
		best = us < best ? us : best;
	}
	return (struct canary){.rung = best > limit_us ? CANARY_SLOW : CANARY_GOOD, .us = best};
}

/* Everything behind open(): create a VM with one page and one vCPU, run the loop. */
static struct canary climb(int kvm, uint64_t limit_us, const struct canary_loop *loop)
{
	void *page = mmap(NULL, GUEST_PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct kvm_userspace_memory_region region = {
		.guest_phys_addr = GUEST_CODE,
		.memory_size = GUEST_PAGE,
		.userspace_addr = (uintptr_t)page,
	};
	struct kvm_run *run;
	int vm, vcpu, size;

	if (ioctl(kvm, KVM_GET_API_VERSION, 0) != KVM_API_VERSION)
		return fell(CANARY_NOT_KVM);
	if (page == MAP_FAILED)
		return fell(CANARY_NO_VM);
	memcpy(page, loop->code, loop->size);
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	if (vm < 0 || ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region) < 0)
		return fell(CANARY_NO_VM);
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	size = ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (vcpu < 0 || size <= 0)
		return fell(CANARY_NO_VM);
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED)
		return fell(CANARY_NO_VM);
	return time_loop(vcpu, run, limit_us, loop);
}

/* Wait for the child's verdict; what does not come in time is CANARY_STUCK. */
static struct canary collect(int fd, pid_t pid)
{
	struct canary result = {.rung = CANARY_STUCK};

	if (fd_await(fd, clock_now() + CANARY_KILL_MS * NS_PER_MS) &&
	    fd_read_full(fd, &result, sizeof(result)) != (ssize_t)sizeof(result))
		result = (struct canary){.rung = CANARY_STUCK};
	proc_end(pid, -1, NULL);
	return result;
}

struct canary canary_run(const char *device, uint64_t limit_us, const struct canary_loop *loop)
{
	cleanup_fd int kvm = open(device, O_RDWR | O_CLOEXEC);
	cleanup_fd int in = -1, out = -1;
	struct canary result;
	int fds[2];
	pid_t pid;

	if (kvm < 0 && (errno == ENOENT || errno == ENODEV || errno == ENXIO))
		return fell(CANARY_NO_DEVICE);
	if (kvm < 0 && (errno == EACCES || errno == EPERM))
		return fell(CANARY_FORBIDDEN);
	if (kvm < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return fell(CANARY_NOT_KVM);
	in = fds[0];
	out = fds[1];
	pid = proc_fork();
	if (pid < 0)
		return fell(CANARY_STUCK);
	if (pid == 0) {
		result = climb(kvm, limit_us, loop);
		_exit(fd_write_all(out, &result, sizeof(result)) < 0);
	}
	fd_close(&out);
	return collect(in, pid);
}
