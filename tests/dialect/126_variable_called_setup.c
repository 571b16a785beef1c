test("x") {
	int setup = 5;

	is(setup, 5);
}
