test("x") { /* what follows
	note("y");
}
