/* first.c - the least that boots: a kit guest and one command */
vm(m);

test("first") {
	m.succeed("true");
}
