#!/usr/bin/env vmtap
/* copies.c - files and folders from the host to a machine, and back */
vm(m);
vm(other);

static void make_tree(void)
{
	m.succeed("mkdir -p /t/a/b /t/empty && cd /t && echo text >a/file && head -c 300000 /dev/urandom >a/b/bytes && "
		  "ln -s ../nowhere a/link && ln a/file a/b/same && mkfifo pipe && mknod null c 1 3 && "
		  "dd if=/dev/zero of=holes bs=1 count=1 seek=100M && chown -R 12:34 a && chmod 4751 a/file && chmod 500 a/b && "
		  "chmod 1777 empty && touch -d '2001-02-03 04:05' a/file a");
}

/* All that a copy keeps, of each file: the same text of two trees means that they are the same. */
static char *describe(struct vm *on, const char *options)
{
	return on->succeed(fmt("cd /t && find . %s | sort | while read f; do stat -c '%%n %%f %%h %%u:%%g %%t %%Y' \"$f\"; done; "
			       "readlink a/link; md5sum a/b/bytes holes a/file; test $(du -k holes | cut -f 1) -lt 1000", options));
}

test("a tree goes out and in again, as it was", .timeout = 600) {
	make_tree();
	m.copy_from_machine("/t", "build/vm-copies/");
	other.copy_from_host("build/vm-copies/t", "/t");
	/* The host gives nobody rights, and has no device of the guest's. */
	is(describe(&other, "! -name null"), (m.succeed("chmod 751 /t/a/file"), describe(&m, "! -name null")));
	other.fail("test -e /t/null");
}

test("a file gets the name that it is to have, or keeps its own in a folder") {
	m.write_bytes("/tmp/f", "a\0b", 3);
	m.copy_from_machine("/tmp/f", "build/vm-copies/g");
	m.copy_from_host("build/vm-copies/g", "/new/folder/h");
	m.copy_from_host("build/vm-copies/g", "/tmp/");
	is(m.succeed("cmp /tmp/f /new/folder/h && cmp /tmp/f /tmp/g && echo same"), "same");
}

test("what the kernel makes up is copied as it is read") {
	m.copy_from_machine("/proc/version", "build/vm-copies/");
	is(host("cat build/vm-copies/version").out, m.read_file("/proc/version"));
	m.copy_from_machine("/sys/kernel/mm", "build/vm-copies/"); /* its files say that they have a page each */
	is(host("cat build/vm-copies/mm/hugepages/*/free_hugepages").out, fmt("%s\n", m.succeed("cat /sys/kernel/mm/hugepages/*/free_hugepages")));
}

test("bytes that are NULs are read and written") {
	size_t n;
	char *got;

	m.write_bytes("/tmp/f", "a\0b\0", 4);
	got = m.read_bytes("/tmp/f", &n);
	is(n, 4);
	is(memcmp(got, "a\0b\0", 4), 0);
}

test("what was there is replaced, a running program, too, and the rest stays") {
	m.succeed("mkdir /d && echo kept >/d/kept && cp /bin/busybox /d/sleep && ln -s /etc/passwd /d/x");
	m.spawn("/d/sleep 1000");
	m.write_file("/tmp/new", "new");
	m.copy_from_machine("/tmp/new", "build/vm-copies/new");
	m.copy_from_host("build/vm-copies/new", "/d/sleep");
	m.copy_from_host("build/vm-copies/new", "/d/x");
	is(m.succeed("cat /d/kept /d/sleep /d/x; test ! -L /d/x && grep -c root /etc/passwd"), "kept\nnewnew1");
}
