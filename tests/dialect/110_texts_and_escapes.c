vm(m);
net(lan);

test("x") {
	m.sleep("5");
	lan.delay(10, "5");
	is(m.succeed("echo"), "\u20ac");
	is(m.succeed("echo"), "caf" "\xe9ecole");
}
