vm(m);

test("x") {
	m.succeed("cat %s", "/etc/passwd");
}
