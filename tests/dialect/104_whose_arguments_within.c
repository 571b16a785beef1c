vm(m);

test("x") {
	m.write_file(fmt("%c", ')'), trim(m.succeed("a")), strlen("b"));
}
