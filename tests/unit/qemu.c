/* qemu.c - the accelerator's words, the command line, the control socket */
#include "unit.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cpu.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "machine/spec.h"
#include "qemu/keys.h"
#include "qemu/accel.h"
#include "qemu/command.h"
#include "qemu/confine.h"
#include "qemu/qmp.h"
#include "qemu/remember.h"
#include "wire/boot.h"

/* ---- accelerator ---- */

static struct accel explain(enum canary_rung rung, int error, uint64_t us)
{
	struct accel a = {0};
	struct canary c = {.rung = rung, .error = error, .us = us};

	accel_explain(&a, "/dev/kvm", &c);
	return a;
}

TEST(accel, good_canary_is_kvm_at_full_speed)
{
	struct accel a = explain(CANARY_GOOD, 0, 120);

	CHECK_INT(a.kind, ACCEL_KVM);
	CHECK(a.slow == 1.0);
	CHECK_HAS(a.reason, "0.1 ms");
}

TEST(accel, every_other_rung_is_tcg_with_a_reason)
{
	for (int rung = 0; rung < CANARY_GOOD; rung++) {
		struct accel a = explain((enum canary_rung)rung, EACCES, 28000);

		CHECK_INT(a.kind, ACCEL_TCG);
		CHECK(a.slow == 4.0);
		CHECK_HAS(a.reason, "/dev/kvm");
	}
}

TEST(accel, slow_canary_says_how_slow)
{
	struct accel a = explain(CANARY_SLOW, 0, 28000);

	CHECK_HAS(a.reason, "28.0 ms");
	CHECK_HAS(a.reason, "does not accelerate");
}

TEST(accel, forbidden_device_says_how_to_mend_it)
{
	CHECK_HAS(explain(CANARY_FORBIDDEN, EACCES, 0).hint, "udev");
}

TEST(accel, absent_device_is_told_from_a_forbidden_one)
{
	const struct canary_loop *loop = arch_host()->canary;

	CHECK_INT(canary_run("/nonexistent/kvm", CANARY_LIMIT_US, loop).rung, CANARY_NO_DEVICE);
	CHECK_INT(canary_run("/dev/null", CANARY_LIMIT_US, loop).rung, CANARY_NOT_KVM);
}

TEST(accel, unknown_word_is_an_error_with_a_guess)
{
	struct accel a;
	struct err err = {0};

	CHECK_INT(accel_choose("kvn", "/tmp", &a, &err), -1);
	CHECK_HAS(err.text, "did you mean 'kvm'");
}

TEST(accel, demanded_kvm_that_is_absent_is_an_error)
{
	struct accel a;
	struct err err = {0};

	setenv("VMTAP_KVM", "/nonexistent/kvm", 1);
	CHECK_INT(accel_choose("kvm", "/tmp", &a, &err), -1);
	CHECK_HAS(err.text, "there is no /nonexistent/kvm");
	unsetenv("VMTAP_KVM");
}

TEST(accel, slow_factor_comes_from_the_environment_and_is_checked)
{
	struct accel a;
	struct err err = {0};

	setenv("VMTAP_SLOW", "7.5", 1);
	CHECK_INT(accel_choose("tcg", "/tmp", &a, &err), 0);
	CHECK(a.slow == 7.5);
	setenv("VMTAP_SLOW", "0", 1);
	CHECK_INT(accel_choose("tcg", "/tmp", &a, &err), -1);
	unsetenv("VMTAP_SLOW");
}

TEST(accel, failure_is_remembered_until_the_host_reboots)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	struct accel a = {.kind = ACCEL_KVM};
	struct err err = {0};

	CHECK(mkdtemp(dir) != NULL);
	accel_remember_failure(&a, dir, "QEMU died");
	CHECK_INT(a.kind, ACCEL_TCG);
	setenv("VMTAP_KVM", "/dev/null", 1);
	CHECK_INT(accel_choose("auto", dir, &a, &err), 0);
	CHECK_HAS(a.reason, "QEMU died");
	CHECK_HAS(a.hint, "/host/kvm-failed'");
	CHECK(a.slow == 4.0);
	unsetenv("VMTAP_KVM");
	file_remove_tree(dir);
}

