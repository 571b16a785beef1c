test("x") {
	note("y");
}

is(1, 1);
