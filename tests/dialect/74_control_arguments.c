vm(m);

test("times that are none") {
	subtest("negative") { m.sleep(-1); }
	subtest("too long") { m.sleep(1e9); }
}