TEST(accel, slow_canary_is_remembered_until_it_is_forgotten)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	struct accel a;
	struct err err = {0};

	CHECK(mkdtemp(dir) != NULL);
	remember_put(dir, "kvm-slow", "28000 /nonexistent/kvm");
	setenv("VMTAP_KVM", "/nonexistent/kvm", 1);
	CHECK_INT(accel_choose("auto", dir, &a, &err), 0);
	CHECK_HAS(a.reason, "took 28.0 ms");
	setenv("VMTAP_CANARY_MS", "30", 1);
	CHECK_INT(accel_choose("auto", dir, &a, &err), 0);
	CHECK_HAS(a.reason, "there is no /nonexistent/kvm");
	unsetenv("VMTAP_CANARY_MS");
	accel_forget_canary(dir);
	CHECK_INT(accel_choose("auto", dir, &a, &err), 0);
	CHECK_HAS(a.reason, "there is no /nonexistent/kvm");
	unsetenv("VMTAP_KVM");
	file_remove_tree(dir);
}

/* ---- what is remembered ---- */

TEST(remember, what_another_boot_found_tells_nothing_and_is_replaced)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	static const char other[] = "00000000-0000-4000-8000-000000000000\nold news";
	cleanup_buf struct buf text = {0};
	cleanup_free char *path = NULL;

	CHECK(mkdtemp(dir) != NULL);
	path = remember_path(dir, "kvm-slow");
	remember_put(dir, "kvm-slow", "news");
	CHECK_INT(file_write_atomic(path, other, strlen(other), 0600, NULL), 0);
	CHECK(!remember_get(dir, "kvm-slow", 100, &text));
	CHECK_INT(text.len, 0);
	remember_put(dir, "kvm-slow", "news");
	CHECK(remember_get(dir, "kvm-slow", 100, &text));
	CHECK_STR(buf_str(&text), "news");
	remember_forget(dir, "kvm-slow");
	CHECK(!remember_get(dir, "kvm-slow", 100, &text));
	CHECK_INT(rmdir(dirname(path)), 0); /* one file a name: none is left */
	CHECK_INT(rmdir(dir), 0);
}

TEST(remember, what_cannot_be_kept_is_not_known)
{
	cleanup_buf struct buf text = {0};

	remember_put("/proc/nothing", "kvm-slow", "news");
	CHECK(!remember_get("/proc/nothing", "kvm-slow", 100, &text));
}

/* ---- processors ---- */

TEST(arch, the_row_of_this_processor_is_whole)
{
	const struct arch *a = arch_host();

	CHECK_STR(a->name, CPU_NAME);
	CHECK_HAS(a->qemu, a->name);
	CHECK(a->package && a->machine && a->bus && a->console && a->kernel_words);
	CHECK(a->canary && a->canary->enter && a->canary->size > 0); /* KVM runs guests of the host's processor */
	for (int kind = 0; kind < ACCEL_KINDS; kind++)
		CHECK(a->cpu[kind] != NULL);
}

/* ---- confinement ---- */

#define ENVIRONMENT(...) ((char *[]){__VA_ARGS__, NULL})

TEST(confine, only_what_qemu_needs_of_the_environment_is_kept)
{
	char **from = ENVIRONMENT("PATH=/bin", "CI_JOB_TOKEN=secret", "PATHS=x", "HOME=/root", "LC_ALL=C", "LC=x",
				  "QEMU_AUDIO_DRV=none", "LD_PRELOAD=x.so", "TMPDIR=/t", "QEMU");
	cleanup_free char **kept = confine_environment(from);
	cleanup_buf struct buf line = {0};

	for (char **p = kept; *p; p++)
		buf_addf(&line, "%s ", *p);
	CHECK_STR(buf_str(&line), "PATH=/bin HOME=/root LC_ALL=C QEMU_AUDIO_DRV=none TMPDIR=/t ");
}

/* A stand-in for QEMU that is no script: what it was asked is not what it answers. Return: its path. */
static char *make_program(const char *dir, const char *name, const char *copy_of)
{
	char *path = path_join(dir, name);
	cleanup_free char *copy = xasprintf("cp -L %s %s", copy_of, path);

	CHECK_INT(system(copy), 0);
	return path;
}

