#!/usr/bin/env vmtap
/* keep_root_debian.c - a Debian root that is kept: systemd reboots, the machine stays who it is, and setup may reboot it */
vm(off, .keep = 1);
vm(m, .image = "build/debian12-web.tar", .keep = 1, .provision = "echo once >>/root/provisioned");

setup {
	m.write_file("/etc/systemd/system/note.service",
		     "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'cat /proc/sys/kernel/random/boot_id >>/root/boots'\n"
		     "[Install]\nWantedBy=multi-user.target\n");
	m.succeed("systemctl enable note");
	m.reboot();
	is(m.succeed("wc -l </root/boots"), "1");
	off.succeed("echo here >/mark");
	off.shutdown();
}

test("what setup has installed and booted is what tests begin with") {
	char *id = m.read_file("/etc/machine-id");

	is(m.succeed("systemctl is-system-running --wait; cat /root/provisioned; wc -l </root/boots"), "running\nonce\n1");
	m.wait_for_open_port(80);

	subtest("a reboot of its own goes through systemd, and is the same machine's") {
		m.execute("systemctl reboot");
		m.wait_until_succeeds("test $(wc -l </root/boots) = 2");
		is(m.succeed("systemctl is-system-running --wait"), "running");
		is(m.read_file("/etc/machine-id"), id);
		is(m.succeed("hostname; cat /root/provisioned"), "m\nonce");
		ok(contains(m.succeed("ip addr show eth0"), m.ip(NULL)));
	}

	subtest("and so is a power cut's, whose journal is replayed") {
		m.succeed("seq 1000 >/root/synced; sync");
		m.succeed("echo lost >/root/unsynced");
		m.crash();
		m.start();
		m.wait_for_unit("nginx");
		is(m.succeed("tail -n 1 /root/synced"), "1000");
		m.fail("test -s /root/unsynced");
		m.succeed("modprobe dummy && ip link add d0 type dummy");
		is(m.read_file("/etc/machine-id"), id);
		is(m.succeed("systemctl is-system-running --wait"), "running");
	}

	subtest("a sleep is systemd's, with what is to run before and after it") {
		m.write_file("/usr/lib/systemd/system-sleep/note", "#!/bin/sh\necho $1 >>/root/sleeps\n");
		m.succeed("chmod +x /usr/lib/systemd/system-sleep/note");
		m.suspend();
		m.wakeup();
		m.wait_until_succeeds("grep post /root/sleeps");
		is(m.succeed("cat /root/sleeps"), "pre\npost");
	}
}

test("and another test, too") {
	is(m.succeed("wc -l </root/boots"), "1");
	m.fail("test -e /root/synced");
	ok(!off.is_up());
	is(off.succeed("cat /mark"), "here");
}
