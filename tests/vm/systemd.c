#!/usr/bin/env vmtap
/* systemd.c - a Debian root: its own init, its units, its users */
use("lib/identity.c");

vm(m, .image = "build/debian12-web.tar");
vm(other, .image = "build/debian12-web.tar");

test("systemd runs the machine, and nothing failed") {
	is(m.succeed("cat /proc/1/comm"), "systemd");
	m.wait_for_unit("default.target");
	is(m.succeed("systemctl is-system-running --wait"), "running");
	m.wait_for_unit("nginx");
	m.wait_for_open_port(80);
	is(m.succeed("curl -s -o /dev/null -w '%{http_code}' http://localhost/"), "200");

	subtest("a unit that starts later is waited for") {
		m.write_file("/run/systemd/system/late.service",
			     "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sleep 2\n");
		m.succeed("systemctl daemon-reload && systemctl start --no-block late");
		m.wait_for_unit("late.service");
	}

	subtest("a oneshot that has run, of which nothing stays active, is waited for") {
		m.write_file("/run/systemd/system/once.service", "[Service]\nType=oneshot\nExecStart=/bin/sleep 1\n");
		m.succeed("systemctl daemon-reload && systemctl start --no-block once");
		m.wait_for_unit("once.service");
		m.wait_for_unit("once");
		is(m.succeed("systemctl is-active once || true"), "inactive");
	}

	subtest("the root is the image's, writable, with its links, owners and capabilities") {
		is(m.succeed("readlink /bin"), "usr/bin");
		is(m.succeed("stat -c %U /home/alice"), "alice");
		like(m.succeed("getcap /usr/bin/ping || true"), "cap_net_raw|^$");
		m.succeed("su nobody -s /bin/sh -c 'ping -c 1 127.0.0.1'");
		m.succeed("touch /usr/mark && rm /usr/mark");
	}

	subtest("a kernel module is found where the kernel looks") {
		m.succeed("test -d /lib/modules/$(uname -r)/kernel");
		m.succeed("modprobe dummy && ip link add d0 type dummy");
	}

	subtest("shutdown through systemd") {
		m.shutdown();
		ok(!m.is_up());
	}
}

test("two machines of one image are not one machine") {
	has_identity(&m, "m", 1);
	has_identity(&other, "other", 2);
	reach_each_other(&m, "m", &other, "other");
	isnt(machine_id(&m), machine_id(&other));
	isnt(m.succeed("head -c 16 /dev/urandom | od -An -x"), other.succeed("head -c 16 /dev/urandom | od -An -x"));
}