TEST(confine, the_answer_for_a_program_is_remembered_until_it_changes)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	cleanup_buf struct buf known = {0};
	cleanup_free char *qemu = NULL, *other = NULL;

	CHECK(mkdtemp(dir) != NULL);
	qemu = make_program(dir, "q", "/bin/true");
	CHECK(confine_sandbox_works(dir, qemu));
	CHECK(remember_get(dir, "sandbox", 300, &known));
	CHECK(text_ends(buf_str(&known), " yes"));

	/* another answer is believed: the program is not asked again */
	other = xasprintf("%.*sno", (int)known.len - 3, known.data);
	remember_put(dir, "sandbox", other);
	CHECK(!confine_sandbox_works(dir, qemu));
	confine_forget(dir);
	CHECK(confine_sandbox_works(dir, qemu));

	free(make_program(dir, "q", "/bin/false"));
	CHECK(!confine_sandbox_works(dir, qemu));
	file_remove_tree(dir);
}

TEST(confine, a_script_in_front_of_qemu_is_asked_each_time)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	static const char script[] = "#!/bin/sh\n[ \"$1 $3 $4\" = '-sandbox -cpu help' ] && [ -e \"${0%/*}/yes\" ]\n";
	cleanup_free char *qemu = NULL, *yes = NULL;
	cleanup_buf struct buf known = {0};

	CHECK(mkdtemp(dir) != NULL);
	qemu = path_join(dir, "q");
	yes = path_join(dir, "yes");
	CHECK_INT(file_write_atomic(qemu, script, strlen(script), 0700, NULL), 0);
	CHECK(!confine_sandbox_works(dir, qemu));
	CHECK_INT(file_write_atomic(yes, "", 0, 0600, NULL), 0);
	CHECK(confine_sandbox_works(dir, qemu));
	CHECK(!remember_get(dir, "sandbox", 300, &known));
	CHECK(!confine_sandbox_works(dir, "/nonexistent/qemu"));
	file_remove_tree(dir);
}

/* ---- command line ---- */

static char *join(const struct command *c)
{
	struct buf b = {0};
	char **argv = command_argv(c);

	for (char **p = argv; *p; p++)
		buf_addf(&b, "%s%s", b.len ? " " : "", *p);
	command_argv_free(argv);
	return buf_steal(&b);
}

static const struct command kit = {
	.arch = &arch_x86_64,
	.binary = "qemu",
	.accel = ACCEL_TCG,
	.name = "one",
	.memory = 128,
	.cpus = 1,
	.kernel = "/k",
	.initrd = "/i",
};

/* Word for word: a change of it is a change of every template's key. */
TEST(command, kit_guest)
{
	cleanup_free char *line = join(&kit);

	CHECK_STR(line,
		  "qemu -name one -nodefaults -no-user-config -display none -no-reboot -machine "
		  "q35,hpet=off,vmport=off,smbus=off,sata=off,usb=off,i8042=off,graphics=off -accel tcg,tb-size=128 "
		  "-cpu qemu64,+ssse3,+sse4.1,+sse4.2,+popcnt,+cx16,+rdrand,-svm -m 128 -smp 1 -kernel /k -initrd /i "
		  "-append console=ttyS0 quiet panic=-1 nokaslr mitigations=off cryptomgr.notests noreplace-smp net.ifnames=0 audit=0 "
		  "random.trust_cpu=on rcupdate.rcu_expedited=1 nowatchdog psi=0 init_on_alloc=0 hardened_usercopy=off "
		  "randomize_kstack_offset=off reboot=t no_timer_check i8042.noaux=1 i8042.nomux=1 i8042.nopnp=1 "
		  "i8042.dumbkbd=1 tsc=reliable -chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control "
		  "-chardev socket,id=console,fd=5 -serial chardev:console -device virtio-serial-pci-non-transitional,max_ports=2 "
		  "-chardev socket,id=agent,fd=4 -device virtserialport,chardev=agent,name=vmtap.0 "
		  "-device virtio-rng-pci-non-transitional");
}

TEST(command, a_screen_brings_a_keyboard_and_a_console)
{
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.display = true;
	line = join(&c);
	CHECK_HAS(line, "-device virtio-vga,xres=1024,yres=768 -device virtio-keyboard-pci");
	CHECK_HAS(line, "-append console=tty0 console=ttyS0 ");
	CHECK(!strstr(line, "i8042=off") && !strstr(line, "graphics=off"));
}

