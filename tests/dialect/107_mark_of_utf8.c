test("x") {
	ok(1);
}
