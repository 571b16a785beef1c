/* nested.c - subtests, good and bad, with names that TAP cannot carry */
test("good") {
	subtest("one") { ok(1, "is true"); }
	subtest("two # SKIP no") { ok(1, "is true"); }
}

test("bad") {
	subtest("good") { ok(1, "is true"); }
	subtest("1..9\nok 1") { is(1, 2); }
	note("not ok 3 - said");
}

test("without") { }