/* Return: the JSON of a character's keys, "" for none; kept until the next call. */
static const char *keys_of(char c, const char *names)
{
	static struct buf b;

	buf_clear(&b);
	return (names ? keys_of_names(names, &b) : keys_of_char(c, &b)) ? buf_str(&b) : "";
}

TEST(keys, characters_of_a_us_keyboard)
{
	CHECK_STR(keys_of('a', NULL), "[{\"type\":\"qcode\",\"data\":\"a\"}]");
	CHECK_STR(keys_of('A', NULL), "[{\"type\":\"qcode\",\"data\":\"shift\"},{\"type\":\"qcode\",\"data\":\"a\"}]");
	CHECK_HAS(keys_of('!', NULL), "\"shift\"},{\"type\":\"qcode\",\"data\":\"1\"");
	CHECK_HAS(keys_of('_', NULL), "\"shift\"},{\"type\":\"qcode\",\"data\":\"minus\"");
	CHECK_STR(keys_of('\n', NULL), "[{\"type\":\"qcode\",\"data\":\"ret\"}]");
	for (char c = ' '; c < 127; c++)
		CHECK(*keys_of(c, NULL));
	CHECK_STR(keys_of('\0', NULL), "");
	CHECK_STR(keys_of('\001', NULL), "");
	CHECK_STR(keys_of((char)0xE4, NULL), "");
}

TEST(keys, names_of_keys)
{
	CHECK_STR(keys_of(0, "ctrl-f1"), "[{\"type\":\"qcode\",\"data\":\"ctrl\"},{\"type\":\"qcode\",\"data\":\"f1\"}]");
	CHECK_HAS(keys_of(0, "-"), "\"minus\"");
	CHECK_HAS(keys_of(0, "a"), "\"a\"");
	CHECK_STR(keys_of(0, "ctrl-"), "");
	CHECK_STR(keys_of(0, "ctrl--a"), "");
	CHECK_STR(keys_of(0, "a-b-c-d-e-f-g-h-i"), "");
	CHECK_HAS(keys_of(0, "a\"b"), "a\\\"b");
}

TEST(command, kit_guest_has_no_disk_and_no_network)
{
	cleanup_free char *line = join(&kit);

	CHECK_HAS(line, "-m 128 -smp 1");
	CHECK_HAS(line, "-accel tcg");
	CHECK(!strstr(line, "blockdev") && !strstr(line, "netdev"));
}

TEST(command, disks_are_read_only_and_found_by_serial)
{
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.disks[0] = (struct command_disk){.id = "root", .path = "/a,b", .serial = "vmtap-root",
					   .kernel_words = "vmtap.root=vmtap-root a=b", .read_only = true};
	c.disks[1] = (struct command_disk){.id = "data", .path = "/m", .serial = "d"};
	c.ndisks = 2;
	c.append = "last";
	line = join(&c);
	CHECK_HAS(line, "filename=/a,,b,read-only=on");
	CHECK_HAS(line, "virtio-blk-pci-non-transitional,drive=root,serial=vmtap-root");
	CHECK_HAS(line, "node-name=data,filename=/m,read-only=off,auto-read-only=off -device virtio-blk-pci-non-transitional,drive=data,serial=d");
	CHECK_HAS(line, " tsc=reliable vmtap.root=vmtap-root a=b last -chardev");
}

TEST(command, a_format_is_a_driver_on_top_of_the_file)
{
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.disks[0] = (struct command_disk){.id = "root", .path = "/q", .format = "qcow2", .serial = "s", .read_only = true};
	c.ndisks = 1;
	line = join(&c);
	CHECK_HAS(line, "-blockdev driver=file,node-name=root-file,filename=/q,read-only=on,auto-read-only=off "
			"-blockdev {\"driver\":\"qcow2\",\"node-name\":\"root\",\"file\":\"root-file\",\"read-only\":true,\"backing\":null} "
			"-device virtio-blk-pci-non-transitional,drive=root,serial=s");
}

