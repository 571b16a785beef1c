vm(m);

test("expressions") {
	subtest("bad") { m.wait_for_console_text("a(b"); }
	subtest("bad, of a terminal") { m.wait_until_tty_matches(1, "["); }
	subtest("empty") { m.wait_for_console_text(""); }
	subtest("null") { m.wait_until_tty_matches(1, NULL); }
	subtest("text") { m.send_console(NULL); }
}

test("terminals") {
	subtest("0") { (void)m.tty_text(0); }
	subtest("64") { m.wait_until_tty_matches(64, "x"); }
}

test("what QEMU is told") {
	subtest("nothing") { m.monitor(""); }
	subtest("null") { m.qmp(NULL); }
	subtest("no content") { m.wait_for_qmp_event("STOP", "data"); }
	subtest("no name") { m.wait_for_qmp_event("", "a=b"); }
}
