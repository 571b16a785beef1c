test("x") {
	is(conter, 3);
}
