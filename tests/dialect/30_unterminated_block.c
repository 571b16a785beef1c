test("x") {
	ok(true);
