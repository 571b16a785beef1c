/* right: not ok, the kernel of 'm' panicked; a test whose kernel died after its last command was green in other tools */
vm(m);
vm(n);

test("a kernel that panics between two calls fails the test", .timeout = 400) {
	start_all();
	m.succeed("(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &");
	n.wait_until_fails("ping -c 1 -W 1 m");
}

test("also one of a subtest that is over", .timeout = 400) {
	start_all();
	subtest("m works")
		m.succeed("(sleep 1; echo c >/proc/sysrq-trigger) >/dev/null 2>&1 &");
	subtest("n works")
		n.wait_until_fails("ping -c 1 -W 1 m");
}

test("but not one that the test crashed itself", .timeout = 400) {
	start_all();
	m.crash();
	n.succeed("true");
}
