test("x") {
	if (1 {
	}
}
