#!/usr/bin/env vmtap
/* files.c - files in and out of the guest */
vm(m);

test("what is written is what is read") {
	m.write_file("/root/new/folder/file", "line\n\ttab 'quotes' $HOME \377\n");
	is(m.read_file("/root/new/folder/file"), "line\n\ttab 'quotes' $HOME \377\n");
	is(m.succeed("stat -c %a /root/new/folder/file"), "644");
	m.write_file("/root/new/folder/file", "");
	is(m.read_file("/root/new/folder/file"), "");
}

test("a large file arrives whole") {
	m.succeed("head -c 5000000 /dev/zero | tr '\\0' x >/tmp/big");
	is(strlen(m.read_file("/tmp/big")), 5000000);
}

test("files of /proc, whose size is not known, can be read") {
	like(m.read_file("/proc/version"), "^Linux version");
}

test("what exists keeps its mode and owner, and what is new has the usual ones") {
	m.succeed("mkdir /tmp/d && echo old >/tmp/d/old && chmod 4751 /tmp/d/old && chown 12:34 /tmp/d/old && chmod 4751 /tmp/d/old");
	m.write_file("/tmp/d/old", "new");
	m.write_file("/tmp/d/new", "new");
	is(m.succeed("stat -c '%a %u:%g' /tmp/d/old /tmp/d/new; cat /tmp/d/old; ls -A /tmp/d"),
	   "4751 12:34\n644 0:0\nnewnew\nold");
}

test("a symbolic link stays one, and what it leads to is written") {
	m.succeed("mkdir -p /tmp/a /tmp/b && echo x >/tmp/b/to && ln -s ../b/to /tmp/a/link && ln -s link /tmp/a/second");
	m.succeed("ln -s ../c/made/file /tmp/a/dangling");
	m.write_file("/tmp/a/second", "through two");
	m.write_file("/tmp/a/dangling", "made");
	is(m.succeed("cat /tmp/b/to; readlink /tmp/a/second; readlink /tmp/a/link"), "through twolink\n../b/to");
	is(m.succeed("cat /tmp/c/made/file; readlink /tmp/a/dangling"), "made../c/made/file");
}

test("a device stays one") {
	m.write_file("/dev/null", "x");
	m.succeed("test -c /dev/null");
	m.succeed("ln -s null /dev/sink");
	m.write_file("/dev/sink", "x");
	m.succeed("test -L /dev/sink && test -c /dev/null");
}

test("a knob of the kernel is turned") {
	m.write_file("/proc/sys/kernel/hostname", "abc\n");
	is(m.succeed("hostname"), "abc");
	m.write_file("/sys/class/net/lo/tx_queue_len", "77");
	is(m.read_file("/sys/class/net/lo/tx_queue_len"), "77\n");
}

test("a pipe is fed when somebody reads it, with more than it holds, too") {
	m.succeed("mkfifo /tmp/p; (sleep 1; cat /tmp/p >/tmp/got) >/dev/null 2>&1 &");
	m.write_file("/tmp/p", fmt("%0200000d", 7));
	m.wait_until_succeeds("test $(wc -c </tmp/got) = 200000");
	m.succeed("test -p /tmp/p");
}

test("a pipe is read when somebody writes to it") {
	m.succeed("mkfifo /tmp/q; (sleep 1; echo one; sleep 1; echo two) >/tmp/q 2>/dev/null &");
	is(m.read_file("/tmp/q"), "one\ntwo\n");
}

test("a file with something mounted on it, and one in a folder that takes none") {
	m.succeed("echo a >/tmp/under; echo b >/tmp/over; mount --bind /tmp/under /tmp/over");
	m.write_file("/tmp/over", "new");
	is(m.read_file("/tmp/under"), "new");
	m.succeed("umount /tmp/over");
	is(m.read_file("/tmp/over"), "b\n");
	m.succeed("mkdir /tmp/ro && echo c >/tmp/ro/f && mount --bind /tmp/ro /tmp/ro && mount --bind /tmp/under /tmp/ro/f && mount -o remount,bind,ro /tmp/ro");
	m.write_file("/tmp/ro/f", "newer");
	is(m.read_file("/tmp/under"), "newer");
}

test("a name as long as names may be") {
	char *path = fmt("/tmp/%0255d", 1);

	m.write_file(path, "x");
	is(m.read_file(path), "x");
}
