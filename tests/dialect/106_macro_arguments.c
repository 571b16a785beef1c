test("x") {
	is("a");
}
