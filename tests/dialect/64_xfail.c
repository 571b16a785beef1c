test("fails, as is expected", .xfail = "issue 12") {
	is(1, 2);
}

test("fails, as it says itself") {
	ok(0);
	todo("issue 13");
}

test("passes against what is expected", .xfail = "issue 14") {
	ok(1);
}

test("so does this one") {
	todo("issue 15");
}

test("a skip is a skip", .xfail = "issue 16") {
	skip("not here");
}

test("it must say why") {
	todo("");
}
