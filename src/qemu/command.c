/* command.c - a machine's description to QEMU's command line, and nothing else
 *
 * Theory of operation
 *
 * q35 with everything off that no driver of ours needs: each device costs a
 * PCI probe in the guest, and under TCG every probe is interpreted. `microvm`
 * would be smaller but hangs under TCG when the host is busy (TSC calibration).
 * The kernel is loaded by QEMU itself; there is no boot loader.
 *
 * The kernel command line keeps the console quiet but lets a panic through,
 * ends QEMU on a panic (`panic=-1` with `-no-reboot`), and leaves out probes
 * for hardware that is not there. `nokaslr` lets TCG reuse translations and
 * makes addresses repeat; `mitigations=off` because the guest is ours, and for
 * the same reason the kernel's other hardening is off (a twelfth of a boot).
 * `nowatchdog` and `tsc=reliable`: a guest that stands still with its host is
 * no lockup, and there is no better clock to check the TSC with. `psi=0`: every
 * switch between tasks would be booked (.append turns it on again).
 * Interface names stay eth0, eth1, ... in the order of the networks.
 */
#include "qemu/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "wire/boot.h"

#define ARGS_MAX 128

/*
 * Under TCG `max` costs 0.4 to 1 s of a boot (5-level paging, SMAP, PKU are
 * emulated in every page walk); qemu64 with what x86-64-v2 userlands expect is enough.
 */
static const char *const default_cpu[ACCEL_KINDS] = {
	"qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+rdrand,-svm",
	"host",
};

static const char *const accel_options[ACCEL_KINDS] = {
	"tcg,tb-size=128", /* MiB; the default, 1/8 of RAM, does not suit several guests */
	"kvm",
};

static const char kernel_options[] =
	"console=ttyS0 quiet panic=-1 reboot=t nokaslr mitigations=off no_timer_check cryptomgr.notests "
	"i8042.noaux=1 i8042.nomux=1 i8042.nopnp=1 i8042.dumbkbd=1 net.ifnames=0 audit=0 random.trust_cpu=on "
	"rcupdate.rcu_expedited=1 nowatchdog tsc=reliable psi=0 init_on_alloc=0 hardened_usercopy=off "
	"randomize_kstack_offset=off";

/*
 * Without udev in the image a getty on ttyS0 would hold default.target up for
 * 90 s waiting for its device; with udev it would only cost time.
 */
static const char root_options[] = " " BOOT_ROOT "=" BOOT_ROOT_SERIAL " systemd.getty_auto=no";

struct args {
	char **v;
	size_t n;
};

static void add(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct args *a, const char *fmt, ...)
{
	struct buf b = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	if (a->n < ARGS_MAX - 1)
		a->v[a->n++] = buf_steal(&b);
}

static void add_option(struct args *a, const char *option, const char *value)
{
	add(a, "%s", option);
	add(a, "%s", value);
}

/* QEMU's option parser reads ",," as a comma. Return: the caller frees it. */
static char *escape_commas(const char *path)
{
	struct buf b = {0};

	for (; *path; path++) {
		buf_addc(&b, *path);
		if (*path == ',')
			buf_addc(&b, ',');
	}
	return buf_steal(&b);
}

static void add_ram(struct args *a, const struct command *c)
{
	cleanup_free char *file = escape_commas(c->ram);

	add(a, "-object");
	add(a, "memory-backend-file,id=ram,size=%dM,mem-path=%s,share=%s", c->memory, file,
	    c->ram_shared ? "on" : "off");
}

static void add_machine(struct args *a, const struct command *c)
{
	add_option(a, "-name", c->name);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add_option(a, "-display", "none");
	add(a, "-no-reboot");
	add(a, "-machine");
	add(a, "q35,hpet=off,vmport=off,smbus=off,sata=off,usb=off,i8042=off,graphics=off%s",
	    c->ram ? ",memory-backend=ram" : "");
	if (c->ram)
		add_ram(a, c);
	if (c->incoming)
		add_option(a, "-incoming", "defer");
	add_option(a, "-accel", accel_options[c->accel]);
	add_option(a, "-cpu", c->cpu ? c->cpu : default_cpu[c->accel]);
	add(a, "-m");
	add(a, "%d", c->memory);
	add(a, "-smp");
	add(a, "%d", c->cpus);
}

static void add_kernel(struct args *a, const struct command *c)
{
	add_option(a, "-kernel", c->kernel);
	add_option(a, "-initrd", c->initrd);
	add(a, "-append");
	add(a, "%s%s%s%s%s", kernel_options, c->root ? root_options : "",
	    c->modules ? " " BOOT_MODULES "=" BOOT_MODULES_SERIAL : "", c->append ? " " : "",
	    c->append ? c->append : "");
}

static void add_channels(struct args *a)
{
	add(a, "-chardev");
	add(a, "socket,id=qmp,fd=%d", COMMAND_FD_QMP);
	add_option(a, "-mon", "chardev=qmp,mode=control");
	add(a, "-chardev");
	add(a, "socket,id=console,fd=%d", COMMAND_FD_CONSOLE);
	add_option(a, "-serial", "chardev:console");
	add_option(a, "-device", "virtio-serial-pci,max_ports=2");
	add(a, "-chardev");
	add(a, "socket,id=agent,fd=%d", COMMAND_FD_AGENT);
	add_option(a, "-device", "virtserialport,chardev=agent,name=" BOOT_PORT_NAME);
	add_option(a, "-device", "virtio-rng-pci");
}

static void add_disk(struct args *a, const char *id, const char *path, const char *serial)
{
	cleanup_free char *file = NULL;

	if (!path)
		return;
	file = escape_commas(path);
	add(a, "-blockdev");
	add(a, "driver=file,node-name=%s,filename=%s,read-only=on,auto-read-only=off", id, file);
	add(a, "-device");
	add(a, "virtio-blk-pci,drive=%s,serial=%s", id, serial);
}

static void add_nics(struct args *a, const struct command *c)
{
	for (size_t i = 0; i < c->nics; i++) {
		add(a, "-netdev");
		add(a, "dgram,id=net%zu,local.type=fd,local.str=%zu", i, COMMAND_FD_NIC + i);
		add(a, "-device");
		add(a, "virtio-net-pci,netdev=net%zu,mac=%s,romfile=,guest_announce=off", i, c->macs[i]);
	}
}

char **command_argv(const struct command *c)
{
	struct args a = {.v = xcalloc(ARGS_MAX, sizeof(char *))};

	add(&a, "%s", c->binary);
	add_machine(&a, c);
	add_kernel(&a, c);
	add_channels(&a);
	add_disk(&a, "root", c->root, BOOT_ROOT_SERIAL);
	add_disk(&a, "modules", c->modules, BOOT_MODULES_SERIAL);
	add_nics(&a, c);
	for (char *const *e = c->extra; e && *e; e++)
		add(&a, "%s", *e);
	return a.v;
}

void command_argv_free(char **argv)
{
	for (char **p = argv; p && *p; p++)
		free(*p);
	free(argv);
}