/* Nothing that an image names is opened: what lies below it is said, or that there is nothing. */
TEST(command, what_is_written_goes_to_a_file_above_the_image)
{
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.disks[0] = (struct command_disk){.id = "d", .path = "/i,", .format = "qcow2", .overlay = "/o", .serial = "s", .boots = true};
	c.disks[1] = (struct command_disk){.id = "e", .overlay = "/p", .serial = "t"};
	c.ndisks = 2;
	line = join(&c);
	CHECK_HAS(line, "-blockdev driver=file,node-name=d-image-file,filename=/i,,,read-only=on,auto-read-only=off "
			"-blockdev {\"driver\":\"qcow2\",\"node-name\":\"d-image\",\"file\":\"d-image-file\",\"read-only\":true,\"backing\":null} "
			"-blockdev driver=file,node-name=d-file,filename=/o,cache.no-flush=on "
			"-blockdev {\"driver\":\"qcow2\",\"node-name\":\"d\",\"file\":\"d-file\",\"backing\":\"d-image\",\"cache\":{\"no-flush\":true}} "
			"-device virtio-blk-pci-non-transitional,drive=d,serial=s,bootindex=1");
	CHECK_HAS(line, "\"file\":\"e-file\",\"backing\":null,\"cache\"");
}

TEST(command, what_was_written_before_lies_between_the_image_and_that_file)
{
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.disks[0] = (struct command_disk){.id = "d", .path = "/i", .overlay = "/o", .before = "/b,", .serial = "s"};
	c.disks[1] = (struct command_disk){.id = "e", .overlay = "/p", .before = "/c", .serial = "t"};
	c.ndisks = 2;
	line = join(&c);
	CHECK_HAS(line, "-blockdev driver=file,node-name=d-before-file,filename=/b,,,read-only=on,auto-read-only=off "
			"-blockdev {\"driver\":\"qcow2\",\"node-name\":\"d-before\",\"file\":\"d-before-file\",\"read-only\":true,"
			"\"backing\":\"d-image\"} "
			"-blockdev driver=file,node-name=d-file,filename=/o,cache.no-flush=on "
			"-blockdev {\"driver\":\"qcow2\",\"node-name\":\"d\",\"file\":\"d-file\",\"backing\":\"d-before\",");
	CHECK_HAS(line, "\"node-name\":\"e-before\",\"file\":\"e-before-file\",\"read-only\":true,\"backing\":null}");
	CHECK_HAS(line, "\"file\":\"e-file\",\"backing\":\"e-before\",");
}

TEST(command, without_a_kernel_a_firmware_boots_from_a_disk)
{
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.kernel = NULL;
	c.firmware = "/code";
	c.variables = "/vars";
	line = join(&c);
	CHECK(!strstr(line, "-kernel") && !strstr(line, "-append"));
	CHECK_HAS(line, ",pflash0=firmware,pflash1=variables");
	CHECK_HAS(line, "node-name=firmware,filename=/code,read-only=on,auto-read-only=off "
			"-blockdev driver=file,node-name=variables,filename=/vars,read-only=off");
}

TEST(command, no_argument_is_dropped)
{
	struct command c = kit;
	char *extra[301] = {NULL};
	char **argv;
	size_t n = 0;

	for (size_t i = 0; i < 300; i++)
		extra[i] = (char *)"-no-op";
	c.extra = extra;
	c.nnics = COMMAND_NICS_MAX;
	argv = command_argv(&c);
	for (char **p = argv; *p; p++)
		n += strcmp(*p, "-no-op") == 0;
	CHECK_INT(n, 300);
	command_argv_free(argv);
}

TEST(command, sandbox_is_the_scripts_when_it_gives_one)
{
	char *extra[] = {"--sandbox", "off", NULL};
	struct command c = kit;
	cleanup_free char *ours = NULL, *theirs = NULL;

	c.sandbox = true;
	ours = join(&c);
	CHECK_HAS(ours, " -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny ");
	c.extra = extra;
	theirs = join(&c);
	CHECK(!strstr(theirs, " -sandbox ") && strstr(theirs, " --sandbox off"));
}

TEST(command, each_card_has_its_descriptor_and_address)
{
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.nnics = 2;
	strcpy(c.nics[0].mac, "52:54:00:12:01:01");
	strcpy(c.nics[1].mac, "52:54:00:12:02:01");
	line = join(&c);
	CHECK_HAS(line, "dgram,id=net0,local.type=fd,local.str=6");
	CHECK_HAS(line, "dgram,id=net1,local.type=fd,local.str=7");
	CHECK_HAS(line, "netdev=net1,mac=52:54:00:12:02:01");
}

