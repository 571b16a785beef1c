vm(m);

test("x") {
	m->succeed("x");
}
