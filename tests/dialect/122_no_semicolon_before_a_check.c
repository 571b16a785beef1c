test("x") {
	int n = 1
	is(n, 1);
}
