use("lib/none.c");

test("x") {
	use("lib/checks.c");
}
