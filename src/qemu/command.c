/* command.c - a machine's description to QEMU's command line, and nothing else
 *
 * Theory of operation
 *
 * Only what drivers of ours need: each device costs a probe in the guest, and
 * under TCG every probe is interpreted. What differs between processors is in
 * their rows (arch.h). The kernel is loaded by QEMU itself; there is no boot
 * loader.
 *
 * The kernel command line keeps the console quiet but lets a panic through,
 * ends QEMU on a panic (`panic=-1` with `-no-reboot`), and leaves out probes
 * for hardware that is not there. `nokaslr` lets TCG reuse translations and
 * makes addresses repeat; `mitigations=off` because the guest is ours, and for
 * the same reason the kernel's other hardening is off (a twelfth of a boot).
 * `nowatchdog`: a guest that stands still with its host is no lockup. `psi=0`:
 * every switch between tasks would be booked (.append turns it on again).
 * Interface names stay eth0, eth1, ... in the order of the networks.
 */
#include "qemu/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "qemu/confine.h"
#include "wire/boot.h"

static const char *const accel_options[ACCEL_KINDS] = {
	[ACCEL_TCG] = "tcg,tb-size=128", /* MiB; the default, 1/8 of RAM, does not suit several guests */
	[ACCEL_KVM] = "kvm",
};

static const char kernel_options[] =
	"quiet panic=-1 nokaslr mitigations=off cryptomgr.notests noreplace-smp net.ifnames=0 audit=0 random.trust_cpu=on "
	"rcupdate.rcu_expedited=1 nowatchdog psi=0 init_on_alloc=0 hardened_usercopy=off randomize_kstack_offset=off";

#define LOW_MAX	   2048 /* MiB below 4 GiB that q35 has at least, when it has more */
#define TABLES_MIB 1	/* at the end of those: firmware's tables, of 200 KiB */

/* An instruction takes 2^3 ns, about as long as translated ones take here, so that a busy guest's time goes like the host's. */
static const char virtual_clock[] = "shift=3,sleep=off";

/* Time jumps from timer to timer: without the kernel's own ones, twice and once a second, a day takes seconds. */
static const char without_timers[] = " sysctl.vm.compaction_proactiveness=0 sysctl.vm.stat_interval=86400";

/* ---- the array ---- */

/* @v has room for @cap pointers and ends with a NULL. */
struct args {
	char **v;
	size_t n, cap;
};

