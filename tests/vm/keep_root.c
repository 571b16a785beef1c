#!/usr/bin/env vmtap
/* keep_root.c - a root that outlives its machine, and what a power cut takes from it; machines that reboot and that sleep */
vm(m, .keep = 1);
vm(small, .root_size = 32, .memory = 96);
vm(other, .reboot_ok = 1);

/* Return: what a guest's boot is told from every other by. */
static char *boot_of(struct vm *v)
{
	return v->succeed("cat /proc/sys/kernel/random/boot_id");
}

static void knows_the_time(struct vm *v)
{
	long before = time(NULL), told = atol(v->succeed("date +%s"));

	ok(told >= before - 2 && told <= (long)time(NULL) + 2);
}

/* A record is safe when the log that has it is, as in any database. */
test("a power cut takes what was not synced, and nothing else") {
	m.succeed("mkdir /db && cd /db && for i in 1 2 3; do echo record $i; done | dd of=log conv=fsync");
	m.succeed("echo record 4 >>/db/log; echo lost >/db/other");
	is(m.succeed("tail -n 1 /db/log"), "record 4");
	m.crash();
	m.start();
	is(m.succeed("cat /db/log"), "record 1\nrecord 2\nrecord 3");
	is(m.succeed("cat /db/other 2>/dev/null || true"), "");

	subtest("after an orderly end nothing is lost, and the root goes on from there") {
		m.succeed("echo record 4 >>/db/log; chown 7:8 /db/log; ln -s log /db/link; mknod /db/null c 1 3");
		m.shutdown();
		m.start();
		is(m.succeed("tail -n 1 /db/link; stat -c %u:%g /db/log; stat -c %t:%T /db/null"), "record 4\n7:8\n1:3");
	}
}

test("another test's root is as at first") {
	m.fail("test -e /db");
	like(m.succeed("df -m / | tail -n 1"), "overlay +4[0-9]{3} ");
}

test("a reboot keeps the root, the name, the address and the time") {
	char *before = boot_of(&m), *mac = m.succeed("cat /sys/class/net/eth0/address");

	m.succeed("echo here >/mark");
	m.reboot();
	isnt(boot_of(&m), before);
	is(m.succeed("cat /mark; hostname"), "here\nm");
	is(m.succeed("cat /sys/class/net/eth0/address"), mac);
	ok(contains(m.succeed("ip addr show eth0"), m.ip(NULL)));
	is(m.succeed("grep -c ' m ' /etc/hosts"), "1");
	knows_the_time(&m);

	subtest("and so does the guest's own, which a wait outlives") {
		before = boot_of(&m);
		m.execute("reboot");
		m.wait_until_succeeds(fmt("! grep %s /proc/sys/kernel/random/boot_id", before));
		is(m.succeed("cat /mark"), "here");
	}

	subtest("and its own end, after which it is started") {
		m.execute("poweroff");
		m.wait_for_shutdown();
		m.start();
		is(m.succeed("cat /mark"), "here");
	}
}

test("a checkpoint has the root with it") {
	m.succeed("echo before >/mark");
	m.save("there");
	m.succeed("echo after >/mark; sync");
	m.restore("there");
	is(m.succeed("cat /mark"), "before");
	m.succeed("sync");
	m.crash();
	m.start();
	is(m.succeed("cat /mark"), "before");
}

test("room for the root that is not memory, and has an end") {
	m.execute("true");
	small.succeed("dd if=/dev/zero of=/big bs=1M count=20 && sync");
	like(small.fail("dd if=/dev/zero of=/big bs=1M count=99 2>&1"), "No space left on device");
	small.shutdown();
	small.start();
	small.fail("test -e /big");
}

test("a root that is not kept is as at first after a reboot") {
	other.succeed("echo here >/mark");
	other.execute("reboot");
	other.wait_until_succeeds("! test -e /mark");
	other.succeed("echo here >/mark");
	other.reboot();
	other.fail("test -e /mark");
	ok(other.is_up());
}

test("a machine sleeps, more than once, and is what it was when it wakes") {
	struct job *j = m.spawn("read x; echo $x");

	m.succeed("echo here >/mark");
	m.suspend();
	m.wakeup();
	for (int i = 0; i < 2; i++) {
		m.suspend();
		ok(!m.is_up());
		m.wakeup();
		ok(m.is_up());
		is(m.succeed("cat /mark"), "here");
	}
	knows_the_time(&m);
	job_write(j, "awake\n");
	is(job_wait(j).out, "awake\n");

	subtest("by itself, and by its own clock") {
		m.execute("(sleep 1; echo mem >/sys/power/state) >/dev/null 2>&1 &");
		eventually(!m.is_up(), 60);
		m.wakeup();
	}

	m.shutdown(); /* which asks the board for more than a sleep does */
}