TEST(command, of_a_machine_names_its_root_modules_and_cards)
{
	static const struct accel tcg = {.kind = ACCEL_TCG};
	char kernel[] = "/k", initrd[] = "/i";
	struct machine_spec m = {.name = "web", .kernel = kernel, .initrd = initrd,
				 .memory = 512, .cpus = 2, .nets = {3, 0}, .nnets = 2};
	const struct spec w = {.accel = &tcg, .qemu = "/q", .machines = &m, .nmachines = 1};
	cleanup_free char *line = NULL, *template = NULL;
	struct command c;

	spec_add_disk(&m, &(struct spec_disk){.path = (char *)"/r", .format = (char *)"raw", .serial = (char *)BOOT_ROOT_SERIAL, .read_only = true});
	spec_add_disk(&m, &(struct spec_disk){.path = (char *)"/m", .format = (char *)"raw", .serial = (char *)BOOT_MODULES_SERIAL, .read_only = true});
	spec_add_disk(&m, &(struct spec_disk){.path = (char *)"/d", .format = (char *)"qcow2", .serial = (char *)"data"});
	spec_command(&w, 0, false, &c);
	line = join(&c);
	CHECK_HAS(line, "/q -name web -nodefaults");
	CHECK_HAS(line, " vmtap.root=vmtap-root systemd.getty_auto=no vmtap.modules=vmtap-modules -chardev");
	CHECK_HAS(line, "driver=file,node-name=root,filename=/r,read-only=on,auto-read-only=off "
			"-device virtio-blk-pci-non-transitional,drive=root,serial=vmtap-root");
	CHECK_HAS(line, "driver=file,node-name=modules,filename=/m,read-only=on,auto-read-only=off "
			"-device virtio-blk-pci-non-transitional,drive=modules,serial=vmtap-modules");
	CHECK_HAS(line, "{\"driver\":\"qcow2\",");
	CHECK_HAS(line, "serial=data");
	CHECK_HAS(line, "netdev=net0,mac=52:54:00:12:04:01");
	CHECK_HAS(line, "netdev=net1,mac=52:54:00:12:01:01");
	spec_command(&w, 0, true, &c);
	template = join(&c);
	CHECK_HAS(template, "/q -name template -nodefaults");
	CHECK_HAS(template, "netdev=net1,mac=52:54:00:12:fe:02");
	for (size_t i = 0; i < m.ndisks; i++) {
		free(m.disks[i].path);
		free(m.disks[i].format);
		free(m.disks[i].serial);
	}
}

TEST(command, a_virtual_clock_is_emulated_under_any_accelerator)
{
	static const struct accel kvm = {.kind = ACCEL_KVM};
	char kernel[] = "/k", initrd[] = "/i";
	struct machine_spec m = {.name = "m", .kernel = kernel, .initrd = initrd, .memory = 128, .cpus = 1};
	const struct spec w = {.accel = &kvm, .qemu = "/q", .machines = &m, .nmachines = 1};
	cleanup_free char *line = NULL, *virtual = NULL;
	struct command c;

	spec_command(&w, 0, false, &c);
	line = join(&c);
	CHECK_HAS(line, "-accel kvm -cpu");
	m.virtual_clock = true;
	spec_command(&w, 0, false, &c);
	virtual = join(&c);
	CHECK_HAS(virtual, "-accel tcg,tb-size=128 -icount shift=3,sleep=off -cpu qemu64");
	CHECK_HAS(virtual, " sysctl.vm.stat_interval=");
}

TEST(command, script_has_the_last_word)
{
	char *extra[] = {"-device", "pvpanic", NULL};
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.append = "quiet=no";
	c.extra = extra;
	line = join(&c);
	CHECK_HAS(line, " quiet=no -chardev");
	CHECK_STR(line + strlen(line) - strlen("-device pvpanic"), "-device pvpanic");
}

/* ---- QMP ---- */

struct peer {
	struct loop loop;
	struct qmp qmp;
	int fd; /* QEMU's end */
	char version[32], event[32], reply[64], lost[128];
};

