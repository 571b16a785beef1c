test("x") {
	puts("no end);
}
