vm(m);

test("x") {
	note("%s", m.succeed("a, b(c"));
}