static void on_greeted(void *arg, const char *version)
{
	snprintf(((struct peer *)arg)->version, 32, "%s", version);
}

static void on_event(void *arg, const char *name, const struct json *message)
{
	struct peer *p = arg;

	(void)message;
	snprintf(p->event, sizeof(p->event), "%s", name);
	loop_stop(&p->loop);
}

static void on_lost(void *arg, const char *why)
{
	struct peer *p = arg;

	snprintf(p->lost, sizeof(p->lost), "%s", why);
	loop_stop(&p->loop);
}

static void on_reply(void *arg, const struct json *reply, const char *error)
{
	struct peer *p = arg;

	snprintf(p->reply, sizeof(p->reply), "%s", error ? error : json_text(reply, "status"));
	loop_stop(&p->loop);
}

static void give_up(void *arg)
{
	loop_stop(arg);
}

/* Let QEMU say @text and run the loop until a callback stops it. */
static void say(struct peer *p, const char *text)
{
	static struct timer limit;
	struct err err = {0};

	limit = (struct timer){.expired = give_up, .arg = &p->loop};
	loop_timer(&p->loop, &limit, 0);
	if (*text)
		CHECK_INT(fd_write_all(p->fd, text, strlen(text)), 0);
	CHECK_INT(loop_run(&p->loop, &err), 0);
}

static void connect_peer(struct peer *p)
{
	int fds[2];
	struct err err = {0};

	*p = (struct peer){0};
	CHECK_INT(loop_init(&p->loop, &err), 0);
	CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	p->fd = fds[1];
	p->qmp = (struct qmp){.event = on_event, .greeted = on_greeted, .lost = on_lost, .arg = p};
	CHECK_INT(qmp_start(&p->qmp, &p->loop, fds[0], &err), 0);
}

static void disconnect_peer(struct peer *p)
{
	qmp_stop(&p->qmp);
	loop_free(&p->loop);
	fd_close(&p->fd);
}

#define GREETING                                                                                       \
	"{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, "             \
	"\"package\": \"\"}, \"capabilities\": [\"oob\"]}}\r\n"

TEST(qmp, greeting_gives_the_version_and_is_answered)
{
	struct peer p;
	char sent[64] = "";

	connect_peer(&p);
	say(&p, GREETING);
	CHECK_STR(p.version, "7.2.22");
	CHECK(read(p.fd, sent, sizeof(sent) - 1) > 0);
	CHECK_HAS(sent, "qmp_capabilities");
	disconnect_peer(&p);
}

TEST(qmp, replies_find_their_commands_between_events)
{
	struct peer p;

	connect_peer(&p);
	say(&p, GREETING);
	say(&p, "{\"return\": {}}\r\n");
	qmp_send(&p.qmp, "query-status", NULL, on_reply, &p);
	say(&p, "{\"event\": \"STOP\", \"timestamp\": {}}\r\n{\"return\": {\"status\": \"paused\"}}\r\n");
	say(&p, "");
	CHECK_STR(p.event, "STOP");
	CHECK_STR(p.reply, "paused");
	disconnect_peer(&p);
}

TEST(qmp, error_reply_carries_its_text)
{
	struct peer p;

	connect_peer(&p);
	say(&p, GREETING "{\"return\": {}}\r\n");
	qmp_send(&p.qmp, "nonsense", NULL, on_reply, &p);
	say(&p, "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no such command\"}}\r\n");
	CHECK_STR(p.reply, "no such command");
	disconnect_peer(&p);
}

TEST(qmp, half_a_line_waits_for_the_rest)
{
	struct peer p;

	connect_peer(&p);
	say(&p, "{\"event\": \"RES");
	CHECK_STR(p.event, "");
	say(&p, "ET\"}\r\n");
	CHECK_STR(p.event, "RESET");
	disconnect_peer(&p);
}

TEST(qmp, nonsense_and_a_closed_socket_lose_the_connection)
{
	struct peer p;

	connect_peer(&p);
	say(&p, "hello\r\n");
	CHECK_HAS(p.lost, "not JSON");
	disconnect_peer(&p);
	connect_peer(&p);
	fd_close(&p.fd);
	say(&p, "");
	CHECK_HAS(p.lost, "closed");
	disconnect_peer(&p);
}
