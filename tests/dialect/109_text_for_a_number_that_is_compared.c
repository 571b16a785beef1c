test("x") {
	double found = 1.5;

	is(found, "1.5");
}
