/* cloud.c - a cloud's image, with cloud-init and systemd: from its own disk by itself, and by a kernel that is given */
vm(cloud, .image = "build/debian12-disk/disk.qcow2");
vm(front, .image = "build/debian12-disk/disk.qcow2", .kernel = "build/debian12-disk/vmlinuz", .initrd = "build/debian12-disk/initrd.img");
vm(direct, .image = "build/debian12-disk/disk.qcow2", .kernel = "build/debian12-disk/vmlinuz");

test("cloud-init starts the agent, and is done when the machine is up") {
	is(cloud.succeed("hostname"), "cloud");
	is(cloud.unit_property("vmtap-agent.service", "ActiveState"), "active");
	is(cloud.unit_property("cloud-final.service", "ActiveState"), "active");
	like(cloud.succeed("cat /run/cloud-init/result.json"), "NoCloud");
	is(cloud.succeed("findmnt -no FSTYPE /"), "ext4");
	cloud.fail("findmnt /run/vmtap");
	is(cloud.succeed("grep SigIgn /proc/self/status"), "SigIgn:\t0000000000000000"); /* a unit of systemd ignores SIGPIPE */
}

test("a command that takes all memory costs no more than itself", .health = "oom") {
	cloud.execute("tail /dev/zero");
	is(cloud.unit_property("vmtap-agent.service", "ActiveState"), "active");
}

test("its disk is its own") {
	cloud.succeed("echo mine >/var/mine; sync; echo 3 >/proc/sys/vm/drop_caches; grep mine /var/mine");
}

test("as each test's") {
	cloud.fail("cat /var/mine");
	cloud.shutdown();
}

test("the disk's own initramfs finds the root, with the agent in front of it") {
	is(front.succeed("findmnt -no SOURCE,FSTYPE /"), "/dev/vda2 ext4");
	is(front.succeed("cat /proc/1/comm"), "systemd");
	like(front.succeed("head -c 1 /proc/$PPID/cmdline"), "^@");
	is(front.succeed("systemctl is-system-running"), "running");
	front.fail("test -e /vmtap || findmnt /vmtap/proc");
	front.shutdown();
}

test("a kernel alone has the disk's root as any other") {
	is(direct.succeed("findmnt -no FSTYPE /; cat /sys/block/vda/ro"), "overlay\n1");
	is(direct.succeed("systemctl is-system-running"), "running");
	direct.succeed("echo mine >/var/mine");
}
