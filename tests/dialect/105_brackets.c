vm(m);

test("x") {
	ok(strcmp((m.succeed("a"), "b") == 0);
}

test("y") {
	ok(1);
}
