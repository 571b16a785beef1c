vm(m, .clock = "virtual");

test("times that cannot be slept") {
	subtest("backwards") m.sleep(-1);
	subtest("for ever") m.sleep(1e300);
}
