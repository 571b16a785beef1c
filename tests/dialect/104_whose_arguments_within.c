vm(m);

test("x") {
	ok(contains(fmt("%c", ')'), ""), "x");
	ok(m.write_file(fmt("%c", ')'), trim(m.succeed("a")), strlen("b")));
}
