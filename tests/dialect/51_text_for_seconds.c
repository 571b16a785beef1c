test("within") {
	within("5") {
	}
}
