#!/usr/bin/env vmtap
/* carried.c - .files: what is put into a machine is there before its init, and is its own */
vm(kit, .files = { "../exec:/usr/bin/exec-it", "lib:/srv/lib", "l?b/*.c:/opt/", "lib:/etc/" }, .provision = "ls /opt >/root/seen");
vm(debian, .image = "build/debian12-web.tar", .files = { "carried:/etc/systemd/system", "lib/shell.c:/lib/shell.c" });

static const char *listing(void)
{
	return host("cd tests/vm/lib && ls").out;
}

test("files and folders have names, modes and contents of the host, and belong to root") {
	is(kit.succeed("stat -c '%a %u %g' /usr/bin/exec-it /srv/lib/shell.c"), "755 0 0\n644 0 0");
	is(kit.read_file("/usr/bin/exec-it"), host("cat tests/exec").out);
	is(kit.read_file("/etc/lib/shell.c"), host("cat tests/vm/lib/shell.c").out);
	is(fmt("%s\n", kit.succeed("ls /srv/lib")), listing());
	is(kit.succeed("stat -c %a /etc"), "755"); /* a folder on the way stays as it was */
}

test("they are there for .provision, and nothing is left of how they came") {
	is(kit.read_file("/root/seen"), listing());
	is(kit.succeed("ls /vmtap"), "modules");
}

test("a unit is seen by the systemd that boots, and a folder is found behind a link") {
	debian.wait_for_unit("early.service"); /* by a link that is in the folder */
	debian.succeed("test -e /etc/systemd/system/multi-user.target.wants/nginx.service"); /* what was there stays */
	is(debian.read_file("/run/early"), "early\n");
	is(debian.read_file("/usr/lib/shell.c"), host("cat tests/vm/lib/shell.c").out);
}
