#!/usr/bin/env vmtap
/* clock.c - what a machine has when a test sees it first */
use("lib/clock.c");

vm(m);
vm(cold, .snapshot = 0);

test("the clock is the host's, after a boot and after a restore") {
	m.start();
	clock_is_right(&m, "from a template", CLOCK_ERROR);
	m.save("then");
	m.succeed("date -s 2001-09-09");
	m.restore("then");
	clock_is_right(&m, "from a checkpoint", CLOCK_ERROR);
	cold.start();
	clock_is_right(&cold, "booted", CLOCK_ERROR);
}

test("the entropy pool is ready") {
	m.succeed("head -c 32 /dev/random | wc -c");
	ok(atoi(m.succeed("cat /proc/sys/kernel/random/entropy_avail")) >= 256);
}
