#!/usr/bin/env vmtap
/* templates.c - copies of one booted machine are machines of their own */
use("lib/identity.c");

vm(a, .provision = "echo done >/root/provisioned");
vm(b, .provision = "echo done >/root/provisioned");
vm(cold, .snapshot = 0);

char *random_bytes(struct vm *m)
{
	return m->succeed("head -c 16 /dev/urandom | od -An -x");
}

test("each has its own name, addresses and hosts") {
	start_all();
	has_identity(&a, "a", 1);
	has_identity(&b, "b", 2);
	is(a.succeed("cat /root/provisioned"), "done");
	is(b.succeed("cat /root/provisioned"), "done");
	reach_each_other(&a, "a", &b, "b");
	a.succeed("ping -c 1 -W 10 cold");
}

test("no two have the same random bytes or boot_id") {
	isnt(random_bytes(&a), random_bytes(&b));
	isnt(a.succeed("cat /proc/sys/kernel/random/boot_id"), b.succeed("cat /proc/sys/kernel/random/boot_id"));
}

test("a test leaves nothing to the next: it writes") {
	a.succeed("test ! -e /root/mark && touch /root/mark");
}

test("a test leaves nothing to the next: it looks") {
	a.succeed("test ! -e /root/mark");
}

test("a checkpoint is gone back to as often as one likes") {
	char *before, *first;

	a.write_file("/tmp/x", "one");
	a.save("first");
	before = random_bytes(&a);
	a.write_file("/tmp/x", "two");
	a.restore("first");
	is(a.read_file("/tmp/x"), "one");
	first = random_bytes(&a);
	isnt(first, before);
	a.write_file("/tmp/x", "three");
	a.restore("first");
	is(a.read_file("/tmp/x"), "one");
	isnt(random_bytes(&a), first);
	has_identity(&a, "a", 1);
}

test("who is gone back to is found by who talked to it before") {
	a.start();
	b.start();
	reach_each_other(&a, "a", &b, "b");
	a.save("met");
	a.restore("met");
	like(b.succeed("ip neigh"), "192\\.168\\.1\\.1 dev eth0 lladdr 52:54:00:12:01:01 ");
	reach_each_other(&a, "a", &b, "b");
}
