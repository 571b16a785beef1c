#!/usr/bin/env vmtap
/* reboot.c - in the spirit of nixpkgs' boot tests: what a machine does each time that it boots, and what it is told to */
/* Of a saved machine the second boot would be a copy of the first. */
vm(machine, .image = "../../build/debian12-web.tar", .memory = 256, .snapshot = 0, .append = "systemd.setenv=COLOUR=green");

static char *boot_id(void)
{
	return machine.read_file("/proc/sys/kernel/random/boot_id");
}

static char *started(void)
{
	return machine.unit_property("nginx", "ActiveEnterTimestamp");
}

/* One boot each way: they cost more than all else. */
test("a machine boots, is shut down, boots again and is cut off") {
	char *first, *up;

	machine.wait_for_unit("multi-user.target");
	machine.wait_for_unit("nginx");
	like(machine.read_file("/proc/cmdline"), "systemd.setenv=COLOUR=green");
	like(machine.succeed("systemctl show-environment"), "^COLOUR=green$");
	machine.write_file("/root/mark", "of the first boot\n");
	first = boot_id();
	up = started();
	machine.shutdown();
	ok(!machine.is_up());

	machine.start();
	machine.wait_for_unit("nginx");
	isnt(boot_id(), first);
	isnt(started(), up);
	machine.fail("test -e /root/mark");
	machine.crash();
	ok(!machine.is_up());
}
