/* arch_x86_64.c - guests on x86-64
 *
 * Theory of operation
 *
 * q35 with everything off that no driver of ours needs: each device costs a
 * PCI probe in the guest, and under TCG every probe is interpreted. `microvm`
 * would be smaller but hangs under TCG when the host is busy (TSC calibration).
 *
 * Under TCG `max` costs 0.4 to 1 s of a boot (5-level paging, SMAP, PKU are
 * emulated in every page walk); qemu64 with what x86-64-v2 userlands expect is
 * enough.
 *
 * A screen is both a VGA, whose text mode any kernel shows its console in, and a
 * virtio-gpu, for kernels with its driver and for X. So there are two keyboards,
 * too: the PS/2 one has its driver in every distribution's kernel; QEMU gives
 * keys to the virtio one from when a guest has a driver for that.
 *
 * The kernel is told that there is no timer to check, no keyboard controller
 * to probe, and no better clock to check the TSC with; `reboot=t` resets by a
 * triple fault, which needs no device.
 */
#include "qemu/arch.h"

#if defined(__x86_64__)
#include <linux/kvm.h>
#include <sys/ioctl.h>

/* xor cx,cx; loop $ (65,536 times); hlt */
static const uint8_t loop_code[] = {0x31, 0xC9, 0xE2, 0xFE, 0xF4};

/* In real mode, as a vCPU starts. */
static int enter_loop(int vcpu, uint64_t at)
{
	struct kvm_sregs sregs;
	struct kvm_regs regs = {.rip = at, .rflags = 2};

	/* musl's ioctl() takes an int, and this request has its top bit set. */
	if (ioctl(vcpu, (int)KVM_GET_SREGS, &sregs) < 0)
		return -1;
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0)
		return -1;
	return ioctl(vcpu, KVM_SET_REGS, &regs);
}

static const struct canary_loop loop = {
	.code = loop_code,
	.size = sizeof(loop_code),
	.enter = enter_loop,
	.exit_reason = KVM_EXIT_HLT,
};
#define CANARY &loop
#else
#define CANARY NULL
#endif

/*
 * Of the LPC bridge, by its place in the configuration space: where power management is, that it is on, and where the
 * root complex has its registers; then that ACPI has its interrupt. As SeaBIOS has them (src/fw/dev-q35.h, src/fw/pciinit.c).
 */
static const char *const wake[] = {
	"o /w 0xcf8 0x8000f840", "o /w 0xcfc 0x601",
	"o /w 0xcf8 0x8000f844", "o /b 0xcfc 0x80",
	"o /w 0xcf8 0x8000f8f0", "o /w 0xcfc 0xfed1c001",
	"o /h 0x604 0x1",
	NULL,
};

const struct arch arch_x86_64 = {
	.name = "x86_64",
	.qemu = "qemu-system-x86_64",
	.package = "qemu-system-x86",
	.machine = "q35,hpet=off,vmport=off,smbus=off,sata=off,usb=off",
	.headless = ",i8042=off,graphics=off",
	.screen = "virtio-vga,xres=1024,yres=768",
	.keyboard = "virtio-keyboard-pci",
	.bus = "pci-non-transitional", /* a BAR fewer each: QEMU rebuilds its maps whenever one is moved, in milliseconds */
	.cpu = {
		[ACCEL_TCG] = "qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+rdrand,-svm",
		[ACCEL_KVM] = "host",
	},
	.console = "ttyS0",
	.kernel_words = "reboot=t no_timer_check i8042.noaux=1 i8042.nomux=1 i8042.nopnp=1 i8042.dumbkbd=1 tsc=reliable",
	.wake = wake,
	.wake_save = "i /w 0xcf8",
	.wake_restore = "o /w 0xcf8",
	.canary = CANARY,
};
