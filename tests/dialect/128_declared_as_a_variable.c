vm m;

test("x") {
	m.succeed("true");
}
