needs("sh, memory=1");

test("what is there", .needs = " sh,ls ,  memory=16") {
	note("it ran");
}

test("what is not", .needs = "no-such-command, sh, another.one") {
	ok(0);
}
