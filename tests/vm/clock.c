#!/usr/bin/env vmtap
/* clock.c - what a machine has when a test sees it first */
vm(m);

test("the clock is the host's") {
	long here, there = atol(m.succeed("date +%s"));

	here = time(NULL);
	ok(labs(here - there) <= 2, "the guest's clock is right to two seconds");
}

test("the entropy pool is ready") {
	m.succeed("head -c 32 /dev/random | wc -c");
	ok(atoi(m.succeed("cat /proc/sys/kernel/random/entropy_avail")) >= 256);
}
