test("x", "y") {
	note("z");
}
