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
