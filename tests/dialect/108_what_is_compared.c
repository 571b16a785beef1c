test("NULL is a text on either side") {
	char *a = "x", *nothing = NULL;

	is(NULL, nothing);
	isnt(NULL, a);
	is(NULL, a);
}

test("a text that is empty says nothing of a check") {
	ok(0, "");
}

test("a skip without a reason says so") {
	skip("");
}
