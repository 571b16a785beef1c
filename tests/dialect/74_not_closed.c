test("one") {
	if (1) {
		ok(1);
}

test("two") {
	ok(2);
}
