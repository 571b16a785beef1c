#!/usr/bin/env vmtap
/* templates.c - copies of one booted machine are machines of their own */
vm(a, .provision = "echo done >/root/provisioned");
vm(b, .provision = "echo done >/root/provisioned");
vm(cold, .snapshot = 0);

static void has_identity(struct vm *m, const char *name, int number)
{
	is(m->succeed("hostname"), name);
	like(m->succeed("ip addr show eth0"), fmt("inet 192\\.168\\.1\\.%d/24", number));
	like(m->succeed("ip addr show eth0"), fmt("link/ether 52:54:00:12:01:0%d", number));
	is(m->succeed("cat /root/provisioned"), "done");
}

test("each has its own name, addresses and hosts") {
	start_all();
	has_identity(&a, "a", 1);
	has_identity(&b, "b", 2);
	a.succeed("ping -c 1 -W 10 b");
	b.succeed("ping -c 1 -W 10 a");
	a.succeed("ping -c 1 -W 10 cold");
}

test("no two have the same random bytes or boot_id") {
	isnt(a.succeed("head -c 16 /dev/urandom | od -An -x"), b.succeed("head -c 16 /dev/urandom | od -An -x"));
	isnt(a.succeed("cat /proc/sys/kernel/random/boot_id"), b.succeed("cat /proc/sys/kernel/random/boot_id"));
}

test("a test leaves nothing to the next: it writes") {
	a.succeed("test ! -e /root/mark && touch /root/mark");
}

test("a test leaves nothing to the next: it looks") {
	a.succeed("test ! -e /root/mark");
}

test("a checkpoint is gone back to as often as one likes") {
	a.write_file("/tmp/x", "one");
	a.save("first");
	a.write_file("/tmp/x", "two");
	a.restore("first");
	is(a.read_file("/tmp/x"), "one");
	a.write_file("/tmp/x", "three");
	a.restore("first");
	is(a.read_file("/tmp/x"), "one");
	has_identity(&a, "a", 1);
}
