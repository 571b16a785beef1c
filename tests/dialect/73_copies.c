vm(m);

test("arguments of copies") {
	subtest("null") { m.copy_from_host(NULL, "/x"); }
	subtest("empty") { m.copy_from_machine("/x", ""); }
	subtest("no name") { m.copy_from_host("..", "/tmp/"); }
	subtest("no bytes") { m.write_bytes("/x", NULL, 1); }
}
