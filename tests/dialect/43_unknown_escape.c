test("x") {
	like("1", "\d");
}
