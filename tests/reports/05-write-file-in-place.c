/* right: ok, what is no regular file of its own is written into, not replaced: renaming over bind mounts broke others */
vm(m);

test("writing to a device keeps the device", .timeout = 400) {
	m.write_file("/dev/null", "x");
	m.succeed("test -c /dev/null");
}

test("writing to a knob of the kernel works", .timeout = 400) {
	m.write_file("/proc/sys/kernel/hostname", "abc\n");
	is(m.succeed("hostname"), "abc");
}

test("writing to a pipe reaches its reader", .timeout = 400) {
	m.succeed("mkfifo /tmp/p; cat /tmp/p >/tmp/got 2>/dev/null & :");
	m.write_file("/tmp/p", "hello");
	within(30)
		m.wait_until_succeeds("grep -q hello /tmp/got");
}

test("a file with something mounted on it can be written", .timeout = 400) {
	m.succeed("echo a >/tmp/a; echo b >/tmp/b; mount --bind /tmp/a /tmp/b");
	m.write_file("/tmp/b", "new");
	is(m.read_file("/tmp/a"), "new");
}

test("a link stays a link", .timeout = 400) {
	m.succeed("echo a >/tmp/a; ln -s a /tmp/l");
	m.write_file("/tmp/l", "new");
	m.succeed("test -L /tmp/l");
	is(m.read_file("/tmp/a"), "new");
}
