test("x") {
	vm(m);
	m.succeed("true");
}
