static bool holds(void) {
	return true;
}

test("x") {
	always(holds())
		note("y");
}
