test("x") {
	ok(1 == 2, "%d is not %d", 1, 2);
}
