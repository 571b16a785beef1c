subtest("x") {
	note("y");
}

test("z") {
	note("y");
}
