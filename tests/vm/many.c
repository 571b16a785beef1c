#!/usr/bin/env vmtap
/* many.c - of so many machines none is kept with its identity: each is told its own whenever it starts */
use("lib/identity.c");

vm_array(node, 7);
vm(web, .image = "build/debian12-web.tar");
vm(db, .image = "build/debian12-web.tar");

test("each has its own names, addresses and random bytes") {
	has_identity(&node[0], "node0", 1);
	has_identity(&node[6], "node6", 7);
	reach_each_other(&node[0], "node0", &node[6], "node6");
	isnt(node[0].succeed("head -c 16 /dev/urandom | od -An -x"),
	     node[6].succeed("head -c 16 /dev/urandom | od -An -x"));
	isnt(node[0].succeed("cat /proc/sys/kernel/random/boot_id"),
	     node[6].succeed("cat /proc/sys/kernel/random/boot_id"));
}

test("two of one image have two machine-ids") {
	has_identity(&web, "web", 8);
	has_identity(&db, "db", 9);
	reach_each_other(&web, "web", &db, "db");
	isnt(machine_id(&web), machine_id(&db));
}