static void add(struct args *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct args *a, const char *fmt, ...)
{
	struct buf b = {0};
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	if (a->n + 1 >= a->cap) {
		a->cap = a->cap ? a->cap * 2 : 64;
		a->v = xrealloc(a->v, a->cap * sizeof(*a->v));
	}
	a->v[a->n++] = buf_steal(&b);
	a->v[a->n] = NULL;
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

/* Whether an argument is "-NAME" or "--NAME": QEMU takes both. */
static bool has_option(char *const *args, const char *name)
{
	for (; args && *args; args++)
		if (**args == '-' && strcmp(*args + strspn(*args, "-"), name) == 0)
			return true;
	return false;
}

/* ---- the parts ---- */

static void add_ram(struct args *a, const struct command *c)
{
	cleanup_free char *file = escape_commas(c->ram);

	add(a, "-object");
	add(a, "memory-backend-file,id=ram,size=%dM,mem-path=%s,share=%s", c->memory, file,
	    c->ram_shared ? "on" : "off");
}

/* A flash chip of two: the program, and what it keeps from one boot to the next. */
static void add_firmware(struct args *a, const struct command *c)
{
	cleanup_free char *code = escape_commas(c->firmware), *variables = escape_commas(c->variables);

	add(a, "-blockdev");
	add(a, "driver=file,node-name=firmware,filename=%s,read-only=on,auto-read-only=off", code);
	add(a, "-blockdev");
	add(a, "driver=file,node-name=variables,filename=%s,read-only=off,auto-read-only=off", variables);
}

static void add_machine(struct args *a, const struct command *c)
{
	add_option(a, "-name", c->name);
	if (c->sandbox && !has_option(c->extra, "sandbox"))
		add_option(a, "-sandbox", confine_sandbox);
	add(a, "-nodefaults");
	add(a, "-no-user-config");
	add_option(a, "-display", "none");
	add(a, "-no-reboot");
	add(a, "-machine");
	add(a, "%s%s%s%s", c->arch->machine, c->display ? "" : c->arch->headless, c->ram ? ",memory-backend=ram" : "",
	    c->firmware ? ",pflash0=firmware,pflash1=variables" : "");
	if (c->ram)
		add_ram(a, c);
	if (c->firmware)
		add_firmware(a, c);
	if (c->incoming)
		add_option(a, "-incoming", "defer");
	add_option(a, "-accel", accel_options[c->accel]);
	if (c->virtual_clock)
		add_option(a, "-icount", virtual_clock);
	add_option(a, "-cpu", c->cpu ? c->cpu : c->arch->cpu[c->accel]);
	add(a, "-m");
	add(a, "%d", c->memory);
	add(a, "-smp");
	add(a, "%d", c->cpus);
}

static void add_kernel(struct args *a, const struct command *c)
{
	cleanup_buf struct buf words = {0};

	if (!c->kernel)
		return;
	add_option(a, "-kernel", c->kernel);
	if (c->initrd)
		add_option(a, "-initrd", c->initrd);
	buf_addf(&words, "%sconsole=%s %s %s", c->display ? "console=tty0 " : "", c->arch->console, kernel_options,
		 c->arch->kernel_words);
	for (size_t i = 0; i < c->ndisks; i++)
		if (c->disks[i].kernel_words)
			buf_addf(&words, " %s", c->disks[i].kernel_words);
	if (c->changes)
		buf_adds(&words, " " BOOT_CHANGES "=" BOOT_CHANGES_SERIAL);
	if (c->virtual_clock)
		buf_adds(&words, without_timers);
	if (c->words)
		buf_addf(&words, " %s", c->words);
	if (c->append)
		buf_addf(&words, " %s", c->append);
	add_option(a, "-append", buf_str(&words));
}

static void add_channels(struct args *a, const struct command *c)
{
	add(a, "-chardev");
	add(a, "socket,id=qmp,fd=%d", COMMAND_FD_QMP);
	add_option(a, "-mon", "chardev=qmp,mode=control");
	add(a, "-chardev");
	add(a, "socket,id=console,fd=%d", COMMAND_FD_CONSOLE);
	add_option(a, "-serial", "chardev:console");
	add(a, "-device");
	add(a, "virtio-serial-%s,max_ports=2", c->arch->bus);
	add(a, "-chardev");
	add(a, "socket,id=agent,fd=%d", COMMAND_FD_AGENT);
	add_option(a, "-device", "virtserialport,chardev=agent,name=" BOOT_PORT_NAME);
	add(a, "-device");
	add(a, "virtio-rng-%s", c->arch->bus);
	if (c->display) {
		add_option(a, "-device", c->arch->screen);
		add_option(a, "-device", c->arch->keyboard);
	}
	if (c->tpm) {
		add(a, "-chardev");
		add(a, "socket,id=tpm,fd=%d", COMMAND_FD_TPM);
		add_option(a, "-tpmdev", "emulator,id=tpm0,chardev=tpm");
		add_option(a, "-device", c->tpm == TPM_2_0 ? "tpm-crb,tpmdev=tpm0" : "tpm-tis,tpmdev=tpm0");
	}
	if (c->freezer) {
		add(a, "-device");
		add(a, "vmtap-freezer,control=%d", COMMAND_FD_FREEZER);
	}
}

/*
 * An image that only has the node's name @id in common with its disk, and @layer. A raw one is its file; another format
 * is a node on top of the file's. Only JSON can say that there is nothing below: a name in the image would count else.
 */
static void add_image(struct args *a, const struct command_disk *d, const char *layer, bool read_only)
{
	cleanup_free char *file = escape_commas(d->path);
	const char *on = read_only ? "on" : "off", *truth = read_only ? "true" : "false";

	add(a, "-blockdev");
	add(a, "driver=file,node-name=%s%s%s,filename=%s,read-only=%s,auto-read-only=off", d->id, layer,
	    d->format ? "-file" : "", file, on);
	if (!d->format)
		return;
	add(a, "-blockdev");
	add(a, "{\"driver\":\"%s\",\"node-name\":\"%s%s\",\"file\":\"%s%s-file\",\"read-only\":%s,\"backing\":null}",
	    d->format, d->id, layer, d->id, layer, truth);
}

/* What was written before, on top of the image. */
static void add_before(struct args *a, const struct command_disk *d, const char *below)
{
	cleanup_free char *file = escape_commas(d->before);

	add(a, "-blockdev");
	add(a, "driver=file,node-name=%s-before-file,filename=%s,read-only=on,auto-read-only=off", d->id, file);
	add(a, "-blockdev");
	add(a, "{\"driver\":\"qcow2\",\"node-name\":\"%s-before\",\"file\":\"%s-before-file\",\"read-only\":true,\"backing\":%s}",
	    d->id, d->id, below);
}

/* What is written goes with the machine: nothing of it need reach the disk in time (no-flush). */
static void add_overlay(struct args *a, const struct command_disk *d)
{
	cleanup_free char *file = escape_commas(d->overlay);
	cleanup_free char *image = d->path ? xasprintf("\"%s-image\"", d->id) : xstrdup("null");
	cleanup_free char *below = d->before ? xasprintf("\"%s-before\"", d->id) : xstrdup(image);

	if (d->path)
		add_image(a, d, "-image", true);
	if (d->before)
		add_before(a, d, image);
	add(a, "-blockdev");
	add(a, "driver=file,node-name=%s-file,filename=%s,cache.no-flush=on", d->id, file);
	add(a, "-blockdev");
	add(a, "{\"driver\":\"qcow2\",\"node-name\":\"%s\",\"file\":\"%s-file\",\"backing\":%s,\"cache\":{\"no-flush\":true}}",
	    d->id, d->id, below);
}

static void add_disk(struct args *a, const struct arch *arch, const struct command_disk *d)
{
	if (d->overlay)
		add_overlay(a, d);
	else
		add_image(a, d, "", d->read_only);
	add(a, "-device");
	add(a, "virtio-blk-%s,drive=%s,serial=%s%s", arch->bus, d->id, d->serial, d->boots ? ",bootindex=1" : "");
}

/*
 * QEMU is given the file open, since it has no name. It is opened anew for its own
 * locks. What the guest has flushed is in the file, which the host keeps even if
 * QEMU is killed: the power cut is one for the guest's memory.
 */
static void add_changes(struct args *a, const struct arch *arch)
{
	add(a, "-blockdev");
	add(a, "driver=file,node-name=changes,filename=/proc/self/fd/%d,discard=unmap", COMMAND_FD_CHANGES);
	add(a, "-device");
	add(a, "virtio-blk-%s,drive=changes,serial=" BOOT_CHANGES_SERIAL, arch->bus);
}

static void add_nic(struct args *a, const struct arch *arch, size_t i, const struct command_nic *n)
{
	add(a, "-netdev");
	add(a, "dgram,id=net%zu,local.type=fd,local.str=%zu", i, COMMAND_FD_NIC + i);
	add(a, "-device");
	add(a, "virtio-net-%s,netdev=net%zu,mac=%s,romfile=,guest_announce=off", arch->bus, i, n->mac);
}

uint32_t command_initrd_top(enum tpm_kind tpm, int memory)
{
	const int low = memory < LOW_MAX ? memory : LOW_MAX;

	return tpm ? (uint32_t)(low - TABLES_MIB) << 20 : 0;
}

char **command_argv(const struct command *c)
{
	struct args a = {0};

	add(&a, "%s", c->binary);
	add_machine(&a, c);
	add_kernel(&a, c);
	add_channels(&a, c);
	for (size_t i = 0; i < c->ndisks; i++)
		add_disk(&a, c->arch, &c->disks[i]);
	if (c->changes)
		add_changes(&a, c->arch);
	for (size_t i = 0; i < c->nnics; i++)
		add_nic(&a, c->arch, i, &c->nics[i]);
	for (char *const *e = c->extra; e && *e; e++)
		add(&a, "%s", *e);
	return a.v;
}

char **command_thaw(const char *binary, const char *name, int bases)
{
	cleanup_buf struct buf files = {0};
	struct args a = {0};

	add(&a, "%s", binary);
	buf_addf(&files, "%d", COMMAND_FD_STATE);
	for (int i = 0; i < bases; i++)
		buf_addf(&files, ",%d", COMMAND_FD_BASE + i);
	add_option(&a, "-thaw", buf_str(&files));
	add_option(&a, "-name", name);
	return a.v;
}

void command_argv_free(char **argv)
{
	for (char **p = argv; p && *p; p++)
		free(*p);
	free(argv);
}
