#!/usr/bin/env vmtap
/* power.c - machines start when they are used, and stop as they are told */
vm(used);
vm_array(node, 2);

test("a machine that is not used is not started") {
	ok(!used.is_up());
	used.succeed("true");
	ok(used.is_up());
	ok(!node[0].is_up());
}

test("shutdown is orderly, and start boots afresh") {
	used.write_file("/root/mark", "here");
	used.shutdown();
	ok(!used.is_up());
	used.shutdown();
	used.start();
	used.fail("test -e /root/mark");
}

test("a power cut, and the others go on") {
	struct vm *other = &node[1];

	start_all();
	node[0].crash();
	ok(!node[0].is_up());
	is(other->succeed("hostname"), "node1");
}

test("the guest's own poweroff and halt do what they say") {
	node[0].succeed("poweroff");
	node[1].succeed("halt");
	while (node[0].is_up() || node[1].is_up())
		;
}
