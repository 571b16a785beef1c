#!/usr/bin/env vmtap
/* declared.c - what the script says of the inside of a guest is so before its init runs: users, variables, what counts as booted */

vm(kit, .users = {{"alice", .password = "secret", .groups = "wheel,daemon"}, {"bob", .password = ""}, {"eve", .shell = "/bin/false", .home = "/srv/eve", .uid = 2000}},
   .env = {"GREETING=hello world", "LANG=C"}, .hostname = "box.example.org", .provision = "echo \"$GREETING\" >>/provisioned; chmod u+s /bin/busybox",
   .ready = "test -e /etc/passwd");
vm(debian, .image = "build/debian12-web.tar", .users = {{"dora", .groups = "sudo,wheel", .password = "secret"}, {"root", .password = "toor"}},
   .ready = "nginx.service", .env = {"GREETING=hello"});

test("users, variables and a host name in a guest of BusyBox") {
	is(kit.succeed("id -nG alice | tr ' ' '\\n' | sort"), "alice\ndaemon\nwheel");
	is(kit.succeed("stat -c '%a %U:%G' /home/alice /etc/passwd /etc/shadow"), "700 alice:alice\n644 root:root\n600 root:root");
	is(kit.succeed("grep ^eve /etc/passwd; ls -d /srv/eve"), "eve:x:2000:2000::/srv/eve:/bin/false\n/srv/eve");
	is(kit.succeed("echo $GREETING, $LANG; hostname; cat /provisioned"), "hello world, C\nbox.example.org\nhello world");

	subtest("a password that is right, one that is wrong, none that is asked for, and none that is right") {
		is(kit.succeed("su bob -c 'echo secret | su alice -c whoami' | grep -o alice"), "alice");
		kit.fail("su bob -c 'echo wrong | su alice -c whoami'");
		is(kit.succeed("su alice -c 'su bob -c whoami </dev/null'"), "bob");
		kit.fail("su alice -c 'echo | su -s /bin/sh eve -c whoami'");
	}
}

test("users of a Debian, which is ready when a unit of it is") {
	is(debian.succeed("systemctl is-active nginx"), "active");
	is(debian.succeed("id -nG dora; getent passwd dora | cut -d: -f 5-"), "dora sudo wheel\n:/home/dora:/bin/bash");
	is(debian.succeed("cd /home/dora; ls -A; stat -c '%a %U:%G' . .bashrc"), ".bash_logout\n.bashrc\n.profile\n700 dora:dora\n644 dora:dora");
	is(debian.succeed("stat -c '%a %U:%G' /etc/passwd /etc/shadow /etc/gshadow"), "644 root:root\n640 root:shadow\n640 root:shadow");
	is(debian.succeed("echo $GREETING"), "hello");
	is(debian.succeed("su - dora -c 'echo toor | su root -c whoami'"), "root");
	debian.fail("su - dora -c 'echo wrong | su root -c whoami'");
}
