/* qemu.c - the accelerator's words, the command line, the control socket */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "qemu/accel.h"
#include "qemu/command.h"
#include "qemu/qmp.h"

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
	CHECK_INT(canary_run("/nonexistent/kvm", CANARY_LIMIT_US).rung, CANARY_NO_DEVICE);
	CHECK_INT(canary_run("/dev/null", CANARY_LIMIT_US).rung, CANARY_NOT_KVM);
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
	cleanup_free char *rm = NULL;
	struct accel a = {.kind = ACCEL_KVM};
	struct err err = {0};

	CHECK(mkdtemp(dir) != NULL);
	accel_remember_failure(&a, dir, "QEMU died");
	CHECK_INT(a.kind, ACCEL_TCG);
	setenv("VMTAP_KVM", "/dev/null", 1);
	CHECK_INT(accel_choose("auto", dir, &a, &err), 0);
	CHECK_HAS(a.reason, "QEMU died");
	unsetenv("VMTAP_KVM");
	rm = xasprintf("rm -r %s", dir);
	CHECK_INT(system(rm), 0);
}

TEST(accel, slow_canary_is_remembered_until_it_is_forgotten)
{
	char dir[] = "/tmp/vmtap-unit-XXXXXX";
	cleanup_buf struct buf boot = {0};
	cleanup_free char *path = NULL, *rm = NULL;
	struct accel a;
	struct err err = {0};

	CHECK(mkdtemp(dir) != NULL);
	CHECK_INT(file_read("/proc/sys/kernel/random/boot_id", 100, &boot, &err), 0);
	path = xasprintf("%s/kvm-slow-%.36s", dir, buf_str(&boot));
	CHECK_INT(file_write_atomic(path, "28000 /nonexistent/kvm", 22, 0600, &err), 0);
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
	rm = xasprintf("rm -r %s", dir);
	CHECK_INT(system(rm), 0);
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
	.binary = "qemu",
	.accel = ACCEL_TCG,
	.name = "one",
	.memory = 128,
	.cpus = 1,
	.kernel = "/k",
	.initrd = "/i",
};

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

	c.root = "/a,b";
	c.modules = "/m";
	line = join(&c);
	CHECK_HAS(line, "filename=/a,,b,read-only=on");
	CHECK_HAS(line, "virtio-blk-pci,drive=root,serial=vmtap-root");
	CHECK_HAS(line, "vmtap.root=vmtap-root systemd.getty_auto=no vmtap.modules=vmtap-modules");
}

TEST(command, each_card_has_its_descriptor_and_address)
{
	struct command c = kit;
	cleanup_free char *line = NULL;

	c.nics = 2;
	c.macs[0] = "52:54:00:12:01:01";
	c.macs[1] = "52:54:00:12:02:01";
	line = join(&c);
	CHECK_HAS(line, "dgram,id=net0,local.type=fd,local.str=6");
	CHECK_HAS(line, "dgram,id=net1,local.type=fd,local.str=7");
	CHECK_HAS(line, "netdev=net1,mac=52:54:00:12:02:01");
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
