vm(m);

test("a text for a number, a number for a text") {
	m.succeed(fmt("echo %d", "one"));
	m.succeed(fmt("echo %s %q", "one", 2));
	printf("%.*f\n", "2", 1.5);
	note(fmt("%c %s", "x"[0], 1 ? "y" : "z"));
}
